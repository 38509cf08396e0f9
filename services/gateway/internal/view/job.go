package view

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/netrust/netrust/libs/contract"
)

// Submitted is a job's first command, from sequence Seq of JOBS.
type Submitted struct {
	Seq uint64
	contract.JobSubmit
}

func (s Submitted) position() (string, uint64) { return contract.StreamJobs, s.Seq }

func (s Submitted) apply(b *batch) error {
	spec, err := json.Marshal(s.Spec)
	if err != nil {
		return fmt.Errorf("encoding the spec of job %s: %w", s.JobID, err)
	}
	b.jobs[s.JobID] = struct{}{}
	return b.exec(b.stmts.submitJob, s.JobID, s.Seq, s.Spec.Name, s.Principal, string(spec), unix(s.At), s.Spec.RetryOf)
}

// Planned adds tasks of a job's plan, before the [Changed] of the event that refers to it. A large plan comes in parts.
type Planned struct {
	Seq     uint64 // of the event
	JobID   string
	Targets []contract.ManifestTarget
}

func (p Planned) position() (string, uint64) { return contract.StreamJobs, 0 }

func (p Planned) apply(b *batch) error {
	spec, err := b.spec(p.JobID)
	if err != nil {
		return err
	}
	for i := range p.Targets {
		if err := p.add(b, &p.Targets[i], spec.DryRun); err != nil {
			return fmt.Errorf("adding the task of %s to job %s: %w", p.Targets[i].Device.ID, p.JobID, err)
		}
	}
	return nil
}

func (p Planned) add(b *batch, target *contract.ManifestTarget, dryRun bool) error {
	d := &target.Device
	var (
		seq     uint64
		state   contract.TaskState
		reached bool
		started int64
	)
	err := b.row(b.stmts.task, p.JobID, d.ID).Scan(&seq, &state, &reached, &started)
	isNew := errors.Is(err, sql.ErrNoRows)
	if err != nil && !isNew {
		return err
	}
	state, summary := contract.TaskPending, ""
	switch {
	case target.Skip != "":
		state, summary = contract.TaskSkipped, target.Skip
	case dryRun && target.ReadOnly: // the command line reads these words, to know whether it must ask
		state, summary = contract.TaskSkipped, "would run, read-only"
	case dryRun:
		state, summary = contract.TaskSkipped, "would run, NOT read-only"
	}
	if err := b.exec(b.stmts.planTask, p.JobID, d.ID, p.Seq, d.Name, d.Platform, d.Site, state, summary, target.Wave); err != nil {
		return err
	}
	if isNew {
		b.count(p.JobID, state, false, 1)
	}
	return nil
}

// Abandoned tells, before the [Changed] that ends their job, of devices that it did not reach. Those whose task has not
// ended by a record never will. A long list comes in parts.
type Abandoned struct {
	Seq     uint64 // of the event
	JobID   string
	Devices []contract.NotReachedDevice
}

func (a Abandoned) position() (string, uint64) { return contract.StreamJobs, 0 }

func (a Abandoned) apply(b *batch) error {
	for _, d := range a.Devices {
		var state contract.TaskState
		err := b.row(b.stmts.openTask, a.JobID, d.DeviceID).Scan(&state)
		if errors.Is(err, sql.ErrNoRows) {
			continue // it has ended by a record, which is the truth
		}
		if err == nil {
			end := contract.TaskFailed // its record is gone
			switch d.Kind {
			case contract.KindCancelled, contract.KindDeadline, contract.KindBreaker, contract.KindThreshold, contract.KindNoExecutor:
				end = contract.TaskCancelled
			}
			err = b.end(a.JobID, d.DeviceID, a.Seq, state, end, &contract.TaskError{Kind: d.Kind, Message: d.Reason, Effect: contract.EffectNone})
		}
		if err != nil {
			return fmt.Errorf("ending the task of %s: %w", d.DeviceID, err)
		}
	}
	return nil
}

// end closes an open task by its job's event.
func (b *batch) end(job, device string, seq uint64, was, now contract.TaskState, why *contract.TaskError) error {
	reached := NotReached(now, why)
	if err := b.exec(b.stmts.endTask, job, device, seq, now, reached, why.Kind, jsonOrNull(why)); err != nil {
		return err
	}
	b.count(job, was, false, -1)
	b.count(job, now, reached, 1)
	return nil
}

// Changed is one event of a job, from sequence Seq of JOBS. An event that ends the job is applied only when all records
// of its tasks are: nothing about the job comes after it.
type Changed struct {
	Seq uint64
	contract.JobEvent
}

func (c Changed) position() (string, uint64) { return contract.StreamJobs, c.Seq }

