package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
)

func rollout(r contract.Rollout) func(*contract.JobSpec) {
	return func(s *contract.JobSpec) { s.Rollout = r }
}

// waves lists what the events say of a job's waves.
func (w *world) waves(id string) (list []string) {
	for _, e := range w.told(id) {
		if e.Wave != nil {
			list = append(list, fmt.Sprintf("%d %s", e.Wave.Number, e.Wave.State))
		}
	}
	return list
}

func TestAWaveBeginsWhenTheOneBeforeHasEndedAndItsPauseIsOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.devices("s", "", 10)
	w.lead()
	c := w.crew("x", 100, 1)
	w.submit("j", rollout(contract.Rollout{
		Canary: contract.Canary{Count: 1}, Batches: []contract.Batch{{Count: 4}, {Count: 5}}, PauseMS: 700,
	}))
	canary := c.next(1)
	if len(w.quiet()) != 1 || canary[0].DeviceID != "s.000" {
		t.Fatalf("the canary is %s", text(canary))
	}
	if planned := w.state("j", contract.JobPlanned); len(planned.Waves) != 3 || planned.Waves[1] != (contract.Wave{Name: "batch 1", Targets: 4}) {
		t.Errorf("planned as %s", text(planned.Waves))
	}
	c.finish(canary[0], "")
	second := c.next(4)
	w.mu.Lock()
	pause := w.events["j"][len(w.events["j"])-2].Wave
	w.mu.Unlock()
	if pause == nil || second[0].ReleasedAt.Before(pause.PauseUntil) {
		t.Errorf("the second wave was released at %s, in the pause %s", second[0].ReleasedAt, text(pause))
	}
	for _, task := range second[:3] {
		c.finish(task, "")
	}
	if n := len(w.quiet()); n != 5 {
		t.Errorf("%d tasks are out while one of the second wave is not done; want 5", n)
	}
	c.finish(second[3], "")
	if e := c.work("j"); e.State != contract.JobSucceeded || e.Counts.Succeeded != 10 {
		t.Errorf("ended as %s", text(e))
	}
	if got := strings.Join(w.waves("j"), ", "); got != "1 started, 1 ended, 2 started, 2 ended, 3 started" {
		t.Errorf("the events say %s", got)
	}
}

// The leader dies in the pause; the next one goes on where the log says, and waits no shorter.
func TestTheNextLeaderKeepsThePause(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.devices("s", "", 4)
	w.lead()
	c := w.crew("x", 100, 1)
	w.submit("j", rollout(contract.Rollout{Canary: contract.Canary{Count: 1}, PauseMS: 2500}))
	c.finish(c.next(1)[0], "")
	w.await("the end of the first wave", func() bool { return len(w.waves("j")) == 2 })
	_ = w.end()
	w.config.Incarnation = "second"
	w.lead()
	told := w.told("j")
	rest := c.next(3)
	for _, task := range rest {
		if until := told[len(told)-1].Wave.PauseUntil; task.ReleasedAt.Before(until) {
			t.Errorf("released at %s; the pause lasts until %s", task.ReleasedAt, until)
		}
		c.finish(task, "")
	}
	if e := w.ended("j"); e.State != contract.JobSucceeded {
		t.Errorf("ended as %s", text(e))
	}
	if got := strings.Join(w.waves("j"), ", "); got != "1 started, 1 ended, 2 started" {
		t.Errorf("the events say %s", got)
	}

	// One that takes over within a wave puts out the rest of it, and nothing of the next.
	w.submit("k", rollout(contract.Rollout{Batches: []contract.Batch{{Count: 2}}}))
	first := c.next(2)
	c.finish(first[0], "")
	_ = w.end()
	w.config.Incarnation = "third"
	w.lead()
	for _, task := range w.quiet() {
		if task.JobID == "k" && task.DeviceID != first[0].DeviceID && task.DeviceID != first[1].DeviceID {
			t.Errorf("%s of the second wave is out", task.DeviceID)
		}
	}
	for i := range c.released() {
		if !c.done[i] {
			c.done[i] = c.released()[i].DeviceID != first[1].DeviceID
		}
	}
	if e := c.work("k"); e.State != contract.JobSucceeded {
		t.Errorf("ended as %s", text(e))
	}
}

