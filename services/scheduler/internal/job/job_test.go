package job_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/services/scheduler/internal/job"
)

// newJob makes a running job of n tasks, on two sites and in two authentication domains.
func newJob(n int) *job.Job {
	j := &job.Job{ID: "j", State: contract.JobRunning, Spec: contract.JobSpec{Limits: contract.Limits{AuthFailures: 3}}}
	var tasks []job.Task
	for i := range n {
		tasks = append(tasks, job.Task{Repeatable: i%2 == 0, Device: &contract.Device{
			ID: fmt.Sprintf("dev.%03d", i), Site: []string{"s1", "s2"}[i%2], AuthDomain: []string{"d1", "d2", "d2"}[i%3],
		}})
	}
	j.Plan(tasks, nil)
	return j
}

// entry is one record of a task at its place in the ledger.
type entry struct {
	task   int
	seq    uint64
	record contract.TaskRecord
}

var now = time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)

func finished(attempt int, s contract.TaskState, e *contract.TaskError) contract.TaskRecord {
	return contract.TaskRecord{State: contract.Finished, Attempt: attempt, Result: &contract.Result{State: s, Error: e, StartedAt: now, FinishedAt: now}}
}

var kinds = []contract.ErrorKind{
	contract.KindUnreachable, contract.KindAuthentication, contract.KindTimeout, contract.KindRejected, contract.KindHolderLost,
	"something newer", contract.KindHostKey,
}

// story is a ledger that executors may write: claims, delays, takeovers and results, the tasks all mixed.
func story(j *job.Job, rnd *rand.Rand) []entry {
	last := make([]contract.TaskRecord, len(j.Tasks))
	var out []entry
	for seq := uint64(1); seq < uint64(6*len(j.Tasks)); seq++ {
		i := rnd.IntN(len(j.Tasks))
		var next contract.TaskRecord
		e := &contract.TaskError{Kind: kinds[rnd.IntN(len(kinds))], Effect: []contract.Effect{contract.EffectNone, contract.EffectPossible}[rnd.IntN(2)]}
		switch was := last[i]; {
		case was.State == contract.Finished:
			continue
		case was.State != contract.Claimed || rnd.IntN(5) == 0: // or a takeover
			next = contract.TaskRecord{State: contract.Claimed, Attempt: was.Attempt + 1, Claim: &contract.Claim{}}
		case rnd.IntN(3) == 0:
			next = contract.TaskRecord{State: contract.Retry, Attempt: was.Attempt - rnd.IntN(2), Retry: &contract.Delay{Error: e}}
		default:
			states := []contract.TaskState{contract.TaskSucceeded, contract.TaskFailed, contract.TaskUncertain, contract.TaskCancelled, "something newer"}
			s := states[rnd.IntN(len(states))]
			if s == contract.TaskSucceeded {
				e = nil
			}
			next = finished(was.Attempt, s, e)
		}
		last[i] = next
		out = append(out, entry{i, seq, next})
	}
	return out
}

// sound checks what must hold of a job at any time.
func sound(t *testing.T, j *job.Job) {
	t.Helper()
	out, claimed, at := 0, 0, map[string]int{}
	for i := range j.Tasks {
		if p := j.Tasks[i].Phase; p == job.Released || p == job.Claimed {
			out++
			at[j.Tasks[i].Device.Site]++
			if p == job.Claimed {
				claimed++
			}
		}
	}
	if j.Out() != out || j.Claims() != claimed || j.OutAt()["s1"] != at["s1"] || j.OutAt()["s2"] != at["s2"] {
		t.Fatalf("out %d %v, claims %d; want %d %v, %d", j.Out(), j.OutAt(), j.Claims(), out, at, claimed)
	}
	c := j.Counts()
	if sum := c.Pending + c.Running + c.Succeeded + c.Failed + c.Skipped + c.Cancelled + c.Uncertain; sum != c.Total || c.Total != len(j.Tasks)+j.Skipped || c.NotReached != len(j.NotReached().Devices) {
		t.Fatalf("the counts %+v do not add up to %d, or the list of those not reached has %d", c, c.Total, len(j.NotReached().Devices))
	}
}

func TestAnyOrderOfRecordsReleasesAndRepeatsIsSound(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		j := newJob(20)
		records := story(j, rnd)
		var past []entry
		for _, e := range records {
			for range rnd.IntN(3) {
				i := rnd.IntN(len(j.Tasks))
				switch {
				case j.Tasks[i].Phase == job.Waiting:
					j.Release(i, false, now)
				case rnd.IntN(2) == 0:
					j.TakeBack(i)
				}
			}
			if !j.Record(e.task, e.seq, &e.record) {
				t.Fatalf("seed %d: record %d is no news", seed, e.seq)
			}
			past = append(past, e)
			old := past[rnd.IntN(len(past))]
			if before := j.Counts(); j.Record(old.task, old.seq, &old.record) || j.Counts() != before {
				t.Fatalf("seed %d: the repeated record %d is news", seed, old.seq)
			}
			sound(t, j)
		}
		replayed(t, seed, j, records)
		j.Close(func(string) bool { return rnd.IntN(2) == 0 })
		sound(t, j)
		if c := j.Counts(); c.Pending+c.Running != 0 || !j.Done() {
			t.Fatalf("seed %d: closed with %+v", seed, c)
		}
	}
}

