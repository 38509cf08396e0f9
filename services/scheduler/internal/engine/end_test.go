package engine_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/kvstore"
	"github.com/netrust/netrust/libs/ledger"
	"github.com/netrust/netrust/services/scheduler/internal/engine"
)

func TestCancel(t *testing.T) {
	t.Parallel()

	t.Run("before there is room to plan it", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.config.MaxTasks = 1
		w.devices("s", "", 2)
		w.lead()
		w.submit("first")
		w.state("first", contract.JobRunning)
		w.submit("second")
		w.cancel("second")
		if e := w.ended("second"); e.State != contract.JobCancelled || e.Counts.Total != 0 || e.Stopping == nil || e.Stopping.By != "bob" {
			t.Errorf("ended as %s", text(e))
		}
	})
	t.Run("while nothing has been claimed", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.devices("s", "", 5)
		w.lead()
		c := w.crew("x", 10, 1)
		w.submit("j")
		late := c.next(5)[0]
		w.cancel("j")
		if e := w.ended("j"); e.State != contract.JobCancelled || e.Counts.Cancelled != 5 || e.Counts.NotReached != 5 {
			t.Errorf("ended as %s", text(e))
		}
		if _, err := c.holder.Claim(t.Context(), &late, nil, time.Now()); err == nil {
			t.Error("a task was claimed after the job had ended")
		}
		if s, err := w.conn.State(t.Context(), contract.StreamTasks); err != nil || s.Messages != 0 {
			t.Errorf("%d released tasks are left, %v", s.Messages, err)
		}
	})
	t.Run("while one is at work: it ends first", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.devices("s", "", 5)
		w.lead()
		c := w.crew("x", 10, 1)
		w.submit("j")
		lease := c.claim(c.next(1)[0])
		w.cancel("j")
		w.await("the gate to close", func() bool {
			_, err := ledger.OpenGate(t.Context(), w.conn, "j", time.Now())
			return err != nil
		})
		w.quiet()
		events := w.told("j")
		if e := events[len(events)-1]; e.State != contract.JobRunning || e.Stopping == nil {
			t.Errorf("the job is %s while a task is at work", text(e))
		}
		if err := lease.Finish(t.Context(), result("")); err != nil {
			t.Fatal(err)
		}
		if e := w.ended("j"); e.State != contract.JobCancelled || e.Counts.Succeeded != 1 || e.Counts.Cancelled != 4 {
			t.Errorf("ended as %s", text(e))
		}
	})
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.devices("served", "", 2)
	w.devices("alone", "", 1)
	w.lead()
	w.crew("x", 10, 1, "served")
	w.submit("j", func(s *contract.JobSpec) {
		s.Limits = contract.Limits{CommandTimeoutMS: 100, DeviceTimeoutMS: 200, DeadlineMS: 700}
	})
	e := w.ended("j")
	if e.State != contract.JobFailed || e.Stopping == nil || e.Stopping.Kind != contract.KindDeadline || e.Counts.Cancelled != 3 {
		t.Errorf("ended as %s", text(e))
	}
	missed := notReached(t, w, e)
	if missed["served.000"] != contract.KindDeadline || missed["alone.000"] != contract.KindNoExecutor {
		t.Errorf("not reached: %v", missed)
	}
}

func notReached(t *testing.T, w *world, e contract.JobEvent) map[string]contract.ErrorKind {
	t.Helper()
	if e.NotReached == nil {
		t.Fatalf("no list of devices that were not reached: %s", text(e))
	}
	data, err := w.conn.GetObject(t.Context(), *e.NotReached, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	var list contract.NotReached
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	out := map[string]contract.ErrorKind{}
	for _, d := range list.Devices {
		out[d.DeviceID] = d.Kind
	}
	return out
}

func TestDryRunTouchesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.MaxTasks = 5 // dry runs must not use it up for ever
	w.devices("s", "", 3)
	w.lead()
	c := w.crew("x", 10, 1)
	for _, id := range []string{"dry1", "dry2", "dry3"} {
		w.submit(id, func(s *contract.JobSpec) { s.DryRun = true })
		e := w.ended(id)
		if e.State != contract.JobSucceeded || e.Counts.Skipped != 3 || e.Counts.Total != 3 {
			t.Errorf("ended as %s", text(e))
		}
		if planned := w.state(id, contract.JobPlanned); planned.Manifest == nil || planned.Targets != 3 {
			t.Errorf("planned as %s", text(planned))
		}
	}
	if n := len(w.released()); n != 0 {
		t.Errorf("%d tasks were released", n)
	}
	w.submit("wet")
	if e := c.work("wet"); e.Counts.Succeeded != 3 {
		t.Errorf("the job after it ended as %s", text(e))
	}
}

