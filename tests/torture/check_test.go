package torture_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
	"github.com/netrust/netrust/tests/torture"
)

const (
	theJob, theDevice, theSite = "job1", "dev.0001", "lab"
	firstHolder, secondHolder  = "aaaa", "bbbb"
	firstPID, secondPID        = 101, 102
)

// book writes a history by hand, entry by entry, a tenth of a second apart.
type book struct {
	torture.History
	seq   uint64
	start time.Time
}

// at is the time of the newest entry.
func (b *book) at() time.Time { return b.start.Add(time.Duration(b.seq) * 100 * time.Millisecond) }

func (b *book) mono() time.Duration { return b.at().Sub(b.start) }

func (b *book) entry(key string, e ledger.Entry) *torture.Entry {
	b.seq++
	parsed, err := contract.ParseExecKey(key)
	if err != nil {
		panic(err)
	}
	e.Key, e.Seq = parsed, b.seq
	b.Ledger = append(b.Ledger, torture.Entry{Entry: e, Subject: ledger.Subject(key), At: b.at()})
	return &b.Ledger[len(b.Ledger)-1]
}

func (b *book) alive(incarnation string, pid int) {
	b.entry(contract.ExecutorKey(incarnation), ledger.Entry{Executor: &contract.Executor{Incarnation: incarnation, PID: pid}})
}

func (b *book) gate(open bool) {
	b.entry(contract.GateKey(theJob), ledger.Entry{Gate: &contract.Gate{Open: open}})
}

func taskKey() contract.TaskKey {
	return contract.TaskKey{Site: theSite, Job: theJob, Phase: contract.PhaseRun, Device: theDevice}
}

func (b *book) record(state contract.RecordState, holder string, attempt int) *contract.TaskRecord {
	r := &contract.TaskRecord{
		State: state, JobID: theJob, Phase: contract.PhaseRun, DeviceID: theDevice, Site: theSite, Attempt: attempt,
		AttemptID: holder + "/" + string(rune('0'+attempt)), Holder: holder,
	}
	switch state {
	case contract.Claimed:
		r.Claim = &contract.Claim{Repeatable: b.Jobs[0].Repeatable}
	case contract.Retry:
		r.Retry = &contract.Delay{}
	case contract.Finished:
		r.Result = &contract.Result{State: contract.TaskSucceeded}
	}
	b.entry(taskKey().RecordKey(), ledger.Entry{Task: r})
	return r
}

func (b *book) lease(holder string) {
	e := ledger.Entry{Lease: &contract.DeviceLease{Holder: holder, TaskID: taskKey().ID()}}
	if holder == "" {
		e = ledger.Entry{Deleted: true}
	}
	b.entry(taskKey().DeviceKey(), e)
}

// claim is a claim with its lease, and finish a result with its release.
func (b *book) claim(holder string, attempt int) {
	b.record(contract.Claimed, holder, attempt)
	b.lease(holder)
}

func (b *book) finish(holder string, attempt int) *contract.Result {
	r := b.record(contract.Finished, holder, attempt)
	b.lease("")
	return r.Result
}

// line is what the device sees, a hundredth of a second after what came before.
func (b *book) line(kind torture.LineKind, pid, command int) *torture.Line {
	later := time.Duration(len(b.Lines)+1) * time.Millisecond
	b.Lines = append(b.Lines, torture.Line{
		Kind: kind, PID: pid, Session: uint64(pid), Job: theJob, Device: theDevice, Command: command,
		Asked: b.mono() + later - time.Millisecond/2, At: b.mono() + later, Wall: b.at().Add(later),
	})
	return &b.Lines[len(b.Lines)-1]
}

// work is a whole session.
func (b *book) work(pid int) {
	b.line(torture.LineBegin, pid, 0)
	b.line(torture.LineEffect, pid, 0)
	b.line(torture.LineEffect, pid, 1)
	b.line(torture.LineEnd, pid, 0)
}

func (b *book) events(final contract.JobState, stopping *contract.Stopping, counts contract.Counts) {
	add := func(e contract.JobEvent) {
		e.JobID = theJob
		b.Events[theJob] = append(b.Events[theJob], torture.Event{Seq: uint64(len(b.Events[theJob]) + 1), JobEvent: e})
	}
	add(contract.JobEvent{State: contract.JobPlanned, Manifest: &contract.ObjectRef{}})
	add(contract.JobEvent{State: contract.JobRunning})
	if stopping != nil {
		add(contract.JobEvent{State: contract.JobRunning, Stopping: stopping})
	}
	add(contract.JobEvent{State: final, Stopping: stopping, Counts: &counts})
	b.Summaries[theJob] = contract.JobSummary{JobID: theJob, State: final, Counts: counts}
}

// replay makes the reads at the end of what was written.
func (b *book) replay() {
	newest := map[string]torture.Entry{}
	for _, e := range b.Ledger {
		newest[e.Subject] = e
	}
	for _, e := range b.Ledger {
		if newest[e.Subject].Seq == e.Seq {
			b.Replay = append(b.Replay, e)
		}
	}
	b.Kept = slices.Clone(b.Ledger)
}

