package engine_test

import (
	"testing"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
)

// loseTasks takes the task stream away, as a server does that is started anew. Others may have made it again before the
// scheduler looks.
func (w *world) loseTasks(again bool) {
	w.Helper()
	if err := w.conn.JetStream().DeleteStream(w.Context(), contract.StreamTasks); err != nil {
		w.Fatal(err)
	}
	if again {
		if err := w.conn.EnsureInMemory(w.Context()); err != nil {
			w.Fatal(err)
		}
	}
}

func TestWhatTheServerLostIsReleasedAgain(t *testing.T) {
	t.Parallel()
	for name, again := range map[string]bool{"the stream is missing": false, "an executor made it again first": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.config.UnclaimedAfter = time.Hour
			w.devices("s1", "", 12)
			w.lead()
			c := w.crew("x", 3, 1)
			w.submit("j")
			first := c.next(6)
			held := c.claim(first[0])
			w.quiet()
			w.loseTasks(again)
			back := map[string]bool{}
			for _, task := range c.next(5) { // all but the one that was claimed
				back[task.DeviceID] = true
			}
			for _, task := range first[1:] {
				if !back[task.DeviceID] {
					t.Errorf("%s was lost and not released again", task.DeviceID)
				}
			}
			if back[first[0].DeviceID] {
				t.Errorf("%s was released again though it is claimed", first[0].DeviceID)
			}
			for i := range w.released() {
				c.done[i] = false // work takes them all, repeats too
			}
			if err := held.Finish(t.Context(), result("")); err != nil {
				t.Fatal(err)
			}
			if e := c.work("j"); e.State != contract.JobSucceeded || e.Counts.Succeeded != 12 {
				t.Errorf("the job ended as %s", text(e))
			}
		})
	}
}

func TestARecoveryThatTheServerLostIsReleasedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.UnclaimedAfter = time.Hour
	w.devices("s1", "", 1)
	w.lead()
	c := w.crew("x", 1, 1)
	w.submit("j", func(s *contract.JobSpec) { s.Repeatable = true })
	c.claim(c.next(1)[0])
	if err := c.leave(); err == nil {
		t.Fatal("the holder ended without a reason")
	}
	d := w.crew("y", 1, 1)
	if r := d.next(2)[1]; !r.Recover {
		t.Fatalf("released %s; want a recovery", text(r))
	}
	w.loseTasks(false)
	if r := d.next(1)[0]; !r.Recover {
		t.Fatalf("released %s; want the recovery again", text(r))
	}
	for i := range w.released() {
		d.done[i] = false
	}
	if e := d.work("j"); e.State != contract.JobSucceeded {
		t.Errorf("the job ended as %s", text(e))
	}
}

func TestClaimedTasksDoNotFillTheTaskStream(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.devices("s1", "", 600)
	w.lead()
	c := w.crew("x", 20, 1)
	w.submit("j")
	first := c.next(1)[0] // waits, and all behind it stays
	state := func() bus.StreamState {
		s, err := w.conn.State(t.Context(), contract.StreamTasks)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for range 500 {
		c.finish(c.next(1)[0], "")
	}
	if s := state(); s.FirstSeq != 1 {
		t.Fatalf("the stream begins at %d: a task that waits was purged", s.FirstSeq)
	}
	c.finish(first, "")
	w.await("the claimed ones to be purged", func() bool { return state().Messages < 256 })
	if e := c.work("j"); e.State != contract.JobSucceeded || e.Counts.Succeeded != 600 {
		t.Errorf("the job ended as %s", text(e))
	}
}