func TestRejected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.devices("s", "", 1)
	w.lead()
	for id, change := range map[string]func(*contract.JobSpec){
		"nothing-matches": func(s *contract.JobSpec) { s.Targets = contract.TargetSelector{Tags: []string{"none"}} },
		"no-commands":     func(s *contract.JobSpec) { s.Commands = nil },
		"not-known":       func(s *contract.JobSpec) { s.Targets = contract.TargetSelector{NotReachedOf: "nobody"} },
	} {
		w.submit(id, change)
		e := w.ended(id)
		if e.State != contract.JobRejected || len(e.Problems) == 0 || e.Problems[0].Field == "" || e.Reason == "" {
			t.Errorf("%s ended as %s", id, text(e))
		}
		s, err := kvstore.Open[contract.JobSummary](w.conn, contract.BucketJobs).Get(t.Context(), contract.JobSummaryKey(id))
		if err != nil || s.Value.State != contract.JobRejected {
			t.Errorf("the summary of %s is %+v, %v", id, s.Value, err)
		}
	}
}

func TestARetryRunsWhatWasNotReached(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.devices("s", "", 4)
	w.lead()
	c := w.crew("x", 10, 1)
	w.submit("first")
	for i, task := range c.next(4) {
		c.finish(task, []contract.ErrorKind{"", contract.KindUnreachable, contract.KindRejected, contract.KindHostKey}[i])
	}
	e := w.ended("first")
	if e.State != contract.JobFailed || e.Counts.NotReached != 2 {
		t.Fatalf("ended as %s", text(e))
	}
	missed := notReached(t, w, e)
	w.submit("again", func(s *contract.JobSpec) {
		s.RetryOf, s.Targets = "first", contract.TargetSelector{NotReachedOf: "first"}
	})
	for _, task := range c.next(2) {
		if _, ok := missed[task.DeviceID]; !ok || task.JobID != "again" {
			t.Errorf("the retry runs on %s, which was reached", task.DeviceID)
		}
		c.finish(task, "")
	}
	if e := w.ended("again"); e.State != contract.JobSucceeded || e.Counts.Total != 2 {
		t.Errorf("the retry ended as %s", text(e))
	}
}

func TestALostExecutorIsRecovered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.devices("s", "", 2)
	w.lead()
	victim := w.crew("victim", 10, 1)
	w.submit("j")
	for _, task := range victim.next(2) {
		victim.claim(task)
	}
	medic := w.crew("medic", 10, 1)
	for i := range w.released() {
		medic.done[i] = true // claimed already
	}
	_ = victim.leave()
	e := medic.work("j")
	if e.State != contract.JobSucceeded || e.Counts.Succeeded != 2 {
		t.Errorf("ended as %s", text(e))
	}
	for _, task := range w.released()[2:] {
		if !task.Recover || task.Attempt != 2 || len(task.Commands) == 0 {
			t.Errorf("released %s; want a recovery that can be run", text(task))
		}
	}
}

func TestTheNextLeaderGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.devices("s", "", 20)
	w.lead()
	c := w.crew("x", 5, 1)
	w.submit("j")
	w.submit("waiting", func(s *contract.JobSpec) { s.Priority = contract.PriorityLow })
	w.submit("cancelled", func(s *contract.JobSpec) { s.Priority = contract.PriorityLow })
	var held []*ledger.Lease
	for i, task := range c.next(6) {
		switch i % 3 {
		case 0:
			c.finish(task, "")
		case 1:
			held = append(held, c.claim(task))
		}
	}
	_ = w.end()
	for _, lease := range held { // results come while nobody leads
		if err := lease.Finish(t.Context(), result("")); err != nil {
			t.Fatal(err)
		}
	}
	w.cancel("cancelled")
	w.config.Incarnation = "second"
	w.lead()
	if e := c.work("j"); e.State != contract.JobSucceeded || e.Counts.Succeeded != 20 {
		t.Errorf("ended as %s", text(e))
	}
	if e := c.work("waiting"); e.State != contract.JobSucceeded || e.Counts.Succeeded != 20 {
		t.Errorf("the waiting job ended as %s", text(e))
	}
	if e := c.work("cancelled"); e.State != contract.JobCancelled {
		t.Errorf("the cancelled job ended as %s", text(e))
	}
	for _, id := range []string{"j", "waiting", "cancelled"} {
		events := w.told(id)
		for i, e := range events {
			if e.State.Ended() && i != len(events)-1 {
				t.Errorf("job %s goes on after its end: %s", id, text(events))
			}
		}
	}
}

func TestALeaderThatReadsAnothersEventEndsItsTerm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.MaxTasks = 1
	w.devices("s", "", 2)
	w.lead()
	w.submit("first")
	w.state("first", contract.JobRunning)
	w.submit("second") // waits for room
	data, err := json.Marshal(contract.JobEvent{JobID: "second", State: contract.JobRunning, At: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.conn.Publish(t.Context(), bus.Message{
		Subject: contract.JobEventSubject("second"), Data: data, Type: contract.TypeJobEvent, ID: "another", Expect: bus.Seq(0),
	})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-w.term:
		if !errors.Is(err, engine.ErrDeposed) {
			t.Errorf("the term ended with %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Error("the term goes on")
	}
	w.quiet()
	if events := w.told("second"); len(events) > 1 {
		t.Errorf("it wrote about a job that another runs: %s", text(events))
	}
}