func TestTheFailureThresholdStopsTheJobBeforeTheNextWave(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.devices("s", "", 10)
	w.lead()
	c := w.crew("x", 100, 1)
	w.submit("j", rollout(contract.Rollout{Batches: []contract.Batch{{Count: 4}}, FailureThreshold: contract.Threshold{Count: 2}}))
	var leases []*ledger.Lease
	for _, task := range c.next(4) {
		leases = append(leases, c.claim(task))
	}
	for i, lease := range leases { // those in hand end
		if err := lease.Finish(t.Context(), result(map[bool]contract.ErrorKind{true: contract.KindRejected}[i < 2])); err != nil {
			t.Fatal(err)
		}
	}
	e := w.ended("j")
	if e.State != contract.JobFailed || e.Stopping == nil || e.Stopping.Kind != contract.KindThreshold || e.Counts.NotReached != 6 || e.Counts.Succeeded != 2 ||
		!strings.Contains(e.Reason, "2 of 10 devices failed, which is the failure threshold (2)") {
		t.Errorf("ended as %s", text(e))
	}
	if n := len(w.released()); n != 4 {
		t.Errorf("%d tasks were put out; want those of the first wave", n)
	}
	// What was not reached is run by a retry, in its waves.
	w.submit("retry", func(s *contract.JobSpec) {
		s.Targets, s.RetryOf = contract.TargetSelector{NotReachedOf: "j"}, "j"
		s.Rollout.Batches = []contract.Batch{{Count: 4}}
	})
	if e := c.work("retry"); e.State != contract.JobSucceeded || e.Counts.Total != 6 {
		t.Errorf("the retry ended as %s", text(e))
	}
}

func TestLimitsKeepTasksBackAndHideNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.MaxPerSite = 8
	w.devices("s1", "", 12, func(i int, d *contract.Device) { d.RedundancyGroup = []string{"a", "b", ""}[i%3] })
	w.devices("s2", "", 12, func(i int, d *contract.Device) { d.Platform = "arista_eos" })
	w.devices("unserved", "", 6)
	w.lead()
	c := w.crew("x", 100, 1, "s1", "s2")
	served := func(s *contract.JobSpec) {
		s.Targets = contract.TargetSelector{Labels: "site in (s1,s2)"}
	}
	for _, step := range []struct {
		id     string
		limits contract.Limits
		s1, s2 int
	}{
		{"groups", contract.Limits{PerGroup: 1}, 4 + 2, 8}, // and the fleet's limit per site
		{"sites", contract.Limits{PerSite: 3}, 3, 3},
		{"platforms", contract.Limits{PerPlatform: 2}, 2, 2},
		{"domains", contract.Limits{PerDomain: 1}, 8, 8},
	} {
		step.limits.Parallel, step.limits.AuthFailures = 1000, 10
		before := len(w.released())
		w.submit(step.id, served, func(s *contract.JobSpec) { s.Limits = step.limits })
		w.await("the first release", func() bool { return len(w.released()) > before })
		out := w.quiet()[before:]
		if a, b := len(at(out, "s1")), len(at(out, "s2")); a != step.s1 || b != step.s2 {
			t.Errorf("%s: %d and %d are out; want %d and %d", step.id, a, b, step.s1, step.s2)
		}
		if e := c.work(step.id); e.State != contract.JobSucceeded || e.Counts.Succeeded != 24 {
			t.Errorf("%s ended as %s", step.id, text(e))
		}
	}

	// A platform's only place is not held by tasks of a site that nobody serves.
	w.submit("all", func(s *contract.JobSpec) { s.Limits.PerPlatform = 1 })
	for served := range 24 {
		for _, task := range c.next(1) {
			c.finish(task, "")
			if task.Site == "unserved" {
				t.Errorf("release %d is of a site that nobody serves", served)
			}
		}
	}
	w.cancel("all")
	if e := w.ended("all"); e.Counts.Succeeded != 24 {
		t.Errorf("ended as %s", text(e))
	}
}
