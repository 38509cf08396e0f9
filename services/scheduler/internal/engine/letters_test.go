package engine_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/services/scheduler/internal/job"
)

// setAside is an executor that cannot read a task's message.
func (w *world) setAside(t contract.Task) string {
	w.Helper()
	data, err := json.Marshal(contract.DeadLetter{Subject: t.Key().Subject(t.Class), Reason: "no json", Service: "netrust/executor", At: time.Now(), Payload: []byte("x")})
	if err == nil {
		_, err = w.conn.Publish(w.Context(), bus.Message{Subject: t.Key().DeadLetterSubject(), Data: data, Type: contract.TypeDeadLetter, ID: "letter"})
	}
	if err != nil {
		w.Fatal(err)
	}
	return t.Key().DeadLetterSubject()
}

// decide asks for what is to become of a letter, and returns the answer.
func (w *world) decide(subject string, action contract.LetterAction) (ev contract.LetterEvent) {
	w.Helper()
	id := contract.LetterID(subject)
	data, err := json.Marshal(contract.LetterCommand{LetterID: id, Subject: subject, Action: action, Principal: "carol", At: time.Now(), Reason: "so decided"})
	if err != nil {
		w.Fatal(err)
	}
	seq, err := w.conn.Publish(w.Context(), bus.Message{Subject: contract.LetterCommandSubject(id), Data: data, Type: contract.TypeLetterCommand, ID: id})
	if err != nil {
		w.Fatal(err)
	}
	w.await("an answer about letter "+id, func() bool {
		ev = contract.LetterEvent{}
		last, err := w.conn.LastFor(w.Context(), contract.StreamDLQ, contract.LetterEventSubject(id))
		return err == nil && json.Unmarshal(last.Data, &ev) == nil && ev.CommandSeq == seq
	})
	if ev.Principal != "carol" || ev.Action != action || ev.LetterID != id || ev.Reason != "so decided" {
		w.Errorf("the answer is %+v", ev)
	}
	return ev
}

// poison sets every release of one device aside until it comes no more, and returns the letter's subject.
func (c *crew) poison(first contract.Task) string {
	c.Helper()
	subject := c.setAside(first)
	for n := 1; n < job.MaxLetters; n++ {
		again := c.next(1)[0]
		if again.DeviceID != first.DeviceID {
			c.Fatalf("%s came, want %s again", again.DeviceID, first.DeviceID)
		}
		c.setAside(again)
	}
	if n := len(c.quiet()); n != len(c.done) {
		c.Fatalf("%d releases; a task that was set aside %d times must wait", n, job.MaxLetters)
	}
	return subject
}

func TestATaskThatCannotBeProcessedWaitsForAPersonAndIsReplayed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.UnclaimedAfter, w.config.HoldAside = 50*time.Millisecond, time.Minute
	w.devices("s1", "", 2)
	w.lead()
	c := w.crew("x", 1, 1)
	w.submit("j", func(s *contract.JobSpec) { s.Limits.Parallel = 1 })
	bad := c.next(1)[0]
	w.setAside(bad)
	other := c.next(1)[0] // what was set aside goes to the end of the queue
	if other.DeviceID == bad.DeviceID {
		t.Fatalf("%s came", other.DeviceID)
	}
	c.finish(other, "")
	w.setAside(c.next(1)[0])
	letter := w.setAside(c.next(1)[0])
	if n := len(c.quiet()); n != len(c.done) {
		t.Fatalf("%d releases; a task that was set aside %d times must wait", n, job.MaxLetters)
	}
	if events := w.told("j"); events[len(events)-1].State.Ended() {
		t.Fatalf("the job did not wait: %s", text(events))
	}
	w.submit("k") // what waits for a person lets go of its device
	if end := c.work("k"); end.State != contract.JobSucceeded {
		t.Fatalf("the other job is %s", text(end))
	}
	if ev := w.decide(letter, contract.LetterReplay); ev.Refused {
		t.Fatalf("refused: %+v", ev)
	}
	if end := c.work("j"); end.State != contract.JobSucceeded {
		t.Errorf("the job is %s", text(end))
	}
	refused := w.decide(letter, contract.LetterReplay)
	if !refused.Refused || len(refused.Problems) != 1 || refused.Problems[0].Field != "job_id" || !strings.Contains(refused.Problems[0].Remedy, "netrust job retry j") {
		t.Errorf("a replay of a letter whose job is gone: %s", text(refused))
	}
}

