package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/kvstore"
)

// proveLogin tells the engine that an attempt got in, as executors do for a probe.
func (w *world) proveLogin(t contract.Task) {
	w.Helper()
	p := contract.LoginProof{JobID: t.JobID, DeviceID: t.DeviceID, Attempt: t.Attempt, At: time.Now().UTC()}
	bucket := kvstore.Open[contract.LoginProof](w.conn, contract.BucketExec)
	if _, err := bucket.Create(w.Context(), contract.LoginKey(t.JobID, t.DeviceID), p, time.Minute); err != nil {
		w.Fatal(err)
	}
}

func at(tasks []contract.Task, site string) (out []contract.Task) {
	for _, task := range tasks {
		if task.Site == site {
			out = append(out, task)
		}
	}
	return out
}

func TestOneLoginAtATimeUntilOneSucceeds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.devices("s1", "unproven", 20)
	w.devices("s2", "other", 20)
	w.lead()
	c := w.crew("x", 100, 1)
	w.submit("j", func(s *contract.JobSpec) { s.Limits.AuthFailures = 2 })
	out := w.quiet()
	if a, b := at(out, "s1"), at(out, "s2"); len(a) != 1 || len(b) != 1 || !a[0].Probe || a[0].MaxLogins != 2 {
		t.Fatalf("%d and %d logins are out, the first with %d; want one of each domain, with 2", len(a), len(b), a[0].MaxLogins)
	}
	c.finish(at(out, "s1")[0], contract.KindAuthentication)
	// The other domain opens before the task there has ended.
	lease := c.claim(at(out, "s2")[0])
	w.proveLogin(at(out, "s2")[0])
	out = w.quiet()
	if a, b := at(out, "s1"), at(out, "s2"); len(a) != 2 || a[1].MaxLogins != 1 || len(b) != 20 || b[1].Probe {
		t.Errorf("%d logins were put out after a refused one, %d after one that succeeded; want one more, and all", len(a), len(b))
	}
	if err := lease.Finish(t.Context(), result("")); err != nil {
		t.Fatal(err)
	}
	c.finish(at(out, "s1")[1], contract.KindAuthentication)
	e := w.ended("j")
	if e.State != contract.JobFailed || e.Stopping == nil || e.Stopping.Kind != contract.KindBreaker || e.Counts.Failed != 2 ||
		e.Counts.Succeeded != 1 || e.Counts.NotReached != e.Counts.Failed+e.Counts.Cancelled {
		t.Errorf("ended as %s", text(e))
	}
	if n := len(at(w.released(), "s1")); n != 2 {
		t.Errorf("%d logins were put out with a wrong password; want 2", n)
	}

	// What one job was told, the next knows, and so does the next leader.
	w.submit("again", func(s *contract.JobSpec) {
		s.Limits.AuthFailures = 2
		s.Targets = contract.TargetSelector{Tags: []string{"s1"}}
	})
	if e := w.ended("again"); e.State != contract.JobFailed || e.Counts.Cancelled != 20 || !strings.Contains(e.Reason, "limits.auth_failures 3") {
		t.Errorf("the next job ended as %s", text(e))
	}
	_ = w.end()
	w.config.Incarnation = "second"
	w.lead()
	w.submit("third", func(s *contract.JobSpec) {
		s.Limits.AuthFailures = 2
		s.Targets = contract.TargetSelector{Tags: []string{"s1"}}
	})
	if e := w.ended("third"); e.Counts.Cancelled != 20 {
		t.Errorf("with another leader the next job ended as %s", text(e))
	}
	if n := len(at(w.released(), "s1")); n != 2 {
		t.Errorf("%d logins were put out with a wrong password; want 2", n)
	}
	before := len(w.released())
	for i := range before {
		c.done[i] = true
	}
	w.submit("corrected", func(s *contract.JobSpec) {
		s.Limits.AuthFailures = 3
		s.Targets = contract.TargetSelector{Tags: []string{"s1"}}
	})
	if e := c.work("corrected"); e.State != contract.JobSucceeded {
		t.Errorf("with one more allowed the job ended as %s", text(e))
	}
}

func TestFirstLoginsOfTwoJobsWaitForEachOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.devices("s", "tacacs", 20)
	w.lead()
	c := w.crew("x", 100, 100)
	w.submit("first")
	one := c.next(1)[0]
	w.submit("second", func(s *contract.JobSpec) { s.Priority = contract.PriorityUrgent })
	w.state("second", contract.JobRunning)
	if out := w.quiet(); len(out) != 1 {
		t.Fatalf("%d first logins are out; want one", len(out))
	}
	c.finish(one, "")
	if e := c.work("second"); e.State != contract.JobSucceeded {
		t.Errorf("ended as %s", text(e))
	}
	if e := c.work("first"); e.State != contract.JobSucceeded {
		t.Errorf("ended as %s", text(e))
	}
}

func TestLoginsKeepTheirPace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.devices("s1", "slow", 12)
	w.devices("s2", "", 12)
	w.lead()
	c := w.crew("x", 100, 1)
	w.submit("j", func(s *contract.JobSpec) { s.Limits.LoginsPerMinute = 600 })
	began := time.Now()
	if e := c.work("j"); e.State != contract.JobSucceeded {
		t.Fatalf("ended as %s", text(e))
	}
	if took := time.Since(began); took < 11*100*time.Millisecond {
		t.Errorf("12 logins at 600 per minute took %s", took)
	}
	var last time.Time
	for _, task := range at(w.released(), "s1") {
		if gap := task.ReleasedAt.Sub(last); gap < 45*time.Millisecond {
			t.Errorf("a login came %s after the one before", gap)
		}
		last = task.ReleasedAt
	}
	w.config.LoginsPerMinute = 600
	_ = w.end()
	w.lead()
	began = time.Now()
	w.submit("all", func(s *contract.JobSpec) { s.Targets = contract.TargetSelector{Tags: []string{"s1"}} })
	if e := c.work("all"); e.State != contract.JobSucceeded || time.Since(began) < 11*100*time.Millisecond {
		t.Errorf("with a pace for all jobs the job took %s and ended as %s", time.Since(began), text(e))
	}
}

// Devices with an open session are worked on at once in a job of which no login has succeeded; one whose session is gone
// is given back, and is then the first login.
func TestOpenSessionsDoNotWaitForAFirstLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.devices("s", "tacacs", 6)
	w.lead()
	c := w.crew("x", 100, 1)
	w.submit("first")
	for range 6 {
		lease := c.claim(c.next(1)[0])
		lease.Leave([]string{"x"})
		if err := lease.Finish(t.Context(), result("")); err != nil {
			t.Fatal(err)
		}
	}
	w.ended("first")
	w.submit("second")
	out := c.next(6)
	for i, task := range out {
		if !task.NoLogin || task.Probe {
			t.Errorf("release %d may log in", i)
		}
	}
	back := c.claim(out[0])
	if err := back.Delay(t.Context(), contract.Delay{Reason: "not started", NotBefore: time.Now(), NeedsLogin: true}, false); err != nil {
		t.Fatal(err)
	}
	if again := c.next(1)[0]; again.DeviceID != out[0].DeviceID || again.NoLogin || !again.Probe {
		t.Errorf("what was given back is released as %s", text(again))
	}
	w.cancel("second")
	w.ended("second")
}
