package run_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/ledger"
	"github.com/netrust/netrust/services/executor/internal/run"
)

// what a case ends with, for each nature of task: a state, "again" for another attempt that counts, or "free" for one that
// does not.
type ends [3]string

func half() float64 { return 0.5 }

// decided says in a word what was decided, and checks what must hold of any decision.
func decided(t *testing.T, o run.Outcome) string {
	t.Helper()
	if (o.Result == nil) == (o.Delay == nil) {
		t.Fatalf("both or neither of result and delay: %+v", o)
	}
	switch {
	case o.Result != nil && (o.Result.Error == nil) == (o.Result.State != contract.TaskSucceeded):
		t.Fatalf("a %s with the error %v", o.Result.State, o.Result.Error)
	case o.Result != nil && o.Result.Error != nil && (o.Result.Error.Message == "" || o.Result.Error.Effect == ""):
		t.Fatalf("an error without message or effect: %+v", o.Result.Error)
	case o.Result != nil:
		return string(o.Result.State)
	case o.Delay.Reason == "":
		t.Fatal("a delay without a reason")
	case o.Started:
		return "again"
	}
	return "free"
}

func TestDecide(t *testing.T) {
	t.Parallel()
	at := func(err error) func(*device) { // at the login
		return func(d *device) { d.open = func(context.Context) error { return err } }
	}
	in := func(n int, err error) func(*device) { // in command n
		return func(d *device) {
			d.run = func(_ context.Context, k int, c driver.Command) (driver.Output, error) {
				if k == n {
					return driver.Output{Text: "half an answer"}, err
				}
				return driver.Output{Text: "an answer"}, nil
			}
		}
	}
	lost := in(1, &driver.UnreachableError{DeviceID: "r1", Stage: driver.StageCommand, Err: errCause})
	slow := in(1, &driver.TimeoutError{DeviceID: "r1", Stage: driver.StageCommand})
	torn := in(1, &driver.AmbiguousError{DeviceID: "r1", Stage: driver.StageCommand})
	shut := in(1, &driver.CancelledError{DeviceID: "r1", Stage: driver.StageCommand, Err: run.ErrShutdown})
	cases := []struct {
		name    string
		attempt int
		make    func(*device)
		want    ends // reads, repeatable, once
	}{
		{"all is well", 1, func(*device) {}, ends{"succeeded", "succeeded", "succeeded"}},
		{"nobody answers at the address", 1, at(&driver.UnreachableError{Stage: driver.StageDial, Err: errCause}), ends{"again", "again", "again"}},
		{"and not at the last attempt either", 3, at(&driver.UnreachableError{Stage: driver.StageDial, Err: errCause}), ends{"failed", "failed", "failed"}},
		{"the device has no free session", 1, at(&driver.BusyError{Err: errCause}), ends{"again", "again", "again"}},
		{"the login takes too long", 1, at(&driver.TimeoutError{Stage: driver.StagePrompt}), ends{"again", "again", "again"}},
		{"the login is refused", 1, at(&driver.AuthenticationError{Err: errCause}), ends{"failed", "failed", "failed"}},
		{"the host key is another", 1, at(&driver.HostKeyError{Reason: driver.HostKeyChanged}), ends{"failed", "failed", "failed"}},
		{"the driver refuses to try", 1, at(&driver.RefusedError{Err: errCause}), ends{"failed", "failed", "failed"}},
		{"the connection is lost in a command", 1, lost, ends{"again", "again", "uncertain"}},
		{"and again at the last attempt", 3, lost, ends{"failed", "uncertain", "uncertain"}},
		{"a command takes too long", 1, slow, ends{"again", "again", "uncertain"}},
		{"and again at the last attempt, too", 3, slow, ends{"failed", "uncertain", "uncertain"}},
		{"the device cannot be understood", 1, torn, ends{"again", "again", "uncertain"}},
		{"the device rejects a command", 1, in(1, &driver.RejectedError{Words: "% Invalid input"}), ends{"failed", "failed", "failed"}},
		{"it rejects one that it began with", 1, in(1, &driver.RejectedError{Words: "% Failed", Parsed: true}), ends{"failed", "failed", "failed"}},
		{"the second command finds it busy", 1, in(2, &driver.BusyError{Err: errCause}), ends{"again", "again", "failed"}},
		{"the second command is lost", 1, in(2, &driver.UnreachableError{Stage: driver.StageCommand, Err: errCause}), ends{"again", "again", "uncertain"}},
		{"the executor ends before the login", 1, at(&driver.CancelledError{Stage: driver.StageDial, Err: run.ErrShutdown}), ends{"free", "free", "free"}},
		{"the executor ends in a command", 1, shut, ends{"free", "free", "uncertain"}},
		{"an error that is nobody's", 1, in(1, errCause), ends{"failed", "uncertain", "uncertain"}},
	}
	for _, c := range cases {
		for n, want := range c.want {
			t.Run(fmt.Sprintf("%s, nature %d", c.name, n), func(t *testing.T) {
				t.Parallel()
				d := &device{}
				c.make(d)
				job := task(nature(n))
				rep := runner(t, d, credentials{}).Run(t.Context(), job, lease{}, nil)
				if got := decided(t, run.Decide(job, c.attempt, &rep, time.Now(), half)); got != want {
					t.Errorf("got %s; want %s", got, want)
				}
			})
		}
	}
}