func TestAJobOfWhichOnlyDeadLettersAreLeftEndsAsFailed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		hold   time.Duration
		decide bool
	}{
		"when its letters are discarded": {time.Hour, true},
		"when nobody decides":            {100 * time.Millisecond, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.config.UnclaimedAfter, w.config.HoldAside = 50*time.Millisecond, c.hold
			w.devices("s1", "", 2)
			w.lead()
			x := w.crew("x", 1, 1)
			w.submit("j", func(s *contract.JobSpec) { s.Limits.Parallel = 1 })
			first := x.next(1)[0]
			x.finish(first, "")
			letter := x.poison(x.next(1)[0])
			if c.decide {
				if events := w.told("j"); events[len(events)-1].State.Ended() {
					t.Fatalf("the job did not wait: %s", text(events))
				}
				if ev := w.decide(letter, contract.LetterDiscard); ev.Refused {
					t.Fatalf("refused: %+v", ev)
				}
			}
			end := w.ended("j")
			if end.State != contract.JobFailed || end.Counts.Failed != 1 || end.Counts.Succeeded != 1 || end.Counts.NotReached != 1 ||
				!strings.Contains(end.Reason, "netrust deadletter list --job j") {
				t.Errorf("the job is %s", text(end))
			}
			data, err := w.conn.GetObject(t.Context(), *end.NotReached, 1<<20)
			if err != nil || !strings.Contains(string(data), contract.LetterID(letter)) {
				t.Errorf("not reached: %s, %v", data, err)
			}
		})
	}
}

func TestANewLeaderKnowsWhatWaitsForAPersonAndAnswersWhatWasAskedMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.UnclaimedAfter, w.config.HoldAside = 50*time.Millisecond, time.Hour
	w.devices("s1", "", 1)
	w.lead()
	c := w.crew("x", 4, 1)
	w.submit("j")
	letter := c.poison(c.next(1)[0])
	_ = w.end()
	w.config.Incarnation = "second"
	w.lead()
	if n := len(w.quiet()); n != len(c.done) {
		t.Fatalf("the new leader releases it again: %d releases", n)
	}
	_ = w.end()
	answered := make(chan contract.LetterEvent)
	go func() { answered <- w.decide(letter, contract.LetterReplay) }()
	w.config.Incarnation = "third"
	w.lead()
	if ev := <-answered; ev.Refused {
		t.Fatalf("refused: %+v", ev)
	}
	if end := c.work("j"); end.State != contract.JobSucceeded {
		t.Errorf("the job is %s", text(end))
	}
}

func TestMessagesThatCannotBeReadAreKeptAsDeadLettersAndTheirJobIsRejected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.lead()
	put := func(job, kind string) uint64 {
		seq, err := w.conn.Publish(t.Context(), bus.Message{Subject: contract.JobCommandSubject(job), Data: []byte("{"), Type: kind, ID: job})
		if err != nil {
			t.Fatal(err)
		}
		return seq
	}
	seqs := map[string]uint64{"torn": put("torn", contract.TypeJobSubmit), "tomorrow": put("tomorrow", "netrust.job.praise.v1")}
	for id, seq := range seqs {
		subject := contract.MessageLetterSubject(id, contract.StreamJobs, fmt.Sprint(seq))
		var letter contract.DeadLetter
		w.await("the letter of "+id, func() bool {
			stored, err := w.conn.LastFor(t.Context(), contract.StreamDLQ, subject)
			return err == nil && json.Unmarshal(stored.Data, &letter) == nil
		})
		if letter.Subject != contract.JobCommandSubject(id) || letter.Seq != seq || letter.Stream != contract.StreamJobs || string(letter.Payload) != "{" {
			t.Errorf("the letter of %s is %+v", id, letter)
		}
		if ev := w.decide(subject, contract.LetterReplay); !ev.Refused || ev.Problems[0].Remedy == "" {
			t.Errorf("its replay: %s", text(ev))
		}
		if ev := w.decide(subject, contract.LetterDiscard); ev.Refused {
			t.Errorf("its discard: %s", text(ev))
		}
	}
	if end := w.ended("torn"); end.State != contract.JobRejected || len(end.Problems) != 1 || end.Problems[0].Remedy == "" {
		t.Errorf("the job is %s", text(end))
	}
	if events := w.told("tomorrow"); len(events) > 0 {
		t.Errorf("the message of tomorrow made a job: %s", text(events))
	}
}
