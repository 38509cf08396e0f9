package job_test

import (
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/services/scheduler/internal/job"
)

// waved makes a running job of three waves: 2, 4 and 4 devices.
func waved(rollout contract.Rollout) *job.Job {
	j := newJob(10)
	for i := range j.Tasks {
		j.Tasks[i].Wave = uint16([]int{1, 1, 2, 2, 2, 2, 3, 3, 3, 3}[i])
	}
	j.Spec.Rollout = rollout
	j.Plan(j.Tasks, []contract.Wave{{Name: contract.WaveCanary, Targets: 2}, {Name: "batch 1", Targets: 4}, {Name: "batch 2", Targets: 4}})
	return j
}

// finish ends tasks, the last bad of them as failed.
func finish(j *job.Job, from, to, bad int) {
	for i := from; i <= to; i++ {
		state, e := contract.TaskSucceeded, (*contract.TaskError)(nil)
		if i > to-bad {
			state, e = contract.TaskFailed, &contract.TaskError{Kind: contract.KindRejected, Effect: contract.EffectNone}
		}
		r := finished(1, state, e)
		j.Record(i, uint64(i+1), &r)
	}
}

func TestWavesFollowEachOther(t *testing.T) {
	t.Parallel()
	j := waved(contract.Rollout{PauseMS: 60_000, FailureThreshold: contract.Threshold{Count: 5}})
	expect := func(at time.Time, want *contract.WaveProgress) {
		t.Helper()
		got := j.Due(at)
		if (got == nil) != (want == nil) || got != nil && *got != *want {
			t.Fatalf("due is %+v; want %+v", got, want)
		}
		if got != nil {
			j.Enter(got)
		}
	}
	if j.InWave(0) {
		t.Error("a task is in a wave before the first has begun")
	}
	expect(now, &contract.WaveProgress{Number: 1, Of: 3, Name: "canary", State: contract.WaveStarted})
	expect(now, nil)
	if !j.InWave(1) || j.InWave(2) {
		t.Error("the first wave is not what is released")
	}
	finish(j, 0, 0, 0)
	expect(now, nil)
	finish(j, 1, 1, 1)
	expect(now, &contract.WaveProgress{Number: 1, Of: 3, Name: "canary", State: contract.WaveEnded, Failed: 1, PauseUntil: now.Add(time.Minute)})
	expect(now.Add(59*time.Second), nil)
	if j.InWave(2) {
		t.Error("the second wave is released in the pause")
	}
	expect(now.Add(time.Minute), &contract.WaveProgress{Number: 2, Of: 3, Name: "batch 1", State: contract.WaveStarted})

	// Another leader, which knows the events and the newest records, decides the same.
	again := waved(j.Spec.Rollout)
	again.Enter(&contract.WaveProgress{Number: 2, State: contract.WaveStarted})
	finish(again, 0, 1, 1)
	finish(again, 2, 5, 0)
	finish(j, 2, 5, 0)
	if a, b := j.Due(now), again.Due(now); *a != *b {
		t.Errorf("due is %+v, for another leader %+v", a, b)
	}
	expect(now, &contract.WaveProgress{Number: 2, Of: 3, Name: "batch 1", State: contract.WaveEnded, PauseUntil: now.Add(time.Minute)})
	expect(now.Add(time.Minute), &contract.WaveProgress{Number: 3, Of: 3, Name: "batch 2", State: contract.WaveStarted})
	finish(j, 6, 9, 0)
	expect(now, nil) // it ends with the job
	if !j.Done() {
		t.Error("the job does not end")
	}
	if newJob(3).Due(now) != nil {
		t.Error("a job without waves has one")
	}
}