func TestDecideAfterTheClaimEnds(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		silent bool
		checks int // how many answers of yes before the no
		want   ends
	}{
		{"before the login", false, 0, ends{"free", "free", "free"}},
		{"before the first command", false, 1, ends{"free", "free", "free"}},
		{"before the second command, for want of time", false, 2, ends{"failed", "failed", "failed"}},
		{"before the second command, for want of a sign of life", true, 2, ends{"free", "free", "failed"}},
	}
	for _, c := range cases {
		for n, want := range c.want {
			t.Run(fmt.Sprintf("%s, nature %d", c.name, n), func(t *testing.T) {
				t.Parallel()
				checks, d, job := 0, &device{}, task(nature(n))
				l := lease{check: func(need time.Duration) error {
					if need == 0 {
						return nil // asked beside the work
					}
					if checks++; checks > c.checks {
						return &ledger.ExpiredError{Until: time.Now(), Why: "a test", Silent: c.silent}
					}
					return nil
				}}
				rep := runner(t, d, credentials{}).Run(t.Context(), job, l, nil)
				o := run.Decide(job, 1, &rep, time.Now(), half)
				if got := decided(t, o); got != want {
					t.Errorf("got %s; want %s", got, want)
				}
				if want := max(0, c.checks-1); len(d.sent) != want {
					t.Errorf("%d commands were sent; want %d", len(d.sent), want)
				}
				if o.Result != nil && nature(n) != reads && o.Result.Error.Effect != contract.EffectPossible {
					t.Error("what the first command did is denied")
				}
			})
		}
	}
}

func TestDelays(t *testing.T) {
	t.Parallel()
	unreachable := &driver.UnreachableError{Stage: driver.StageDial, Err: errCause}
	d := &device{open: func(context.Context) error { return unreachable }}
	job := task(once)
	job.Retry.Attempts = 10
	rep := runner(t, d, credentials{}).Run(t.Context(), job, lease{}, nil)
	now := time.Now()
	for attempt, want := range map[int]time.Duration{1: 500 * time.Millisecond, 2: time.Second, 3: 2 * time.Second, 4: 2 * time.Second, 9: 2 * time.Second} {
		if got := run.Decide(job, attempt, &rep, now, half).Delay.NotBefore.Sub(now); got != want {
			t.Errorf("after attempt %d it waits %s; want %s, half of the bound", attempt, got, want)
		}
	}
	job.Deadline = now.Add(100 * time.Millisecond)
	if o := run.Decide(job, 1, &rep, now, half); o.Result == nil || o.Result.Error.Kind != contract.KindUnreachable {
		t.Errorf("an attempt behind the job's deadline is planned: %+v", o.Delay)
	}
}

func TestCredentialThatCannotBeResolved(t *testing.T) {
	t.Parallel()
	d, job := &device{}, task(once)
	rep := runner(t, d, credentials{errors.New("no variable LAB_PASSWORD")}).Run(t.Context(), job, lease{}, nil)
	o := run.Decide(job, 1, &rep, time.Now(), half)
	if o.Result == nil || o.Result.State != contract.TaskFailed || o.Result.Error.Kind != contract.KindCredential || o.Result.Error.Effect != contract.EffectNone || o.Result.Error.Remedy == "" {
		t.Errorf("decided %+v", o)
	}
}
