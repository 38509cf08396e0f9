package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/netrust/netrust/libs/contract"
)

// takeoverLimit is how many attempts beyond the job's own a task gets when its holders die: a task that kills its
// executors must end.
const takeoverLimit = 3

// clockMargin is added to a lost holder's exclusive time: its clock may be a little behind ours.
const clockMargin = 2 * time.Second

// Recover finds out what is true of a task whose holder is gone, and writes it. With the gate open and a task that
// may be repeated it takes the claim over and returns the lease of a new attempt. Otherwise it writes the outcome and
// returns [ErrSettled], or says why there is nothing to do ([ErrFinished], [ErrStale], [ErrHeld], [ErrTooEarly]).
func (h *Holder) Recover(ctx context.Context, t *contract.Task, commands []string, exclusiveUntil time.Time) (*Lease, error) {
	key := t.Key()
	keys := map[string]bool{key.RecordKey(): true, key.DeviceKey(): true, contract.GateKey(key.Job): true}
	now, err := read(ctx, h.conn, keys)
	if err != nil {
		return nil, err
	}
	task := now[key.RecordKey()]
	switch {
	case task.Task == nil:
		return nil, ErrStale
	case task.Task.State == contract.Finished:
		return nil, ErrFinished
	case task.Task.State != contract.Claimed || task.Task.Claim == nil:
		return nil, ErrStale
	}
	// The holder's key is read after the record: a holder seen gone now was not at work when the record was read.
	proof := contract.ExecutorKey(task.Task.Holder)
	holder, err := read(ctx, h.conn, map[string]bool{proof: true})
	if err != nil {
		return nil, err
	}
	if holder[proof].Executor != nil {
		return nil, ErrHeld
	}
	gate := now[contract.GateKey(key.Job)]
	o, err := h.recovery(t, task.Task, gate.Gate != nil && gate.Gate.Open, commands, exclusiveUntil)
	if err != nil {
		return nil, err
	}
	o.taskSeq, o.deviceSeq, o.gateSeq = task.Seq, now.seq(key.DeviceKey()), gate.Seq
	o.sessions = others(now[key.DeviceKey()].Sessions, h.Incarnation())
	o.proof, o.proofSeq = proof, holder.seq(proof)
	lease, err := h.grant(ctx, t, o)
	if err == nil && !o.claims {
		return nil, ErrSettled
	}
	return lease, err
}

// recovery decides what to write for a task whose holder is gone.
func (h *Holder) recovery(t *contract.Task, lost *contract.TaskRecord, open bool, commands []string, until time.Time) (*operation, error) {
	repeatable := lost.Claim.Repeatable
	if !repeatable && time.Now().Before(lost.Claim.ExclusiveUntil.Add(clockMargin)) {
		return nil, ErrTooEarly
	}
	mayRepeat := lost.Attempt < max(t.Retry.Attempts, 1)+takeoverLimit
	if repeatable && open && mayRepeat && !t.Deadline.Before(time.Now()) {
		return h.claim(t, lost.Attempt+1, commands, until)
	}
	record := h.newRecord(t.Key(), contract.Finished, lost.Attempt)
	record.Result = lostResult(lost, open, time.Now().UTC())
	return newOperation(t.Key(), record)
}

// lostResult is the result of a task whose holder died with it and that is not run again.
func lostResult(lost *contract.TaskRecord, open bool, now time.Time) *contract.Result {
	r := &contract.Result{StartedAt: lost.Claim.ClaimedAt, FinishedAt: now, DurationMS: now.Sub(lost.Claim.ClaimedAt).Milliseconds()}
	holder := fmt.Sprintf("the executor %s died with the task in hand", lost.Holder)
	switch {
	case !lost.Claim.Repeatable:
		r.State = contract.TaskUncertain
		r.Error = &contract.TaskError{
			Kind: contract.KindHolderLost, Effect: contract.EffectPossible,
			Message: holder + "; whether the device got the commands is not known",
			Remedy:  "look at the device before you run the job on it again",
		}
	case !open:
		r.State = contract.TaskCancelled
		r.Error = &contract.TaskError{
			Kind: contract.KindCancelled, Effect: contract.EffectNone, Message: holder + " and the job was stopped",
		}
	default:
		r.State = contract.TaskFailed
		r.Error = &contract.TaskError{
			Kind: contract.KindHolderLost, Effect: contract.EffectNone, Message: holder + ", as did those before it",
			Remedy: "look at the executors' logs: this task may be what stops them",
		}
	}
	return r
}
