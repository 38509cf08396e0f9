package torture

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/netrust/netrust/libs/contract"
)

// Violation is a promise of the protocol that a round broke.
type Violation struct {
	Rule string // short and fixed, such as "effect twice"
	What string // the facts
}

// String shows both.
func (v Violation) String() string { return v.Rule + ": " + v.What }

// Check judges a history. It returns what was broken, and the round's numbers.
func Check(h *History) ([]Violation, Stats) {
	c := &checker{
		h: h, jobs: map[string]*Job{}, tasks: map[string][]Entry{}, processes: map[string]int{}, leases: map[string][]Entry{},
		effects: map[place3]int{}, stats: Stats{Faults: map[string]int{}},
	}
	c.sort()
	c.checkStream()
	c.checkTasks()
	c.checkLeases()
	c.checkEffects()
	c.checkResults()
	c.checkJobs()
	return c.found, c.stats
}

// checker holds a history, sorted.
type checker struct {
	h     *History
	found []Violation
	stats Stats

	jobs      map[string]*Job
	tasks     map[string][]Entry // records of each task, by sequence
	leases    map[string][]Entry // entries of each device's lease, by sequence
	processes map[string]int     // pid by incarnation
	effects   map[place3]int     // how often each command reached its device
}

// place3 names one command of one job on one device.
type place3 struct {
	job, device string
	command     int
}

func (c *checker) fail(rule, format string, args ...any) {
	c.found = append(c.found, Violation{rule, fmt.Sprintf(format, args...)})
}

func (c *checker) sort() {
	for i := range c.h.Jobs {
		c.jobs[c.h.Jobs[i].ID] = &c.h.Jobs[i]
	}
	for _, e := range c.h.Ledger {
		switch {
		case e.Task != nil:
			c.tasks[e.Key.Task.ID()] = append(c.tasks[e.Key.Task.ID()], e)
		case e.Key.Device != nil:
			c.leases[e.Key.Device.Device] = append(c.leases[e.Key.Device.Device], e)
		case e.Executor != nil:
			if pid, known := c.processes[e.Executor.Incarnation]; known && pid != e.Executor.PID {
				c.fail("incarnation twice", "%s is of processes %d and %d", e.Executor.Incarnation, pid, e.Executor.PID)
			}
			c.processes[e.Executor.Incarnation] = e.Executor.PID
		}
	}
	for _, f := range c.h.Faults {
		c.stats.Faults[string(f.Kind)+" "+string(f.Role)]++
	}
}

// checkStream compares what a follower lived through with what the stream holds, and the fold of all with the replay of
// the newest entry of each key.
func (c *checker) checkStream() {
	lived := map[uint64]*Entry{}
	newest := map[string]uint64{}
	var last uint64
	for i := range c.h.Ledger {
		e := &c.h.Ledger[i]
		if e.Seq <= last {
			c.fail("follow out of order", "entry %d came after %d", e.Seq, last)
		}
		last = e.Seq
		lived[e.Seq] = e
		newest[e.Subject] = e.Seq
	}
	for i := range c.h.Kept {
		e := &c.h.Kept[i]
		if seen := lived[e.Seq]; seen == nil {
			c.fail("follow with a gap", "entry %d (%s) was never seen by the follower that lived through it", e.Seq, e.Subject)
		} else if seen.Subject != e.Subject {
			c.fail("stream altered", "entry %d was %s and is %s", e.Seq, seen.Subject, e.Subject)
		}
	}
	replayed := map[string]bool{}
	for i := range c.h.Replay {
		e := &c.h.Replay[i]
		if expires(e.Subject) {
			continue // goes on changing
		}
		replayed[e.Subject] = true
		if newest[e.Subject] != e.Seq {
			c.fail("replay differs", "the newest entry of %s is %d in a replay and %d in the whole stream", e.Subject, e.Seq, newest[e.Subject])
		}
	}
	for subject := range newest {
		if !replayed[subject] && !expires(subject) {
			c.fail("replay differs", "%s is missing in a replay", subject)
		}
	}
}