func newBook(repeatable bool) *book {
	b := &book{start: time.Unix(1_700_000_000, 0)}
	b.Jobs = []torture.Job{{ID: theJob, Class: contract.Normal, Repeatable: repeatable, Devices: []string{theDevice}}}
	b.Events, b.Summaries = map[string][]torture.Event{}, map[string]contract.JobSummary{}
	b.alive(firstHolder, firstPID)
	b.alive(secondHolder, secondPID)
	b.gate(true)
	return b
}

var one = contract.Counts{Total: 1, Succeeded: 1}

// good is a job that ran once.
func good() *book {
	b := newBook(false)
	b.claim(firstHolder, 1)
	b.work(firstPID)
	b.finish(firstHolder, 1)
	b.gate(false)
	b.events(contract.JobSucceeded, nil, one)
	b.replay()
	return b
}

// takenOver is a repeatable task whose first holder was paused in the middle.
func takenOver() *book {
	b := newBook(true)
	b.claim(firstHolder, 1)
	b.line(torture.LineBegin, firstPID, 0)
	b.line(torture.LineEffect, firstPID, 0)
	b.claim(secondHolder, 2)
	b.work(secondPID)
	b.finish(secondHolder, 2)
	b.gate(false)
	b.events(contract.JobSucceeded, nil, one)
	b.replay()
	return b
}

// lost is a task that may not be repeated and whose holder was killed.
func lost() *book {
	b := newBook(false)
	b.claim(firstHolder, 1)
	b.line(torture.LineBegin, firstPID, 0)
	b.line(torture.LineEffect, firstPID, 0)
	b.Faults = append(b.Faults, torture.Fault{Kind: torture.FaultKill, Role: torture.RoleExecutor, PID: firstPID, At: b.at(), Until: b.at()})
	r := b.finish(secondHolder, 1)
	r.State = contract.TaskUncertain
	r.Error = &contract.TaskError{Kind: contract.KindHolderLost, Effect: contract.EffectPossible, Message: "the executor died"}
	b.gate(false)
	b.events(contract.JobFailed, nil, contract.Counts{Total: 1, Uncertain: 1})
	b.replay()
	return b
}

func TestTheCheckerAcceptsWhatIsRight(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func() *book{
		"a task that ran once": good, "a repeatable task that was taken over": takenOver, "a task whose holder was killed": lost,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if found, _ := torture.Check(&make().History); len(found) > 0 {
				t.Errorf("found %v", found)
			}
		})
	}
}

func TestTheCheckerFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, rule string
		make       func() *book
	}{
		{"an effect that may not be repeated comes twice", "effect twice", func() *book {
			b := good()
			b.Lines = slices.Insert(b.Lines, 2, b.Lines[1])
			return b
		}},
		{"an effect without a session", "no claim", func() *book {
			b := good()
			b.Lines = b.Lines[1:]
			return b
		}},
		{"a session of a process that has no claim", "no claim", func() *book {
			b := good()
			for i := range b.Lines {
				b.Lines[i].PID = secondPID
			}
			return b
		}},
		{"a session that begins before its claim stands", "no claim", func() *book {
			b := good()
			b.Lines[0].Wall = b.start
			return b
		}},
		{"the old holder acts after the new one has begun", "two holders at work", func() *book {
			b := takenOver()
			stale := b.Lines[1]
			stale.At, stale.Asked = b.mono()+time.Second, b.mono()+time.Second
			b.Lines = append(b.Lines, stale)
			return b
		}},
		{"a claim behind a closed gate", "claim behind a closed gate", func() *book {
			b := newBook(false)
			b.gate(false)
			b.claim(firstHolder, 1)
			b.work(firstPID)
			b.finish(firstHolder, 1)
			b.events(contract.JobSucceeded, nil, one)
			b.replay()
			return b
		}},
		{"a gate that opens again", "gate opened again", func() *book {
			b := good()
			b.gate(true)
			return b
		}},
		{"a claim after the result", "record after the result", func() *book {
			b := good()
			b.claim(secondHolder, 2)
			return b
		}},
		{"two results", "record after the result", func() *book {
			b := good()
			b.finish(secondHolder, 1)
			return b
		}},
		{"a result without a claim", "illegal record", func() *book {
			b := newBook(false)
			b.finish(firstHolder, 0)
			return b
		}},
		{"an attempt that is left out", "illegal record", func() *book {
			b := newBook(false)
			b.claim(firstHolder, 2)
			return b
		}},
		{"a claim that is left", "no result", func() *book {
			b := newBook(false)
			b.claim(firstHolder, 1)
			return b
		}},
		{"a job that ends without stopping and without a task's result", "no result", func() *book {
			b := newBook(false)
			b.events(contract.JobFailed, nil, contract.Counts{Total: 1, Cancelled: 1})
			return b
		}},
		{"what may not be repeated is taken over", "takeover of what may not be repeated", func() *book {
			b := newBook(false)
			b.claim(firstHolder, 1)
			b.claim(secondHolder, 2)
			return b
		}},
		{"a device leased for two tasks", "two leases", func() *book {
			b := good()
			b.lease(firstHolder)
			b.lease(secondHolder)
			b.Ledger[len(b.Ledger)-1].Lease.TaskID = "another"
			return b
		}},
		{"a lease that is left", "lease left", func() *book {
			b := good()
			b.lease(firstHolder)
			return b
		}},
		{"uncertain though nothing happened", "uncertain without cause", func() *book {
			b := lost()
			b.Faults = nil
			return b
		}},
		{"uncertain though the pause was over before the claim", "uncertain without cause", func() *book {
			b := lost()
			b.Faults[0].Kind, b.Faults[0].At, b.Faults[0].Until = torture.FaultPause, b.start, b.start
			return b
		}},
		{"uncertain though the kill came after the result", "uncertain without cause", func() *book {
			b := lost()
			b.Faults[0].At, b.Faults[0].Until = b.at().Add(time.Minute), b.at().Add(time.Minute)
			return b
		}},
		{"uncertain because another process was killed", "uncertain without cause", func() *book {
			b := lost()
			b.Faults[0].PID = secondPID
			return b
		}},
		{"uncertain without a word", "uncertain without a reason", func() *book {
			b := lost()
			b.Ledger[len(b.Ledger)-3].Task.Result.Error = nil
			return b
		}},
		{"uncertain though it may be repeated", "uncertain though repeatable", func() *book {
			b := lost()
			b.Jobs[0].Repeatable = true
			return b
		}},
		{"success without an effect", "untrue success", func() *book {
			b := good()
			b.Lines = nil
			return b
		}},
		{"innocence with an effect", "untrue innocence", func() *book {
			b := lost()
			r := b.Ledger[len(b.Ledger)-3].Task.Result
			r.State, r.Error.Effect = contract.TaskCancelled, contract.EffectNone
			return b
		}},
		{"counts that are not those of the records", "wrong counts", func() *book {
			b := good()
			b.Events[theJob][2].Counts.Failed = 1
			return b
		}},
		{"success of a job with an uncertain task", "wrong end", func() *book {
			b := lost()
			b.Events[theJob][2].State = contract.JobSucceeded
			return b
		}},
		{"a summary that says something else", "summary differs", func() *book {
			b := good()
			b.Summaries[theJob] = contract.JobSummary{JobID: theJob, State: contract.JobFailed}
			return b
		}},
		{"two ends", "illegal events", func() *book {
			b := good()
			b.Events[theJob] = append(b.Events[theJob], b.Events[theJob][2])
			return b
		}},
		{"no end", "illegal events", func() *book {
			b := good()
			b.Events[theJob] = b.Events[theJob][:2]
			return b
		}},
		{"running before it was planned", "illegal events", func() *book {
			b := good()
			b.Events[theJob] = b.Events[theJob][1:]
			return b
		}},
		{"a fresh scheduler finds something to do", "event after the end", func() *book {
			b := good()
			b.Later = b.Events[theJob][2:]
			return b
		}},
		{"a follower that missed an entry", "follow with a gap", func() *book {
			b := good()
			b.Ledger = slices.Delete(b.Ledger, 1, 2)
			return b
		}},
		{"a follower that saw entries out of order", "follow out of order", func() *book {
			b := good()
			b.Ledger[0], b.Ledger[1] = b.Ledger[1], b.Ledger[0]
			return b
		}},
		{"a replay that ends with an older entry", "replay differs", func() *book {
			b := good()
			for i := range b.Replay {
				if b.Replay[i].Task != nil {
					b.Replay[i].Seq--
				}
			}
			return b
		}},
		{"a replay that lacks a key", "replay differs", func() *book {
			b := good()
			b.Replay = slices.DeleteFunc(b.Replay, func(e torture.Entry) bool { return e.Gate != nil })
			return b
		}},
		{"two processes of one incarnation", "incarnation twice", func() *book {
			b := good()
			b.alive(firstHolder, secondPID)
			return b
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			found, _ := torture.Check(&c.make().History)
			if !slices.ContainsFunc(found, func(v torture.Violation) bool { return strings.HasPrefix(v.String(), c.rule+":") }) {
				t.Errorf("found %v; want one of the rule %q", found, c.rule)
			}
		})
	}
}

func TestAnEffectHeldUpByAPauseIsCounted(t *testing.T) {
	t.Parallel()
	b := takenOver()
	stale := b.Lines[1]
	stale.At = b.mono() + time.Minute // asked long before
	b.Lines = append(b.Lines, stale)
	found, stats := torture.Check(&b.History)
	if len(found) > 0 || stats.HeldUp != 1 {
		t.Errorf("found %v, held up %d; want none and 1", found, stats.HeldUp)
	}
}
