package engine_test

import (
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
)

func TestTwiceTheSlotsAreOutAndNoMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.devices("s1", "", 30)
	w.devices("s2", "", 30)
	w.lead()
	c := w.crew("x", 3, 1, "s1")
	w.crew("y", 2, 1, "s2")
	w.submit("j")
	at := func() map[string]int {
		out := map[string]int{}
		for _, task := range w.quiet() {
			out[task.Site]++
		}
		return out
	}
	if got := at(); got["s1"] != 6 || got["s2"] != 4 {
		t.Fatalf("%v are out; want 6 and 4", got)
	}
	var first contract.Task
	for _, task := range w.released() {
		if task.Site == "s1" {
			first = task
		}
	}
	lease := c.claim(first)
	if got := at(); got["s1"] != 6 {
		t.Errorf("%v are out; a claim makes no room", got)
	}
	if err := lease.Finish(t.Context(), result("")); err != nil {
		t.Fatal(err)
	}
	if got := at(); got["s1"] != 7 || got["s2"] != 4 {
		t.Errorf("%v are out; an end makes room for one at its site", got)
	}
}

func TestADeviceHasOneTaskOutAndHidesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.devices("s1", "", 4)
	w.lead()
	c := w.crew("x", 100, 1)
	w.submit("first")
	first := c.next(4)
	w.submit("second")
	w.state("second", contract.JobRunning)
	if n := len(w.quiet()); n != 4 {
		t.Fatalf("%d are out for 4 devices", n)
	}
	c.finish(first[2], "") // the third device alone comes free
	if next := c.next(1)[0]; next.JobID != "second" || next.DeviceID != first[2].DeviceID {
		t.Errorf("released %s of %s; want the device that came free", next.DeviceID, next.JobID)
	} else {
		c.finish(next, "")
	}
	for _, i := range []int{0, 1, 3} {
		c.finish(first[i], "")
	}
	w.ended("first")
	if e := c.work("second"); e.State != contract.JobSucceeded {
		t.Errorf("the second ended as %s", e.State)
	}
}

func TestPriorityAndTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.devices("low", "", 6)
	w.devices("normal1", "", 40)
	w.devices("normal2", "", 40)
	w.devices("high", "", 6)
	w.lead()
	for job, p := range map[string]contract.Priority{
		"low": contract.PriorityLow, "normal1": contract.PriorityNormal, "normal2": contract.PriorityNormal, "high": contract.PriorityHigh,
	} {
		w.submit(job, func(s *contract.JobSpec) {
			s.Priority, s.Targets = p, contract.TargetSelector{Tags: []string{job}}
		})
		w.state(job, contract.JobRunning)
	}
	c := w.crew("x", 2, 1) // only now is there anyone to release for
	for _, job := range []string{"high", "normal1", "normal2", "low"} {
		if e := c.work(job); e.State != contract.JobSucceeded {
			t.Errorf("job %s ended as %s", job, text(e))
		}
	}
	var order []string
	for _, task := range w.released() {
		order = append(order, task.JobID)
	}
	count := map[string]int{}
	for i, job := range order {
		count[job]++
		switch {
		case i < 6 && job != "high":
			t.Fatalf("release %d is of %s: %v", i, job, order)
		case i == 6+39 && (count["normal1"] < 10 || count["normal2"] < 10):
			t.Errorf("of the first 40 of two equal jobs one got %v", count)
		case i >= len(order)-6 && job != "low":
			t.Fatalf("release %d of %d is of %s: %v", i, len(order), job, order)
		}
	}
}

func TestUrgentTasksDoNotWaitForNormalOnes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.devices("many", "", 50)
	w.devices("few", "", 5)
	w.lead()
	c := w.crew("x", 4, 8)
	w.submit("normal", func(s *contract.JobSpec) { s.Targets = contract.TargetSelector{Tags: []string{"many"}} })
	c.next(8) // the window of the normal ones is full, and stays so
	w.submit("urgent", func(s *contract.JobSpec) {
		s.Priority, s.Targets = contract.PriorityUrgent, contract.TargetSelector{Tags: []string{"few"}}
	})
	for _, task := range c.next(5) {
		if task.JobID != "urgent" || task.Class != contract.Urgent {
			t.Fatalf("released %s of class %s", task.JobID, task.Class)
		}
		c.finish(task, "")
	}
	if e := w.ended("urgent"); e.State != contract.JobSucceeded {
		t.Errorf("the urgent job ended as %s", text(e))
	}
}

func TestParallelLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.devices("s", "", 30)
	w.lead()
	c := w.crew("x", 100, 1)
	w.submit("j", func(s *contract.JobSpec) { s.Limits.Parallel = 4 })
	for done := 0; done < 30; done++ {
		if done == 0 || done == 10 {
			if n := len(w.quiet()); n != done+4 {
				t.Fatalf("%d are out after %d have ended; want 4", n-done, done)
			}
		}
		c.finish(c.next(1)[0], "")
	}
	if e := w.ended("j"); e.State != contract.JobSucceeded || e.Counts.Succeeded != 30 {
		t.Errorf("ended as %s", text(e))
	}
}

func TestAReleaseThatNobodyClaimsIsRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.UnclaimedAfter = 300 * time.Millisecond
	w.devices("s", "", 2)
	w.lead()
	c := w.crew("x", 10, 1)
	w.submit("j")
	first := c.next(2)
	again := c.next(2)
	if again[0].TaskSeq != first[0].TaskSeq || again[0].Attempt != 1 {
		t.Errorf("released again as %s", text(again[0]))
	}
	for _, task := range again {
		c.finish(task, "")
	}
	if e := w.ended("j"); e.Counts.Succeeded != 2 {
		t.Errorf("ended as %s", text(e))
	}
}

func TestADelayedTaskIsReleasedWhenItIsDue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.devices("s", "", 1)
	w.lead()
	c := w.crew("x", 10, 1)
	w.submit("j")
	due := time.Now().Add(600 * time.Millisecond)
	lease := c.claim(c.next(1)[0])
	if err := lease.Delay(t.Context(), contract.Delay{Reason: "busy", NotBefore: due}, true); err != nil {
		t.Fatal(err)
	}
	again := c.next(1)[0]
	if again.Attempt != 2 || again.ReleasedAt.Before(due) {
		t.Errorf("attempt %d was released at %s; it was due at %s", again.Attempt, again.ReleasedAt, due)
	}
	c.finish(again, "")
	w.ended("j")
}
