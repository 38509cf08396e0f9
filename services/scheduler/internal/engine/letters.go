package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/services/scheduler/internal/job"
)

// letterDesk is what the engine knows of dead letters: which tasks of jobs in memory they are of, and what people asked.
type letterDesk struct {
	tasks    map[string]taskRef // by letter id
	asked    []letterAsk        // in the order of the log
	answered uint64             // the newest command that has its event: they are answered in order
	busy     bool
}

// letterAsk is a command that waits for its answer.
type letterAsk struct {
	seq uint64
	contract.LetterCommand
}

func newLetterDesk() letterDesk {
	return letterDesk{tasks: map[string]taskRef{}}
}

// onDeadLetter applies a message of stream DLQ: a letter, a command about one, or the event that answers it.
func (e *Engine) onDeadLetter(s bus.Stored) {
	var err error
	switch s.HeaderValue(contract.HeaderType) {
	case contract.TypeDeadLetter:
		e.onLetter(s)
	case contract.TypeLetterCommand:
		ask := letterAsk{seq: s.Seq}
		if err = json.Unmarshal(s.Data, &ask.LetterCommand); err == nil {
			e.letters.asked = append(e.letters.asked, ask)
		}
	case contract.TypeLetterEvent:
		var ev contract.LetterEvent
		if err = json.Unmarshal(s.Data, &ev); err == nil {
			e.onLetterEvent(&ev)
		}
	default:
		err = fmt.Errorf("unknown message type %q", s.HeaderValue(contract.HeaderType))
	}
	if err != nil {
		e.log.Error().Err(err).Str("subject", s.Subject).Uint64("seq", s.Seq).Msg("a message about a dead letter cannot be read; it is left out")
	}
}

// onLetter notes that a task's message was set aside. The task is released again as any that nobody claimed, but not
// for ever: then it waits for a person, and lets go of its device.
func (e *Engine) onLetter(s bus.Stored) {
	key, err := contract.ParseDeadLetterSubject(s.Subject)
	if err != nil {
		return
	}
	a := e.jobs[key.Job]
	if a == nil {
		return
	}
	i := a.Find(key.Device)
	if i < 0 || a.Key(i).Phase != key.Phase {
		return
	}
	ref := taskRef{a, i}
	e.letters.tasks[contract.LetterID(s.Subject)] = ref
	if !a.SetAside(i) {
		return
	}
	a.asideSince = time.Now()
	l := e.device(deviceKey{a.site(i), key.Device})
	if l.out != nil && *l.out == ref && !l.held {
		l.out = nil
	}
	e.free(a, i)
	e.wake(l)
	e.log.Error().Str("job_id", a.ID).Str("device_id", key.Device).Str("letter_id", contract.LetterID(s.Subject)).
		Msg("a task's messages cannot be processed; it waits until somebody replays or discards its dead letter")
}

// onLetterEvent applies what was decided. It is the only way a decision takes effect, now as after a restart.
func (e *Engine) onLetterEvent(ev *contract.LetterEvent) {
	e.letters.answered = max(e.letters.answered, ev.CommandSeq)
	ref, ok := e.letters.tasks[ev.LetterID]
	if !ok || ev.Refused || e.jobs[ref.job.ID] != ref.job || ref.task >= len(ref.job.Tasks) {
		return
	}
	switch ev.Action {
	case contract.LetterReplay:
		if ref.job.Replay(ref.task) && e.started {
			ref.job.queue(ref.job.site(ref.task)).pushFront(ref.task)
		}
	case contract.LetterDiscard:
		ref.job.Discard(ref.task)
	}
}

// answerLetters takes up the next command about a dead letter, one at a time.
func (e *Engine) answerLetters(ctx context.Context) {
	d := &e.letters
	for len(d.asked) > 0 && d.asked[0].seq <= d.answered {
		d.asked = d.asked[1:]
	}
	if d.busy || len(d.asked) == 0 {
		return
	}
	ask := d.asked[0]
	ev := contract.LetterEvent{
		LetterID: ask.LetterID, CommandSeq: ask.seq, Action: ask.Action, Principal: ask.Principal, At: time.Now().UTC(), Reason: ask.Reason,
	}
	if p := e.judgeLetter(&ask); p != nil {
		ev.Refused, ev.Problems = true, []contract.Problem{*p}
	}
	d.busy = true
	e.effects.Go(func() {
		e.persist(ctx, "answering a command about a dead letter", func(ctx context.Context) error { return e.answerLetter(ctx, ev) })
		_ = e.post(ctx, func() { // refused only when the term ends
			d.busy, d.answered = false, max(d.answered, ask.seq)
			e.log.Info().Str("letter_id", ev.LetterID).Str("action", string(ev.Action)).Bool("refused", ev.Refused).
				Str("principal", ev.Principal).Msg("a dead letter was decided upon")
		})
	})
}