// expires reports whether a key has a time to live: a sign of life, or what an attempt tells of its login.
func expires(subject string) bool {
	return strings.Contains(subject, ".executor.") || strings.Contains(subject, ".login.")
}

// checkTasks judges the records of each task.
func (c *checker) checkTasks() {
	closed := map[string]uint64{}
	for _, e := range c.h.Ledger {
		if e.Gate == nil {
			continue
		}
		if at := closed[e.Key.Gate]; at > 0 && e.Gate.Open {
			c.fail("gate opened again", "gate of job %s, closed at %d, is opened at %d", e.Key.Gate, at, e.Seq)
		}
		if !e.Gate.Open && closed[e.Key.Gate] == 0 {
			closed[e.Key.Gate] = e.Seq
		}
	}
	for id, records := range c.tasks {
		c.checkRecords(id, records)
		for _, e := range records {
			if at := closed[e.Task.JobID]; at > 0 && e.Seq > at && e.Task.State != contract.Finished {
				if e.Task.State == contract.Claimed {
					c.fail("claim behind a closed gate", "task %s is claimed at %d, the gate was closed at %d", id, e.Seq, at)
				}
			}
		}
	}
}

// checkRecords walks through the records of one task.
func (c *checker) checkRecords(id string, records []Entry) {
	var prev *contract.TaskRecord
	finished := 0
	for _, e := range records {
		r := e.Task
		attempt := 0
		if prev != nil {
			attempt = prev.Attempt
		}
		if finished > 0 {
			c.fail("record after the result", "task %s has %s at %d", id, r.State, e.Seq)
		}
		legal := false
		switch r.State {
		case contract.Claimed:
			legal = r.Attempt == attempt+1 && r.Claim != nil
			if prev != nil && prev.State == contract.Claimed {
				c.stats.Takeovers++
				if !prev.Claim.Repeatable {
					c.fail("takeover of what may not be repeated", "task %s, attempt %d, at %d", id, r.Attempt, e.Seq)
				}
			}
		case contract.Retry:
			if prev != nil && prev.State == contract.Claimed {
				c.stats.Retries++
				legal = (r.Attempt == attempt || r.Attempt == attempt-1) && r.AttemptID == prev.AttemptID
			} else {
				c.stats.Busy++
				legal = r.Attempt == attempt
			}
		case contract.Finished:
			finished++
			legal = prev != nil && prev.State == contract.Claimed && r.Attempt == attempt && r.Result != nil
		}
		if !legal {
			c.fail("illegal record", "task %s: %s of attempt %d at %d, after %+v", id, r.State, r.Attempt, e.Seq, prev)
		}
		prev = r
	}
	if finished != 1 && prev.State == contract.Claimed {
		c.fail("no result", "task %s was left as claimed by %s", id, prev.Holder)
	}
}

// checkLeases: a device has one lease at a time, changes hands only by recovery of the same task, and is free in the end.
func (c *checker) checkLeases() {
	for device, entries := range c.leases {
		var held *Entry
		for i := range entries {
			e := &entries[i]
			switch {
			case e.Lease == nil:
				held = nil
			case held != nil && held.Lease.TaskID != e.Lease.TaskID:
				c.fail("two leases", "%s is leased for %s at %d while %s holds it since %d", device, e.Lease.TaskID, e.Seq, held.Lease.TaskID, held.Seq)
				held = e
			default:
				held = e
			}
		}
		if held != nil {
			c.fail("lease left", "%s is still leased for %s by %s", device, held.Lease.TaskID, held.Lease.Holder)
		}
	}
}

// disturbed reports whether the process was ended before the end of the time, or it or the server was disturbed within the
// time. A process may be ended before its claim is stored: the claim was on its way.
func (c *checker) disturbed(from, until time.Time, pid int) bool {
	return slices.ContainsFunc(c.h.Faults, func(f Fault) bool {
		end := f.Until
		if end.IsZero() {
			end = until
		}
		ended := f.Kind != FaultPause && f.PID == pid
		return (f.Role == RoleServer || f.PID == pid) && !f.At.After(until) && (ended || !end.Before(from))
	})
}
