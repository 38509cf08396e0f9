package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/netrust/netrust/libs/contract"
)

// Lease is a granted claim: the right to work on one task's device. Its methods are not safe for concurrent use, but for
// [Lease.Check].
type Lease struct {
	holder             *Holder
	class              contract.Class
	key                contract.TaskKey
	record             contract.TaskRecord
	taskSeq, deviceSeq uint64
	sessions           []string
}

// Attempt is the attempt's number, from 1.
func (l *Lease) Attempt() int { return l.record.Attempt }

// FencingToken rises with every lease of the device.
func (l *Lease) FencingToken() uint64 { return l.deviceSeq }

// ExclusiveUntil is when the attempt must have stopped touching the device.
func (l *Lease) ExclusiveUntil() time.Time { return l.record.Claim.ExclusiveUntil }

// Sessions are the executors besides the holder that may keep an open session on the device, the oldest first.
func (l *Lease) Sessions() []string { return l.sessions }

// Leave says which executors may keep an open session on the device when it is released. Not called, it is those that
// [Lease.Sessions] gives.
func (l *Lease) Leave(sessions []string) { l.sessions = sessions }

// Check is asked before each effect, which takes at most need. It returns an [*ExpiredError] when the effect could end
// after the claim: past the exclusive time, or, for a task that others may repeat at once, when the holder may be taken for
// dead. now is the wall clock.
func (l *Lease) Check(now time.Time, need time.Duration) error {
	// By the wall clock: the monotonic one stands still while a machine sleeps.
	now = now.Round(0)
	if end := now.Add(need); end.After(l.ExclusiveUntil().Round(0)) {
		return &ExpiredError{Until: l.ExclusiveUntil(), Why: fmt.Sprintf("the next step may take %s more", need)}
	}
	if alive := l.holder.aliveUntil(); l.record.Claim.Repeatable && now.After(alive) {
		return &ExpiredError{Until: alive, Why: "no sign of life could be written since", Silent: true}
	}
	return nil
}

// Finish writes the task's result and releases the device. It goes on trying until ctx ends. [ErrLost] means that the claim is
// no longer ours, and that another's record is the truth.
func (l *Lease) Finish(ctx context.Context, r contract.Result) error {
	record := l.next(contract.Finished)
	record.Result = &r
	return l.write(ctx, record)
}

// Delay releases the device and asks for the task to be released again. started says whether the attempt counts: it does
// not when nothing was sent to the device at all.
func (l *Lease) Delay(ctx context.Context, d contract.Delay, started bool) error {
	record := l.next(contract.Retry)
	if !started {
		record.Attempt--
	}
	record.Retry = &d
	return l.write(ctx, record)
}

func (l *Lease) next(s contract.RecordState) contract.TaskRecord {
	record := l.record
	record.State, record.Claim = s, nil
	return record
}

func (l *Lease) write(ctx context.Context, record contract.TaskRecord) error {
	o, err := newOperation(l.key, record)
	if err != nil {
		return err
	}
	o.taskSeq, o.deviceSeq, o.sessions = l.taskSeq, l.deviceSeq, l.sessions
	_, err = l.holder.writers[l.class].do(ctx, o)
	if errors.Is(err, ErrDeviceBusy) {
		err = ErrLost
	}
	if err != nil {
		return fmt.Errorf("recording task %s as %s: %w", l.key.ID(), record.State, err)
	}
	return nil
}
