package job_test

import (
	"testing"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/services/scheduler/internal/job"
)

// poison sets task i aside until it waits for a person.
func poison(t *testing.T, j *job.Job, i int) {
	t.Helper()
	for n := 1; n <= job.MaxLetters; n++ {
		j.Release(i, false, now)
		if held := j.SetAside(i); held != (n == job.MaxLetters) {
			t.Fatalf("set aside %d times, it waits: %v", n, held)
		}
		if n < job.MaxLetters {
			j.TakeBack(i)
		}
	}
}

func TestATaskThatIsSetAsideLeavesItsPlaceAndWaits(t *testing.T) {
	t.Parallel()
	j := newJob(3)
	poison(t, j, 1)
	if j.Out() != 0 || j.Aside() != 1 || j.Tasks[1].Phase != job.Aside {
		t.Fatalf("out %d, aside %d, phase %d", j.Out(), j.Aside(), j.Tasks[1].Phase)
	}
	if only, _ := j.OnlyAside(); only {
		t.Error("others are left")
	}
	finish(j, 0, 0, 0)
	finish(j, 2, 2, 0)
	if only, given := j.OnlyAside(); !only || given {
		t.Errorf("only it is left: %v, given up: %v", only, given)
	}
	j.Discard(1)
	j.Discard(1)
	if _, given := j.OnlyAside(); !given {
		t.Error("it is given up")
	}
	if !j.Replay(1) || j.Aside() != 0 || j.Tasks[1].Phase != job.Waiting {
		t.Errorf("a replay takes it up again: aside %d, phase %d", j.Aside(), j.Tasks[1].Phase)
	}
	if j.Replay(1) {
		t.Error("what waits already is not put in its queue again")
	}
	poison(t, j, 1)
	j.Close(func(string) bool { return false })
	c := j.Counts()
	if c.Failed != 1 || c.NotReached != 1 || j.Tasks[1].Kind != contract.KindInternal || j.Out() != 0 {
		t.Errorf("at the end: %+v, kind %s", c, j.Tasks[1].Kind)
	}
}

func TestALateLetterChangesNothing(t *testing.T) {
	t.Parallel()
	j := newJob(2)
	j.Release(0, false, now)
	claimed := contract.TaskRecord{State: contract.Claimed, Attempt: 1, Claim: &contract.Claim{}}
	j.Record(0, 1, &claimed)
	finish(j, 1, 1, 0)
	for range 2 * job.MaxLetters {
		if j.SetAside(0) || j.SetAside(1) {
			t.Fatal("it waits though it has gone on")
		}
	}
	if j.Aside() != 0 || j.Claims() != 1 {
		t.Errorf("aside %d, claims %d", j.Aside(), j.Claims())
	}
}

func TestAClaimEndsTheWaiting(t *testing.T) {
	t.Parallel()
	j := newJob(1)
	poison(t, j, 0)
	claimed := contract.TaskRecord{State: contract.Claimed, Attempt: 1, Claim: &contract.Claim{}}
	if !j.Record(0, 1, &claimed) || j.Aside() != 0 || j.Claims() != 1 || j.Out() != 1 {
		t.Errorf("aside %d, claims %d, out %d", j.Aside(), j.Claims(), j.Out())
	}
}

func TestAWaveOfWhichOnlyDeadLettersAreLeftDoesNotWaitForTheWavesAfterIt(t *testing.T) {
	t.Parallel()
	j := waved(contract.Rollout{})
	j.Enter(&contract.WaveProgress{Number: 1, State: contract.WaveStarted})
	poison(t, j, 0)
	if only, _ := j.OnlyAside(); only {
		t.Error("the other of its wave is left")
	}
	finish(j, 1, 1, 0)
	if only, _ := j.OnlyAside(); !only || j.Due(now) != nil {
		t.Error("nothing else of the wave is left, and the next must not begin")
	}
}