func TestFailureThreshold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		threshold contract.Threshold
		wave      int // how far it came
		bad       [3]int
		says      string // empty: goes on
	}{
		{"none failed", contract.Threshold{Count: 1}, 1, [3]int{}, ""},
		{"the first failure", contract.Threshold{Count: 1}, 1, [3]int{1}, "1 of 10 devices failed, which is the failure threshold (1)"},
		{"one below", contract.Threshold{Count: 3}, 2, [3]int{1, 1}, ""},
		{"counted over the waves", contract.Threshold{Count: 3}, 2, [3]int{1, 2}, "3 of 10 devices failed, which is the failure threshold (3): no more devices are touched; waves 3 to 3 were not begun"},
		{"half of a wave", contract.Threshold{Percent: 50}, 2, [3]int{0, 2}, "2 of 4 devices of wave 2 (batch 1) failed, which is at least the failure threshold of 50%"},
		{"less than half of a wave", contract.Threshold{Percent: 51}, 2, [3]int{0, 2}, ""},
		{"percents are of one wave", contract.Threshold{Percent: 60}, 3, [3]int{1, 2, 2}, ""},
		{"a canary that is dead stops the job whatever is allowed", contract.Threshold{Count: 10}, 1, [3]int{2}, "no device of the canary succeeded"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			j := waved(contract.Rollout{FailureThreshold: c.threshold})
			j.Enter(&contract.WaveProgress{Number: c.wave, State: contract.WaveStarted})
			for w, span := range [][2]int{{0, 1}, {2, 5}, {6, 9}} {
				if w < c.wave {
					finish(j, span[0], span[1], c.bad[w])
				}
			}
			got := j.Threshold()
			if (got != nil) != (c.says != "") || got != nil && (got.Kind != contract.KindThreshold || !strings.Contains(got.Reason, c.says)) {
				t.Errorf("the threshold says %+v; want %q", got, c.says)
			}
		})
	}
	uncertain := newJob(4)
	uncertain.Spec.Rollout.FailureThreshold.Percent = 25
	r := finished(1, contract.TaskUncertain, &contract.TaskError{Kind: contract.KindTimeout, Effect: contract.EffectPossible})
	if uncertain.Record(0, 1, &r); uncertain.Threshold() == nil {
		t.Error("an uncertain task is no failure")
	}
}

func TestLimitsByWhatDevicesShare(t *testing.T) {
	t.Parallel()
	j := newJob(12)
	for i := range j.Tasks {
		d := j.Tasks[i].Device
		d.Platform, d.RedundancyGroup = []string{"ios", "eos"}[i%2], []string{"g1", "g2", ""}[i%3]
		j.Tasks[i].ReadOnly = i >= 6
	}
	out := func() (n int) {
		for i := range j.Tasks {
			if _, _, blocked := j.Blocked(i, false, now); j.Tasks[i].Phase == job.Waiting && !blocked && j.RoomAt(j.Tasks[i].Device.Site) > 0 {
				j.Release(i, false, now)
				n++
			}
		}
		return n
	}
	back := func() {
		for i := range j.Tasks {
			j.TakeBack(i)
		}
	}
	j.Spec.Limits.Parallel = 100
	// Both domains are proven.
	for i := range j.Tasks {
		j.Release(i, false, now)
		j.Record(i, 1, &contract.TaskRecord{State: contract.Claimed, Attempt: 1, Claim: &contract.Claim{}})
		j.LoggedIn(i, &contract.LoginProof{Attempt: 1, At: now})
		j.Record(i, 2, &contract.TaskRecord{State: contract.Retry, Attempt: 1, Retry: &contract.Delay{}})
	}
	if n := out(); n != 10 {
		t.Errorf("%d are out; want all but two that share a group with one that is changed", n)
	}
	back()
	for _, c := range []struct {
		name   string
		limits contract.Limits
		want   int
	}{
		{"per group", contract.Limits{Parallel: 100, PerGroup: 2}, 4 + 2 + 2},
		{"per platform", contract.Limits{Parallel: 100, PerGroup: 9, PerPlatform: 3}, 6},
		{"per domain", contract.Limits{Parallel: 100, PerGroup: 9, PerDomain: 1}, 2},
		{"per site", contract.Limits{Parallel: 100, PerGroup: 9, PerSite: 4}, 8},
		{"parallel", contract.Limits{Parallel: 5, PerGroup: 9}, 5},
		{"several", contract.Limits{Parallel: 100, PerGroup: 9, PerPlatform: 3, PerSite: 2}, 4},
	} {
		j.Spec.Limits = c.limits
		if n := out(); n != c.want {
			t.Errorf("%s: %d are out; want %d", c.name, n, c.want)
		}
		back()
		sound(t, j)
	}
	j.Spec.Limits, j.FleetPerDomain = contract.Limits{Parallel: 100, PerGroup: 9}, 2
	if n := out(); n != 4 {
		t.Errorf("%d are out with two of each domain in the fleet; want 4", n)
	}
}
