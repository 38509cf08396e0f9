// Package job is what the scheduler knows of a job that has not ended, and the decisions about it: plain functions of
// the log and the time, without I/O. Replaying the same log gives the same decisions.
//
// Nothing here is safe for concurrent use: one goroutine owns all jobs.
package job

import (
	"slices"
	"strings"
	"time"

	"github.com/netrust/netrust/libs/contract"
)

// Phase is where a task stands for the scheduler.
type Phase uint8

// The phases of a task.
const (
	Waiting  Phase = iota // not released, or to be released again
	Released              // in the task stream, not yet claimed
	Claimed               // an executor is at work
	Ended
	Aside // its message could not be processed, time and again: a person decides
)

// Task is one device's share of a job. It is kept small: there may be hundreds of thousands.
type Task struct {
	Device     *contract.Device // shared with the inventory
	Seq        uint64           // of the newest ledger record
	Outcome    contract.TaskState
	Kind       contract.ErrorKind
	Attempt    uint16
	Releases   uint16 // how often it was put out since the newest record
	Phase      Phase
	ReadOnly   bool
	Repeatable bool
	NoEffect   bool // the last error came before anything can have happened on the device
}

// Job is one job that has not ended.
type Job struct {
	ID        string
	Principal string
	Spec      contract.JobSpec
	Submitted time.Time
	Order     uint64 // sequence of the submission

	State    contract.JobState
	EventSeq uint64 // of the newest event
	Deadline time.Time
	Manifest *contract.ObjectRef

	GateSeq    uint64
	GateClosed bool // seen in the ledger: no claim can follow
	Stopping   *contract.Stopping

	Tasks   []Task // by device id
	Skipped int
	claimed int
	ended   int
	out     int            // released or claimed
	outAt   map[string]int // the same by site
	domains map[string]*domain
	tripped string // the domain with too many authentication failures
	letters letters
}

// Class of the job's tasks.
func (j *Job) Class() contract.Class { return j.Spec.Priority.Class() }

// Rank orders jobs of different priority, the highest first.
func (j *Job) Rank() int {
	switch j.Spec.Priority {
	case contract.PriorityUrgent:
		return 3
	case contract.PriorityHigh:
		return 2
	case contract.PriorityLow:
		return 0
	default:
		return 1
	}
}

// Find returns the index of a device's task, or -1.
func (j *Job) Find(device string) int {
	i, ok := slices.BinarySearchFunc(j.Tasks, device, func(t Task, id string) int { return strings.Compare(t.Device.ID, id) })
	if !ok {
		return -1
	}
	return i
}

// Out is how many tasks are released or claimed.
func (j *Job) Out() int { return j.out }

// OutAt is how many tasks are released or claimed, by site. The map is the job's own.
func (j *Job) OutAt() map[string]int { return j.outAt }

// Open is how many tasks have not ended.
func (j *Job) Open() int { return len(j.Tasks) - j.ended }

// Claims is how many tasks executors are at work on.
func (j *Job) Claims() int { return j.claimed }

// Key names task i.
func (j *Job) Key(i int) contract.TaskKey {
	d := j.Tasks[i].Device
	return contract.TaskKey{Site: d.Site, Job: j.ID, Phase: contract.PhaseRun, Device: d.ID}
}

// Release notes that task i is put out.
func (j *Job) Release(i int) {
	t := &j.Tasks[i]
	t.Phase, t.Releases = Released, t.Releases+1
	j.putOut(t.Device)
}

func (j *Job) putOut(d *contract.Device) {
	if j.outAt == nil {
		j.outAt = map[string]int{}
	}
	j.out++
	j.outAt[d.Site]++
	j.domain(d.AuthDomain).out++
}

// TakeBack notes that task i, which was released, is to be released again.
func (j *Job) TakeBack(i int) {
	if j.Tasks[i].Phase == Released {
		j.leaveOut(i)
		j.Tasks[i].Phase = Waiting
	}
}

// out says that the task is released or claimed.
func (t *Task) out() bool { return t.Phase == Released || t.Phase == Claimed }

func (j *Job) leaveOut(i int) {
	d := j.Tasks[i].Device
	j.out--
	j.outAt[d.Site]--
	j.domain(d.AuthDomain).out--
}

// Record applies a ledger record to task i, and reports whether it is news: records come again after a replay.
func (j *Job) Record(i int, seq uint64, r *contract.TaskRecord) bool {
	t := &j.Tasks[i]
	if seq <= t.Seq || t.Phase == Ended {
		return false
	}
	t.Seq, t.Attempt, t.Releases = seq, uint16(r.Attempt), 0
	if t.Phase == Claimed {
		j.claimed--
	}
	if t.out() {
		j.leaveOut(i)
	}
	j.letters.forget(j, i)
	switch r.State {
	case contract.Claimed:
		t.Phase = Claimed
		j.claimed++
		j.putOut(t.Device)
	case contract.Finished:
		t.Phase = Ended
		j.ended++
		j.end(t, r.Result)
	default:
		t.Phase = Waiting
		if r.Retry != nil && r.Retry.Error != nil {
			t.Kind, t.NoEffect = internKind(r.Retry.Error.Kind), r.Retry.Error.Effect == contract.EffectNone
		}
	}
	return true
}

func (j *Job) end(t *Task, r *contract.Result) {
	t.Outcome, t.Kind, t.NoEffect = contract.TaskUncertain, contract.KindUnknown, false
	if r == nil {
		return
	}
	t.Outcome = internState(r.State)
	if r.Error != nil {
		t.Kind, t.NoEffect = internKind(r.Error.Kind), r.Error.Effect == contract.EffectNone
	} else {
		t.Kind = ""
	}
	j.note(t.Device.AuthDomain, t.Kind)
}

// Done reports whether the job can end: all its tasks have, or it was stopped and no executor is at work on it any more.
func (j *Job) Done() bool {
	return j.State == contract.JobRunning && (j.ended == len(j.Tasks) || j.GateClosed && j.claimed == 0)
}

// Final is the job's last state.
func (j *Job) Final(c contract.Counts) contract.JobState {
	stopped := j.Stopping != nil && j.Stopping.Kind == contract.KindCancelled
	switch {
	case stopped && c.Total == 0: // before it was planned
		return contract.JobCancelled
	case c.Succeeded+c.Skipped == c.Total:
		return contract.JobSucceeded
	case stopped && c.Cancelled > 0:
		return contract.JobCancelled
	default:
		return contract.JobFailed
	}
}
