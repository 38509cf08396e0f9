package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/kvstore"
	"github.com/netrust/netrust/libs/ledger"
)

// step takes a planned or running job one step further, if it is due.
func (e *Engine) step(ctx context.Context, a *active, now time.Time) {
	if a.busy {
		return
	}
	switch {
	case a.State == contract.JobSubmitted && a.unread != nil:
		p := &planned{problems: []contract.Problem{*a.unread}}
		e.effect(ctx, a, "rejecting", func(ctx context.Context) error { return e.reject(ctx, a, p) }, func() { e.forget(a, time.Now()) })
	case a.State == contract.JobSubmitted && a.cancel != nil:
		e.end(ctx, a) // it may have to wait long for room
	case a.State == contract.JobPlanned && (a.Spec.DryRun || a.cancel != nil || a.Lost()):
		e.end(ctx, a)
	case a.State == contract.JobPlanned:
		e.start(ctx, a)
	case a.State != contract.JobRunning:
	case a.Done():
		e.end(ctx, a)
	case a.Stopping != nil:
		e.shut(ctx, a)
	default:
		if why := e.mustStop(a, now); why != nil {
			e.stop(ctx, a, why)
		} else if next := a.Due(now); next != nil {
			e.turnWave(ctx, a, next)
		}
	}
}

// mustStop returns why a running job must start no more tasks, or nil.
func (e *Engine) mustStop(a *active, now time.Time) *contract.Stopping {
	switch {
	case a.cancel != nil:
		return cancelled(a.cancel)
	case now.After(a.Deadline):
		return &contract.Stopping{Kind: contract.KindDeadline, Reason: "the job's deadline has passed"}
	}
	if why := e.asideStop(a, now); why != nil {
		return why
	}
	if why := a.Breaker(); why != nil {
		return why
	}
	return a.Threshold()
}

func cancelled(c *contract.JobCancel) *contract.Stopping {
	reason := "cancelled by " + c.Principal
	if c.Reason != "" {
		reason += ": " + c.Reason
	}
	return &contract.Stopping{Kind: contract.KindCancelled, Reason: reason, By: c.Principal}
}

// start opens the gate and states that the job runs.
func (e *Engine) start(ctx context.Context, a *active) {
	var gate, seq uint64
	now := time.Now().UTC()
	first := a.Due(now)
	e.effect(ctx, a, "starting", func(ctx context.Context) (err error) {
		if gate, err = ledger.OpenGate(ctx, e.conn, a.ID, now); err != nil {
			if errors.Is(err, ledger.ErrGateClosed) {
				return fmt.Errorf("%w (%w)", ErrDeposed, err)
			}
			return err
		}
		seq, err = e.emit(ctx, a.ID, a.EventSeq, "running", contract.JobEvent{State: contract.JobRunning, At: now, Wave: first})
		return err
	}, func() {
		a.GateSeq, a.EventSeq, a.State = max(gate, a.GateSeq), seq, contract.JobRunning
		if first != nil {
			a.Enter(first)
		}
		a.enter()
		a.log.Info().Int("tasks", len(a.Tasks)).Msg("job runs")
	})
}

// turnWave states that a wave has ended, or that the next has begun, and lets its tasks go. The event comes first: another
// leader goes on from it.
func (e *Engine) turnWave(ctx context.Context, a *active, p *contract.WaveProgress) {
	var seq uint64
	e.effect(ctx, a, "turning a wave of", func(ctx context.Context) (err error) {
		name := fmt.Sprintf("wave-%d-%s", p.Number, p.State)
		seq, err = e.emit(ctx, a.ID, a.EventSeq, name, contract.JobEvent{State: contract.JobRunning, At: time.Now().UTC(), Wave: p})
		return err
	}, func() {
		a.EventSeq = seq
		a.Enter(p)
		a.enter()
		a.log.Info().Int("wave", p.Number).Int("of", p.Of).Str("state", string(p.State)).Int("failed", p.Failed).Msg("wave of a job")
	})
}

// stop states that the job starts no more tasks; the gate is closed after that.
func (e *Engine) stop(ctx context.Context, a *active, why *contract.Stopping) {
	var seq uint64
	e.effect(ctx, a, "stopping", func(ctx context.Context) (err error) {
		seq, err = e.emit(ctx, a.ID, a.EventSeq, "stopping", contract.JobEvent{
			State: contract.JobRunning, At: time.Now().UTC(), Reason: why.Reason, Stopping: why,
		})
		return err
	}, func() {
		a.EventSeq, a.Stopping = seq, why
		a.log.Info().Str("reason", why.Reason).Msg("job is stopped")
	})
}

// shut closes a stopped job's gate, once, and removes what is in the task stream.
func (e *Engine) shut(ctx context.Context, a *active) {
	if a.stopSent || a.GateClosed {
		return
	}
	e.effect(ctx, a, "closing the gate of", func(ctx context.Context) error {
		if err := ledger.CloseGate(ctx, e.conn, a.ID, a.Stopping.Reason, a.GateSeq, time.Now().UTC()); err != nil {
			return err
		}
		return e.purgeTasks(ctx, a)
	}, func() { a.stopSent = true })
}

// purgeTasks removes what is left of the job in the task stream. A server that has lost the stream has nothing left.
func (e *Engine) purgeTasks(ctx context.Context, a *active) error {
	err := e.conn.PurgeSubject(ctx, contract.StreamTasks, contract.TasksOfJob(a.ID))
	if errors.Is(err, bus.ErrNotFound) {
		return nil
	}
	return err
}

