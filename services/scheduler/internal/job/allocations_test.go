//go:build !race

package job_test

import (
	"testing"
	"time"

	"github.com/netrust/netrust/libs/baseline"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/services/scheduler/internal/job"
)

// No t.Parallel: what other tests allocate would be counted too.
func TestATaskAllocatesNoMoreInTheSchedulerThanBefore(t *testing.T) {
	const tasks = 1000
	claim := contract.TaskRecord{State: contract.Claimed, Attempt: 1, Claim: &contract.Claim{ClaimedAt: now, ExclusiveUntil: now.Add(time.Minute)}}
	result := finished(1, contract.TaskSucceeded, nil)
	j := newJob(tasks)
	next, seq := 0, uint64(0)
	counts := map[string]float64{
		// the mean over all tasks: what grows now and then must be seen, so a run is a job
		"release, claim and result of 900 tasks": testing.AllocsPerRun(1, func() {
			if next == 0 { // the run that warms up sees what is made once
				next = 50
				life(j, 0, next, &seq, &claim, &result)
				return
			}
			life(j, next, next+900, &seq, &claim, &result)
		}),
	}
	baseline.Check(t, "testdata/allocations.json", counts)
	if c := j.Counts(); c.Succeeded != 950 {
		t.Errorf("the tasks ended as %+v", c)
	}
}

// life is that of some tasks of a job.
func life(j *job.Job, from, to int, seq *uint64, claim, result *contract.TaskRecord) {
	for i := from; i < to; i++ {
		if j.MayLogIn(i, false, now) {
			j.Release(i, false, now)
		}
		*seq++
		j.Record(i, *seq, claim)
		*seq++
		j.Record(i, *seq, result)
	}
}
