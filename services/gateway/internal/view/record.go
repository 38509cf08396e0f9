package view

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
)

// LedgerStream is the stream whose records [Record] folds.
var LedgerStream = bus.KVStream(contract.BucketExec)

// maxSummary bounds the line of the answer that a row shows.
const maxSummary = 200

// Record is one ledger record, from sequence Seq of [LedgerStream].
type Record struct {
	Seq uint64
	contract.TaskRecord
	// claim is the one that this record ends, where both are applied together.
	claim *contract.Claim
}

func (r Record) position() (string, uint64) { return LedgerStream, r.Seq }

// Passed moves a stream's cursor past a message that says nothing to the view (a marker, another version's message).
type Passed struct {
	Stream string
	Seq    uint64
}

func (p Passed) apply(*batch) error         { return nil }
func (p Passed) position() (string, uint64) { return p.Stream, p.Seq }

// taskRow is what a record makes of a task's row.
type taskRow struct {
	platform     string
	state        contract.TaskState
	notReached   bool
	kind         contract.ErrorKind
	err          *contract.TaskError
	waiting      string
	startedAt    time.Time
	keepStart    bool // the result names no start: the claim's stands
	finishedAt   time.Time
	durationMS   int64
	summary      string
	outputBytes  int64
	outputObject *storedObject
}

// storedObject is the reference to a task's outputs as a row keeps it.
type storedObject struct {
	contract.ObjectRef
	Truncated bool `json:"truncated,omitempty"`
	// Raw refers to the raw outputs; without others of its kind the rest is empty.
	Raw *contract.ObjectRef `json:"raw,omitempty"`
}

func (r Record) apply(b *batch) error {
	row, err := r.row()
	if err != nil {
		return err
	}
	var was contract.TaskState
	var wasNotReached bool
	err = b.row(b.stmts.putTask, r.JobID, r.DeviceID, r.Seq, row.platform, r.Site, row.state, r.Attempt, row.notReached, row.kind,
		jsonOrNull(row.err), row.waiting, row.started(), unix(row.finishedAt), row.durationMS, row.summary, row.outputBytes,
		jsonOrNull(row.outputObject)).Scan(&was, &wasNotReached)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil // the row shows this record, or a later one
	case err != nil:
		return fmt.Errorf("writing the task of %s: %w", r.DeviceID, err)
	case was != "":
		b.count(r.JobID, was, wasNotReached, -1)
	}
	b.count(r.JobID, row.state, row.notReached, 1)
	b.jobs[r.JobID] = struct{}{}
	if r.Result == nil || len(r.Result.Outputs) == 0 {
		return nil
	}
	data, err := b.packer.pack(r.Result.Outputs)
	if err != nil {
		return err
	}
	return b.exec(b.stmts.putOutput, r.JobID, r.DeviceID, data)
}

// merged leaves out claims that a result in the same batch ends: it says all that they say but for the start of an attempt that
// never came to its device, and the platform of a device that the plan did not name.
func merged(changes []Change) []Change {
	type task struct{ job, device string }
	claims := map[task]int{}
	out := slices.Clone(changes)
	for i, c := range out {
		r, ok := c.(Record)
		if !ok {
			continue
		}
		key := task{r.JobID, r.DeviceID}
		if r.State == contract.Claimed {
			claims[key] = i
			continue
		}
		k, claimed := claims[key]
		if before, ok := out[k].(Record); claimed && ok && r.State == contract.Finished && before.Seq < r.Seq {
			r.claim = before.Claim
			out[k], out[i] = Passed{LedgerStream, before.Seq}, r
		}
		delete(claims, key)
	}
	return out
}

// started is the attempt's start for the column; under 0 leaves it as it is.
func (r *taskRow) started() int64 {
	if r.keepStart {
		return -1
	}
	return unix(r.startedAt)
}

// row folds the record. It depends on the record alone, so that every order of streams agrees.
func (r Record) row() (taskRow, error) {
	switch {
	case r.State == contract.Claimed && r.Claim != nil:
		return taskRow{platform: r.Claim.Platform, state: contract.TaskRunning, startedAt: r.Claim.ClaimedAt}, nil
	case r.State == contract.Retry && r.TaskRecord.Retry != nil:
		row := taskRow{state: contract.TaskPending, waiting: r.TaskRecord.Retry.Reason, err: r.TaskRecord.Retry.Error}
		if row.err != nil {
			row.kind = row.err.Kind
		}
		return row, nil
	case r.State == contract.Finished && r.Result != nil:
		return r.finished(), nil
	}
	return taskRow{}, fmt.Errorf("the record of %s is %q without its part", r.DeviceID, r.State)
}

func (r Record) finished() taskRow {
	res := r.Result
	startedAt, platform := res.StartedAt, ""
	if r.claim != nil {
		platform = r.claim.Platform
		if startedAt.IsZero() {
			startedAt = r.claim.ClaimedAt
		}
	}
	row := taskRow{
		platform: platform, keepStart: startedAt.IsZero(),
		state: res.State, err: res.Error, startedAt: startedAt, finishedAt: res.FinishedAt, durationMS: res.DurationMS,
		summary: res.Summary, notReached: NotReached(res.State, res.Error),
	}
	if len(row.summary) > maxSummary {
		row.summary = row.summary[:maxSummary]
	}
	if row.err != nil {
		row.kind = row.err.Kind
	}
	for _, o := range res.Outputs {
		row.outputBytes += int64(len(o.Output))
	}
	if res.OutputObject != nil {
		row.outputBytes = res.OutputObject.Size
		row.outputObject = &storedObject{ObjectRef: *res.OutputObject, Truncated: res.OutputTruncated}
	}
	if res.RawObject != nil {
		if row.outputObject == nil {
			row.outputObject = &storedObject{}
		}
		row.outputObject.Raw = res.RawObject
	}
	return row
}

// NotReached reports whether a task ended with no answer and nothing can have happened on its device.
func NotReached(state contract.TaskState, err *contract.TaskError) bool {
	if err == nil || err.Effect != contract.EffectNone {
		return false
	}
	return state == contract.TaskCancelled || state == contract.TaskFailed && contract.NotReachedKind(err.Kind)
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func unixTime(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}

// jsonOrNull is the JSON of v for a column, NULL for none.
func jsonOrNull[T any](v *T) any {
	if v == nil {
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil { // the contract's types always marshal
		return nil
	}
	return string(b)
}

// Check reports what keeps the record from being folded.
func (r Record) Check() error {
	_, err := r.row()
	return err
}
