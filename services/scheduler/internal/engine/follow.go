package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/jobspec"
	"github.com/netrust/netrust/libs/kvstore"
	"github.com/netrust/netrust/libs/ledger"
	"github.com/netrust/netrust/services/scheduler/internal/job"
)

// follow replays inventory, jobs and ledger in this order (a ledger record means something only when its job's tasks are
// known), closes ready, and goes on following all three.
func (e *Engine) follow(ctx context.Context, g *errgroup.Group, ready chan<- struct{}) error {
	devices := kvstore.Open[contract.Device](e.conn, contract.BucketInventory)
	err := e.caughtUp(ctx, g, func(caughtUp func()) error {
		return devices.Watch(ctx, ">", caughtUp, e.onDevice)
	})
	if err != nil {
		return err
	}
	err = e.caughtUp(ctx, g, func(caughtUp func()) error {
		return e.conn.Follow(ctx, bus.FollowConfig{Stream: contract.StreamJobs, CaughtUp: caughtUp}, func(s bus.Stored) error {
			return e.post(ctx, func() { e.onJobMessage(s) })
		})
	})
	if err != nil {
		return err
	}
	if err := e.inLoop(ctx, func() { e.read = true }); err != nil {
		return err
	}
	if err := e.loadManifests(ctx); err != nil {
		return err
	}
	err = e.caughtUp(ctx, g, func(caughtUp func()) error {
		return e.conn.Follow(ctx, bus.FollowConfig{Stream: contract.StreamDLQ, CaughtUp: caughtUp}, func(s bus.Stored) error {
			return e.post(ctx, func() { e.onDeadLetter(s) })
		})
	})
	if err != nil {
		return err
	}
	err = e.caughtUp(ctx, g, func(caughtUp func()) error {
		return e.conn.Follow(ctx, bus.FollowConfig{Stream: ledger.Stream, LastPerSubject: true, CaughtUp: caughtUp}, func(s bus.Stored) error {
			entry, err := ledger.Decode(s)
			if err != nil {
				return e.post(ctx, func() { e.leaveOut(unread{ledger.Stream, jobOf(s.Subject), err.Error(), s}) })
			}
			return e.post(ctx, func() { e.onLedger(entry) })
		})
	})
	if err != nil {
		return err
	}
	close(ready)
	<-ctx.Done()
	return ctx.Err()
}

// caughtUp starts a follower and waits until the loop has taken in all that it found.
func (e *Engine) caughtUp(ctx context.Context, g *errgroup.Group, follow func(caughtUp func()) error) error {
	done := make(chan struct{})
	g.Go(func() error { return follow(func() { close(done) }) })
	select {
	case <-done:
	case <-ctx.Done():
		return ctx.Err()
	}
	return e.inLoop(ctx, func() {})
}

// inLoop runs f in the loop and waits for it.
func (e *Engine) inLoop(ctx context.Context, f func()) error {
	done := make(chan struct{})
	if err := e.post(ctx, func() { f(); close(done) }); err != nil {
		return err
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *Engine) onDevice(entry kvstore.Entry[contract.Device]) error {
	if entry.Deleted {
		id, _ := contract.ParseInventoryKey(entry.Key) // of another kind of key: no device has the id "", and the revision counts
		e.devices.Delete(id, entry.Revision)
		return nil
	}
	device := entry.Value
	e.devices.Put(&device, entry.Revision)
	return nil
}

// onJobMessage applies a command or an event. What this engine wrote itself comes back here too, and is no news.
func (e *Engine) onJobMessage(s bus.Stored) {
	id, _, err := contract.ParseJobSubject(s.Subject)
	if err == nil {
		switch s.HeaderValue(contract.HeaderType) {
		case contract.TypeJobSubmit:
			err = e.onSubmit(id, s)
		case contract.TypeJobCancel:
			err = e.onCancel(id, s)
		case contract.TypeJobEvent:
			err = e.onEvent(id, s)
		default:
			err = fmt.Errorf("unknown message type %q", s.HeaderValue(contract.HeaderType))
		}
	}
	if err == nil {
		return
	}
	e.leaveOut(unread{contract.StreamJobs, id, err.Error(), s})
	if s.HeaderValue(contract.HeaderType) == contract.TypeJobSubmit && id != "" {
		e.rejectUnread(id, s, err)
	}
}

// jobOf is the job that a ledger entry is about, as far as its subject says.
func jobOf(subject string) string {
	key, err := contract.ParseExecKey(strings.TrimPrefix(subject, ledger.Subject("")))
	if err != nil || key.Task == nil {
		return key.Gate
	}
	return key.Task.Job
}

func (e *Engine) onSubmit(id string, s bus.Stored) error {
	var m contract.JobSubmit
	if err := json.Unmarshal(s.Data, &m); err != nil {
		return err
	}
	if e.jobs[id] != nil {
		return fmt.Errorf("job %s was submitted before", id)
	}
	a := &active{Job: &job.Job{
		ID: id, Principal: m.Principal, Spec: jobspec.WithDefaults(m.Spec), Submitted: m.At, Order: s.Seq, State: contract.JobSubmitted,
		Accounts: e.accounts, FleetPerDomain: e.cfg.MaxPerDomain,
	}}
	a.trace = newTrace(s.HeaderValue(contract.HeaderTraceparent), e.cfg.TraceTasks)
	a.log = e.logOf(id, a.trace.parent)
	e.jobs[id] = a
	e.waiting = append(e.waiting, a)
	return nil
}

func (e *Engine) onCancel(id string, s bus.Stored) error {
	var m contract.JobCancel
	if err := json.Unmarshal(s.Data, &m); err != nil {
		return err
	}
	if a := e.jobs[id]; a != nil && a.cancel == nil {
		a.cancel = &m
	}
	return nil
}

func (e *Engine) onEvent(id string, s bus.Stored) error {
	a := e.jobs[id]
	if a == nil || a.busy || s.Seq <= a.EventSeq {
		// While an effect is under way, its end applies what it wrote; what another has written it is told as a conflict.
		return nil
	}
	if e.read {
		// What this engine writes is known before it comes back. To apply another's event here would make a job run that
		// has no tasks in this memory, and end it at once.
		e.deposed = true
		e.fail(fmt.Errorf("event %d of job %s: %w", s.Seq, id, ErrDeposed))
		return nil
	}
	var m contract.JobEvent
	if err := json.Unmarshal(s.Data, &m); err != nil {
		return err
	}
	a.EventSeq = s.Seq
	if m.State.Ended() {
		e.forget(a, m.At)
		return nil
	}
	a.State = m.State
	if m.Manifest != nil {
		a.Manifest, a.Deadline, a.Targets = m.Manifest, m.Deadline, m.Targets
	}
	if m.Waves != nil {
		a.Waves = m.Waves
	}
	if m.Wave != nil {
		a.Enter(m.Wave)
	}
	if m.Stopping != nil {
		a.Stopping = m.Stopping
	}
	return nil
}