// replayed checks that a new leader, which reads the newest record of each task, knows the same.
func replayed(t *testing.T, seed uint64, lived *job.Job, records []entry) {
	t.Helper()
	fresh := newJob(len(lived.Tasks))
	newest := map[int]entry{}
	for _, e := range records {
		newest[e.task] = e
	}
	for _, e := range records {
		if newest[e.task].seq == e.seq {
			fresh.Record(e.task, e.seq, &e.record)
		}
	}
	for i := range lived.Tasks {
		lived.TakeBack(i)
		if a, b := lived.Tasks[i], fresh.Tasks[i]; a.Phase != b.Phase || a.Seq != b.Seq || a.Attempt != b.Attempt || a.Outcome != b.Outcome || a.NoEffect != b.NoEffect && a.Phase == job.Ended {
			t.Fatalf("seed %d: task %d is %+v, replayed %+v", seed, i, a, b)
		}
	}
	if a, b := lived.Counts(), fresh.Counts(); a != b || lived.Out() != fresh.Out() || lived.Claims() != fresh.Claims() {
		t.Fatalf("seed %d: counts %+v, replayed %+v", seed, a, b)
	}
	// What was lost with an executor is known only to the leader that saw it: it is more careful.
	if a, b := lived.Breaker(), fresh.Breaker(); a == nil && b != nil {
		t.Fatalf("seed %d: the breaker says %v, replayed %v", seed, a, b)
	}
	for i := range lived.Tasks {
		if lived.MayLogIn(i, false, now) && !fresh.MayLogIn(i, false, now) {
			t.Fatalf("seed %d: task %d may log in, replayed it may not", seed, i)
		}
	}
}

func TestFinal(t *testing.T) {
	t.Parallel()
	cancelled := &contract.Stopping{Kind: contract.KindCancelled}
	deadline := &contract.Stopping{Kind: contract.KindDeadline}
	cases := []struct {
		name     string
		stopping *contract.Stopping
		counts   contract.Counts
		want     contract.JobState
	}{
		{"all succeeded", nil, contract.Counts{Total: 2, Succeeded: 2}, contract.JobSucceeded},
		{"skipped ones do not count against it", nil, contract.Counts{Total: 2, Succeeded: 1, Skipped: 1}, contract.JobSucceeded},
		{"one failed", nil, contract.Counts{Total: 2, Succeeded: 1, Failed: 1}, contract.JobFailed},
		{"one is uncertain", nil, contract.Counts{Total: 2, Succeeded: 1, Uncertain: 1}, contract.JobFailed},
		{"cancelled before it was planned", cancelled, contract.Counts{}, contract.JobCancelled},
		{"cancelled with tasks left", cancelled, contract.Counts{Total: 2, Succeeded: 1, Cancelled: 1}, contract.JobCancelled},
		{"cancelled too late", cancelled, contract.Counts{Total: 2, Succeeded: 2}, contract.JobSucceeded},
		{"cancelled when all had ended, one of them badly", cancelled, contract.Counts{Total: 2, Succeeded: 1, Failed: 1}, contract.JobFailed},
		{"the deadline passed", deadline, contract.Counts{Total: 2, Succeeded: 1, Cancelled: 1}, contract.JobFailed},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			j := newJob(0)
			j.Stopping = c.stopping
			if got := j.Final(c.counts); got != c.want {
				t.Errorf("got %s; want %s", got, c.want)
			}
		})
	}
}

func TestCloseSaysWhyEachTaskDidNotRun(t *testing.T) {
	t.Parallel()
	j := newJob(6)
	claim := contract.TaskRecord{State: contract.Claimed, Attempt: 1, Claim: &contract.Claim{}}
	retry := contract.TaskRecord{State: contract.Retry, Attempt: 1, Retry: &contract.Delay{}}
	j.Record(0, 1, &claim) // may be repeated
	j.Record(1, 2, &claim) // may not
	j.Record(2, 3, &retry)
	j.Release(3, false, now)
	done := finished(1, contract.TaskSucceeded, nil)
	j.Record(4, 4, &done)
	j.Stopping = &contract.Stopping{Kind: contract.KindDeadline, Reason: "the job's deadline has passed"}
	j.Close(func(site string) bool { return site == "s2" })
	want := []struct {
		state contract.TaskState
		kind  contract.ErrorKind
	}{
		{contract.TaskCancelled, contract.KindDeadline}, {contract.TaskUncertain, contract.KindHolderLost}, {contract.TaskCancelled, contract.KindDeadline},
		{contract.TaskCancelled, contract.KindNoExecutor}, {contract.TaskSucceeded, ""}, {contract.TaskCancelled, contract.KindNoExecutor},
	}
	for i, w := range want {
		if got := j.Tasks[i]; got.Outcome != w.state || got.Kind != w.kind {
			t.Errorf("task %d is %s %q; want %s %q", i, got.Outcome, got.Kind, w.state, w.kind)
		}
	}
	missed := j.NotReached().Devices
	if len(missed) != 4 || !slices.ContainsFunc(missed, func(d contract.NotReachedDevice) bool {
		return d.Kind == contract.KindNoExecutor && d.Reason == "no executor serves site s2"
	}) {
		t.Errorf("not reached: %+v", missed)
	}
}
