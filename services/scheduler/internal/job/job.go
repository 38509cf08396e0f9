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
	"github.com/netrust/netrust/services/scheduler/internal/login"
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
	Probe      bool // out, and no login has succeeded yet in its domain
	NoLogin    bool // the same, but it is not to log in: its device has an open session
	NeedsLogin bool // it was given back, since no session was open after all
	Wave       uint16
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

	// Accounts is how the logins of all jobs went; FleetPerDomain bounds the tasks of all jobs in one authentication domain.
	Accounts       *login.Accounts
	FleetPerDomain int

	Tasks   []Task // by device id; see [Job.Plan]
	Targets int    // how many devices were planned, as far as the log says
	Skipped int
	lost    string         // why the plan cannot be read
	learned map[string]int // the tasks of a lost job, by device id
	Waves   []contract.Wave
	claimed int
	ended   int
	out     int            // released or claimed
	outAt   map[string]int // the same by site
	letters letters
	shared  map[Limit]int // the same by what else limits count by
	limits  []Limit       // of the last answer, used again

	wave       int // from 1
	waveEnded  bool
	pauseUntil time.Time
	tallies    []tally // by wave; one for a job without
	failed     int     // or uncertain
	badWave    int     // from 1: the first whose failures stop the job

	accounts      map[accountKey]*account
	probes        map[string]int // tasks out that are a probe, by domain
	unclaimed     map[string]int // tasks released and not claimed, by domain, where logins have a pace
	paces         map[string]*login.Pace
	tripped       string             // the domain with too many refused logins
	refusedBefore *contract.Stopping // the same, where others have made them
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

// LoginsLeft is how many refused logins the next attempt at task i may make; 0 for no limit.
func (j *Job) LoginsLeft(i int, now time.Time) int { return j.loginsLeft(&j.Tasks[i], now) }

// Find returns the index of a device's task, or -1.
func (j *Job) Find(device string) int {
	if j.Lost() {
		if i, ok := j.learned[device]; ok {
			return i
		}
		return -1
	}
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

// Release notes that task i is put out; open says that its device may have a session that is open.
func (j *Job) Release(i int, open bool, now time.Time) {
	t := &j.Tasks[i]
	t.Phase, t.Releases = Released, t.Releases+1
	t.NoLogin = open && !t.NeedsLogin && !j.Proven(i)
	if !t.NoLogin {
		j.Log(i, now)
		j.begin(t)
	}
	j.putOut(t)
	j.unclaim(t, 1)
}

func (j *Job) putOut(t *Task) { j.count(t, 1) }

// unclaim counts tasks that are released and not claimed, where it matters.
func (j *Job) unclaim(t *Task, n int) {
	if j.Spec.Limits.LoginsPerMinute == 0 {
		return
	}
	if j.unclaimed == nil {
		j.unclaimed = map[string]int{}
	}
	j.unclaimed[t.Device.AuthDomain] += n
}

// TakeBack notes that task i, which was released, is to be released again.
func (j *Job) TakeBack(i int) {
	if t := &j.Tasks[i]; t.Phase == Released {
		j.leaveOut(t)
		j.probed(t)
		t.Phase = Waiting
	}
}

// out says that the task is released or claimed.
func (t *Task) out() bool { return t.Phase == Released || t.Phase == Claimed }

func (j *Job) leaveOut(t *Task) {
	j.count(t, -1)
	if t.Phase == Released {
		j.unclaim(t, -1)
	}
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
		j.leaveOut(t)
	}
	j.letters.forget(j, i)
	switch r.State {
	case contract.Claimed:
		if t.Phase == Claimed {
			j.lose(t)
		}
		t.Phase = Claimed
		j.claimed++
		j.putOut(t)
		if !t.NoLogin {
			j.begin(t) // also where this leader has not released it
		}
	case contract.Finished:
		t.Phase = Ended
		j.probed(t)
		j.ended++
		j.end(t, r.Result)
	default:
		t.Phase, t.NoLogin = Waiting, false
		j.probed(t)
		t.NeedsLogin = t.NeedsLogin || r.Retry != nil && r.Retry.NeedsLogin
		if r.Retry != nil && r.Retry.Error != nil {
			t.Kind, t.NoEffect = internKind(r.Retry.Error.Kind), r.Retry.Error.Effect == contract.EffectNone
		}
	}
	return true
}

func (j *Job) end(t *Task, r *contract.Result) {
	t.Outcome, t.Kind, t.NoEffect = contract.TaskUncertain, contract.KindUnknown, false
	defer j.tallyEnd(t)
	if r == nil {
		return
	}
	t.Outcome = internState(r.State)
	if r.Error != nil {
		t.Kind, t.NoEffect = internKind(r.Error.Kind), r.Error.Effect == contract.EffectNone
	} else {
		t.Kind = ""
	}
	j.note(t, r)
}

// tallyEnd counts a task that has ended in its wave.
func (j *Job) tallyEnd(t *Task) {
	w := j.tally(t)
	w.ended++
	switch t.Outcome {
	case contract.TaskFailed, contract.TaskUncertain:
		w.failed++
		j.failed++
	case contract.TaskSucceeded:
		w.succeeded++
	}
	j.judge(waveIndex(t))
}

// Done reports whether the job can end: all its tasks have, or it was stopped and no executor is at work on it any more.
func (j *Job) Done() bool {
	return j.State == contract.JobRunning && (j.ended == len(j.Tasks) && !j.Lost() || j.GateClosed && j.claimed == 0)
}

// Final is the job's last state.
func (j *Job) Final(c contract.Counts) contract.JobState {
	stopped := j.Stopping != nil && j.Stopping.Kind == contract.KindCancelled
	switch {
	case j.Lost() && j.Targets == 0: // nobody can say that these were all
		return contract.JobFailed
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