// end closes what is open, keeps the summary, and states the job's last state. Each part can be done twice.
func (e *Engine) end(ctx context.Context, a *active) {
	now := time.Now().UTC()
	if a.Stopping == nil && a.cancel != nil {
		a.Stopping = cancelled(a.cancel)
	}
	e.closeTasks(a)
	counts := a.Counts()
	final := contract.JobEvent{State: a.Final(counts), At: now, Counts: &counts}
	if a.Stopping != nil && final.State != contract.JobSucceeded {
		final.Reason, final.Stopping = a.Stopping.Reason, a.Stopping
	}
	missed := a.NotReached()
	e.effect(ctx, a, "ending", func(ctx context.Context) error {
		// At once, for each may wait behind the batches of a large job; the event is last, and true when it is seen.
		var before errgroup.Group
		if !a.Spec.DryRun {
			before.Go(func() error {
				return ledger.CloseGate(ctx, e.conn, a.ID, "the job has ended", a.GateSeq, now)
			})
			before.Go(func() error { return e.purgeTasks(ctx, a) })
		}
		before.Go(func() error {
			if len(missed.Devices) > 0 && final.NotReached == nil {
				ref, err := e.putJSON(ctx, missed)
				if err != nil {
					return err
				}
				final.NotReached = &ref
			}
			return e.keepSummary(ctx, a, final)
		})
		if err := before.Wait(); err != nil {
			return err
		}
		_, err := e.emit(ctx, a.ID, a.EventSeq, "ended", final)
		return err
	}, func() {
		e.forget(a, now)
		e.ended(ctx, a, final.State, &counts)
		a.log.Info().Str("state", string(final.State)).Interface("counts", counts).Msg("job has ended")
	})
}

// closeTasks gives every task that has not ended its outcome, and lets go of the devices.
func (e *Engine) closeTasks(a *active) {
	if a.Spec.DryRun {
		a.Skipped += len(a.Tasks)
		e.tasks -= len(a.Tasks)
		a.Tasks = nil
		return
	}
	a.Close(func(site string) bool { return e.fleet.capacity(a.Class(), site) == 0 })
	for _, l := range e.leases {
		if l.out != nil && l.out.job == a {
			l.out = nil
			e.wake(l)
		}
	}
	for domain := range e.waiters { // what the job had is free
		e.freeOthers(domain)
	}
}

// forget drops a job that has ended.
func (e *Engine) forget(a *active, ended time.Time) {
	if e.jobs[a.ID] != a {
		return
	}
	e.tasks -= len(a.Tasks)
	delete(e.jobs, a.ID)
	for id, ref := range e.letters.tasks {
		if ref.job == a {
			delete(e.letters.tasks, id)
		}
	}
	e.kept.ended(a.ID, ended)
}

// emit publishes a job's event after the one with sequence last. [ErrDeposed] means that another scheduler has written one.
func (e *Engine) emit(ctx context.Context, job string, last uint64, name string, ev contract.JobEvent) (uint64, error) {
	ev.JobID = job
	data, err := json.Marshal(ev)
	if err != nil {
		return 0, err
	}
	id := "job/" + job + "/" + name + "/" + e.term
	seq, err := e.conn.Publish(ctx, bus.Message{
		Subject: contract.JobEventSubject(job), Data: data, Type: contract.TypeJobEvent, ID: id, Dedup: true, Expect: &last,
	})
	if !errors.Is(err, bus.ErrConflict) {
		return seq, err
	}
	stored, readErr := e.conn.LastFor(ctx, contract.StreamJobs, contract.JobEventSubject(job))
	switch {
	case readErr != nil:
		return 0, readErr
	case stored.HeaderValue(contract.HeaderID) == id:
		return stored.Seq, nil // it was written after all
	default:
		return 0, fmt.Errorf("%w: %w", ErrDeposed, err)
	}
}

func (e *Engine) putJSON(ctx context.Context, v any) (contract.ObjectRef, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return contract.ObjectRef{}, err
	}
	return e.conn.PutObject(ctx, contract.ObjectsResults, data)
}

// keepSummary writes the job's line that outlives its ledger records.
func (e *Engine) keepSummary(ctx context.Context, a *active, final contract.JobEvent) error {
	summaries := kvstore.Open[contract.JobSummary](e.conn, contract.BucketJobs)
	s := contract.JobSummary{
		JobID: a.ID, Principal: a.Principal, State: final.State, Spec: a.Spec, Submitted: a.Submitted, Ended: final.At,
		Reason: final.Reason, Manifest: a.Manifest, NotReached: final.NotReached,
	}
	if final.Counts != nil {
		s.Counts = *final.Counts
	}
	key := contract.JobSummaryKey(a.ID)
	_, err := e.writeSummary(ctx, a, summaries, key, s, 0)
	if !errors.Is(err, bus.ErrConflict) {
		return err
	}
	// There is one already: a leader was interrupted behind this step.
	entry, err := summaries.Get(ctx, key)
	if err != nil && !errors.Is(err, bus.ErrNotFound) {
		return err
	}
	_, err = e.writeSummary(ctx, a, summaries, key, s, entry.Revision)
	return err
}

// writeSummary writes the summary after a look at the job's events. It carries no expectation on them: a leader that was
// paused here must not overwrite its successor's.
func (e *Engine) writeSummary(
	ctx context.Context, a *active, summaries *kvstore.Bucket[contract.JobSummary], key string, s contract.JobSummary, revision uint64,
) (uint64, error) {
	last, err := e.conn.LastFor(ctx, contract.StreamJobs, contract.JobEventSubject(a.ID))
	switch {
	case err != nil && !errors.Is(err, bus.ErrNotFound):
		return 0, err
	case last.Seq > a.EventSeq && !strings.HasSuffix(last.HeaderValue(contract.HeaderID), "/"+e.term):
		return 0, fmt.Errorf("keeping the summary of job %s: %w", a.ID, ErrDeposed)
	}
	return summaries.Update(ctx, key, s, revision, 0)
}