func (c Changed) apply(b *batch) error {
	// The command may have aged out of the log before its event; a summary fills in the rest.
	if err := b.exec(b.stmts.exist, c.JobID, unix(c.At)); err != nil {
		return fmt.Errorf("noting job %s: %w", c.JobID, err)
	}
	var startedAt, problems, waves any = int64(0), nil, nil
	if c.State == contract.JobRunning {
		startedAt = unix(c.At)
	}
	if len(c.Problems) > 0 {
		problems = jsonOrNull(&c.Problems)
	}
	if len(c.Waves) > 0 {
		waves = jsonOrNull(&c.Waves)
	}
	digest := ""
	if c.Manifest != nil {
		digest = c.Manifest.SHA256
	}
	if err := b.exec(b.stmts.changeJob, c.JobID, c.Seq, c.State, c.Reason, jsonOrNull(c.Stopping), problems, startedAt, unix(c.Deadline),
		digest, c.InventoryRevision, waves, jsonOrNull(c.Wave)); err != nil {
		return fmt.Errorf("changing job %s: %w", c.JobID, err)
	}
	b.jobs[c.JobID] = struct{}{}
	if c.State.Ended() {
		return c.end(b)
	}
	return nil
}

// end closes the job and what is still open although every record has been seen. A claim whose holder was lost, and that
// nobody could recover, has no record of its end: nobody can tell what its device did. Any other open task has lost its
// records, which the ledger keeps for a day after the end: of those, only the job's counts remain.
func (c Changed) end(b *batch) error {
	if err := b.exec(b.stmts.endJob, c.JobID, unix(c.At), jsonOrNull(c.Counts)); err != nil {
		return fmt.Errorf("ending job %s: %w", c.JobID, err)
	}
	open, uncertain, err := c.open(b)
	if err != nil {
		return fmt.Errorf("looking for open tasks of job %s: %w", c.JobID, err)
	}
	running := 0
	for _, t := range open {
		if t.state == contract.TaskRunning {
			running++
		}
	}
	lost := c.Counts == nil || uncertain+running <= c.Counts.Uncertain
	for _, t := range open {
		if t.state == contract.TaskRunning && lost {
			err = b.end(c.JobID, t.device, c.Seq, t.state, contract.TaskUncertain, &contract.TaskError{
				Kind: contract.KindHolderLost, Message: "the executor was lost with the task in hand", Effect: contract.EffectPossible,
				Remedy: "look at the device: nobody can tell what it did",
			})
		} else if err = b.exec(b.stmts.dropTask, c.JobID, t.device); err == nil {
			b.count(c.JobID, t.state, false, -1)
		}
		if err != nil {
			return fmt.Errorf("closing the task of %s: %w", t.device, err)
		}
	}
	return nil
}

type openTask struct {
	device string
	state  contract.TaskState
}

// open lists the tasks that have not ended, and counts those that are uncertain.
func (c Changed) open(b *batch) (open []openTask, uncertain int, err error) {
	rows, err := b.stmt(b.stmts.openTasks).QueryContext(b.ctx, c.JobID)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close() //nolint:errcheck // its error is read by rows.Err
	for rows.Next() {
		var t openTask
		if err := rows.Scan(&t.device, &t.state); err != nil {
			return nil, 0, err
		}
		if t.state == contract.TaskUncertain {
			uncertain++
		} else {
			open = append(open, t)
		}
	}
	return open, uncertain, rows.Err()
}

// Summary is a job from bucket jobs, for one that is older than the log. It fills only what the log no longer says.
type Summary contract.JobSummary

func (s Summary) position() (string, uint64) { return contract.StreamJobs, 0 }

func (s Summary) apply(b *batch) error {
	spec, err := json.Marshal(s.Spec)
	if err != nil {
		return fmt.Errorf("encoding the spec of job %s: %w", s.JobID, err)
	}
	digest := ""
	if s.Manifest != nil {
		digest = s.Manifest.SHA256
	}
	b.jobs[s.JobID] = struct{}{}
	return b.exec(b.stmts.summary, s.JobID, s.State, s.Spec.Name, s.Principal, string(spec), s.Reason, unix(s.Submitted), unix(s.Ended), digest,
		s.Spec.RetryOf, jsonOrNull(&s.Counts))
}

// spec is the job's spec as far as the view knows it.
func (b *batch) spec(job string) (contract.JobSpec, error) {
	var text string
	var spec contract.JobSpec
	err := b.row(b.stmts.spec, job).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return spec, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &spec)
	}
	if err != nil {
		return spec, fmt.Errorf("reading the spec of job %s: %w", job, err)
	}
	return spec, nil
}
