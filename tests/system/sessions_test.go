package system

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/netrust/netrust/lab"
	"github.com/netrust/netrust/libs/contract"
)

// fleet is two executors and devices that count their sessions.
type sessions struct {
	*Cluster
	lab     *Lab
	devices int
	jobs    int
}

func startSessions(t *testing.T, devices int, seed string, env ...string) *sessions {
	t.Helper()
	l := StartLab(t, "--devices", fmt.Sprint(devices), "--seed", seed, "--max-sessions", "5",
		"--platforms", "cisco_ios,arista_eos,juniper_junos,cisco_nxos,frr")
	s := &sessions{lab: l, devices: devices}
	s.Cluster = Start(t, Options{Schedulers: 1, Executors: 2, Env: l.Env, ExecutorEnv: append([]string{
		"NETRUST_EXECUTOR_NORMAL_SLOTS=32", "NETRUST_EXECUTOR_CONNECT_TIMEOUT=10s",
	}, env...)})
	s.API.Import(t, l.Inventory)
	return s
}

// begin submits a job that reads on every device.
func (s *sessions) begin(t *testing.T) string {
	t.Helper()
	s.jobs++
	return s.API.Submit(t, fmt.Sprint("job-", s.jobs), contract.JobSpec{
		Kind: contract.JobKindCommand, Targets: contract.TargetSelector{All: true}, Commands: []string{"show version"},
		Limits: contract.Limits{Parallel: 300, DeadlineMS: 120_000}, Retry: contract.RetryPolicy{Attempts: 5, BackoffMS: 100, MaxBackoffMS: 500},
	}).ID
}

// succeeds waits until every device has answered.
func (s *sessions) succeeds(t *testing.T, id string) {
	t.Helper()
	if job := s.API.Await(t, id, 2*time.Minute); job.Counts.Succeeded != s.devices {
		t.Fatalf("the job is %s, %s: %+v", job.State, job.Reason, job.Counts)
	}
}

// total sums what the devices counted, and fails when one of them saw more than most sessions at once.
func (s *sessions) total(t *testing.T, most int) (sum lab.Counts) {
	t.Helper()
	for id, c := range s.lab.Counts(t) {
		if c.SessionsMax > most {
			t.Errorf("%s saw %d sessions at once", id, c.SessionsMax)
		}
		sum.LoginsOK += c.LoginsOK
		sum.SessionsOpen += c.SessionsOpen
	}
	return sum
}

// TestNoDeviceEverSeesASecondSession runs jobs on 300 devices by two executors, which keep their sessions open: they hand them
// over, are paused, drained and killed.
func TestNoDeviceEverSeesASecondSession(t *testing.T) {
	t.Parallel()
	s := startSessions(t, 300, "601", "NETRUST_EXECUTOR_LIVENESS_TTL=9s")
	for range 3 {
		s.succeeds(t, s.begin(t))
	}
	sum := s.total(t, 1)
	if sum.SessionsOpen != s.devices || sum.LoginsOK < s.devices || sum.LoginsOK >= 3*s.devices {
		t.Errorf("after three jobs %d sessions are open, after %d logins", sum.SessionsOpen, sum.LoginsOK)
	}
	t.Logf("three jobs took %d logins", sum.LoginsOK)

	// A short pause: the other waits for an answer, or does other devices first.
	first := s.Executors[0]
	if err := first.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	id := s.begin(t)
	<-time.After(time.Second)
	if err := first.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	s.succeeds(t, id)
	s.total(t, 1)

	// Killed while idle, and in the middle of a job.
	first.Kill()
	s.succeeds(t, s.begin(t))
	if sum := s.total(t, 1); sum.SessionsOpen != s.devices {
		t.Errorf("the other executor has %d sessions", sum.SessionsOpen)
	}
	first.Start(t)
	Eventually(t, 20*time.Second, "the executor is back", first.Ready)
	s.succeeds(t, s.begin(t))
	id = s.begin(t)
	first.Kill()
	s.succeeds(t, id)
	s.total(t, 1)

	// Drained: its sessions are gone with it.
	first.Start(t)
	Eventually(t, 20*time.Second, "the executor is back", first.Ready)
	s.succeeds(t, s.begin(t))
	if err := s.Executors[1].Stop(); err != nil {
		t.Errorf("the second executor ended with %v", err)
	}
	s.succeeds(t, s.begin(t))
	if sum := s.total(t, 1); sum.SessionsOpen != s.devices {
		t.Errorf("the first executor has %d sessions", sum.SessionsOpen)
	}
	if err := first.Stop(); err != nil {
		t.Errorf("the first executor ended with %v", err)
	}
	Eventually(t, 10*time.Second, "no session is left", func() error {
		if sum := s.total(t, 1); sum.SessionsOpen != 0 {
			return fmt.Errorf("%d are open", sum.SessionsOpen)
		}
		return nil
	})
}

// TestAPausedExecutorsSessionsAreGivenUp pauses an executor for longer than it is believed alive. Nobody but the paused process
// can close its connections: its devices see a second session until it goes on, and never a third.
func TestAPausedExecutorsSessionsAreGivenUp(t *testing.T) {
	t.Parallel()
	s := startSessions(t, 40, "602")
	s.succeeds(t, s.begin(t))
	first := s.Executors[0]
	if err := first.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	s.succeeds(t, s.begin(t)) // after the paused one's time
	s.total(t, 2)
	if err := first.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	Eventually(t, 20*time.Second, "the paused executor has closed what it had", func() error {
		if sum := s.total(t, 2); sum.SessionsOpen > s.devices {
			return fmt.Errorf("%d sessions are open on %d devices", sum.SessionsOpen, s.devices)
		}
		return nil
	})
	s.succeeds(t, s.begin(t))
	s.total(t, 2)
}