// judgeLetter says why what was asked cannot be done, or nil.
func (e *Engine) judgeLetter(ask *letterAsk) *contract.Problem {
	key, err := contract.ParseDeadLetterSubject(ask.Subject)
	switch {
	case err != nil || contract.LetterID(ask.Subject) != ask.LetterID:
		return &contract.Problem{Field: "letter_id", Message: "no dead letter has this id", Remedy: "netrust deadletter list shows them"}
	case ask.Action == contract.LetterDiscard:
		return nil
	case ask.Action != contract.LetterReplay:
		return &contract.Problem{Field: "action", Message: fmt.Sprintf("%q cannot be done with a dead letter", ask.Action), Remedy: "replay or discard it"}
	}
	a := e.jobs[key.Job]
	if a == nil {
		return contract.LetterJobGone(key.Job)
	}
	i := a.Find(key.Device)
	switch {
	case a.State != contract.JobRunning || a.Stopping != nil || a.GateClosed:
		return &contract.Problem{Field: "job_id", Message: "job " + a.ID + " starts no more tasks",
			Remedy: "run its devices again when it has ended (netrust job retry " + a.ID + "), and discard the letter"}
	case i < 0 || a.Key(i).Phase != key.Phase:
		return &contract.Problem{Field: "letter_id", Message: "it is of no task that could be released again",
			Remedy: "ask for the same again (submit or cancel the job), and discard the letter"}
	case a.Tasks[i].Phase == job.Claimed, a.Tasks[i].Phase == job.Ended:
		return &contract.Problem{Field: "letter_id", Message: "its task has gone on meanwhile", Remedy: "see netrust job tasks " + a.ID + ", and discard the letter"}
	}
	return nil
}

// answerLetter publishes the event, unless it is there already. Its effect comes with its return ([Engine.onLetterEvent]).
func (e *Engine) answerLetter(ctx context.Context, ev contract.LetterEvent) error {
	subject := contract.LetterEventSubject(ev.LetterID)
	last, err := e.conn.LastFor(ctx, contract.StreamDLQ, subject)
	if err != nil && !errors.Is(err, bus.ErrNotFound) {
		return err
	}
	var before contract.LetterEvent
	if err == nil && json.Unmarshal(last.Data, &before) == nil && before.CommandSeq >= ev.CommandSeq {
		return nil // another leader has answered it
	}
	data, err := json.Marshal(ev)
	if err != nil {
		return err
	}
	_, err = e.conn.Publish(ctx, bus.Message{
		Subject: subject, Data: data, Type: contract.TypeLetterEvent, ID: "letter-" + ev.LetterID + "/" + strconv.FormatUint(ev.CommandSeq, 10), Expect: &last.Seq,
	})
	return err // a conflict is looked at again
}

// persist does it until it succeeds or ctx ends.
func (e *Engine) persist(ctx context.Context, what string, do func(context.Context) error) {
	for wait := 50 * time.Millisecond; ctx.Err() == nil; wait = min(2*wait, 2*time.Second) {
		err := do(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		e.log.Warn().Err(err).Str("step", what).Msg("a step failed; trying again")
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// asideStop says why a job ends of which nothing is left but tasks that wait for a person, or nil.
func (e *Engine) asideStop(a *active, now time.Time) *contract.Stopping {
	only, givenUp := a.OnlyAside()
	if !only || !givenUp && now.Sub(a.asideSince) < e.cfg.HoldAside {
		return nil
	}
	return &contract.Stopping{
		Kind:   contract.KindInternal,
		Reason: fmt.Sprintf("%d tasks could not be processed: see netrust deadletter list --job %s", a.Aside(), a.ID),
	}
}

// unread is a stored message that this scheduler cannot read.
type unread struct {
	stream, job, reason string
	message             bus.Stored
}

// maxUnread bounds the messages that wait to be kept as dead letters; what is more is in the log alone.
const maxUnread = 1000

// leaveOut keeps a message that cannot be read as a dead letter, and goes on without it.
func (e *Engine) leaveOut(u unread) {
	e.log.Error().Str("subject", u.message.Subject).Uint64("seq", u.message.Seq).Str("reason", u.reason).Msg("a message cannot be read; it is left out")
	if len(e.unread) < maxUnread {
		e.unread = append(e.unread, u)
	}
}

// keepUnread stores them, one after the other.
func (e *Engine) keepUnread(ctx context.Context) {
	if e.keeping || len(e.unread) == 0 {
		return
	}
	e.keeping = true
	u := e.unread[0]
	e.unread = e.unread[1:]
	e.effects.Go(func() {
		e.persist(ctx, "keeping a dead letter", func(ctx context.Context) error {
			return e.conn.SetAside(ctx, u.stream, u.job, u.message, u.reason)
		})
		_ = e.post(ctx, func() { e.keeping = false }) // refused only when the term ends
	})
}

// rejectUnread makes a job of a submission that cannot be read, so that it is rejected: whoever sent it waits for a verdict.
func (e *Engine) rejectUnread(id string, s bus.Stored, reason error) {
	if e.jobs[id] != nil {
		return
	}
	a := &active{
		Job: &job.Job{ID: id, Principal: "unknown", Submitted: s.Time, Order: s.Seq, State: contract.JobSubmitted, Spec: contract.JobSpec{Kind: contract.JobKindCommand, Commands: []string{}}},
		unread: &contract.Problem{
			Field: "body", Message: "the scheduler cannot read the submission: " + reason.Error(),
			Remedy: "see netrust deadletter list --job " + id + "; submit it again when gateway and scheduler are of one version",
		},
	}
	e.jobs[id] = a
}
