package run_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/ledger"
	"github.com/netrust/netrust/services/executor/internal/run"
)

func TestOutputsComeInOrderAndWithoutSecrets(t *testing.T) {
	t.Parallel()
	d := &device{run: func(_ context.Context, n int, c driver.Command) (driver.Output, error) {
		return driver.Output{Text: "the password is hunter2-is-long\n", Duration: time.Duration(n) * time.Millisecond}, nil
	}}
	rep := runner(t, d, credentials{}).Run(t.Context(), task(reads, "show one", "show two"), lease{}, nil)
	if rep.Err != nil || len(rep.Outputs) != 2 || rep.Done != 2 || rep.Changed || !rep.Sent {
		t.Fatalf("the report is %+v", rep)
	}
	for i, o := range rep.Outputs {
		if o.Command != []string{"show one", "show two"}[i] || o.DurationMS != int64(i+1) || strings.Contains(o.Output, "hunter2") {
			t.Errorf("output %d is %+v", i, o)
		}
	}
	if d.closed != 1 || d.target.Username != "netops" || d.target.Password.Reveal() != "hunter2-is-long" {
		t.Errorf("closed %d times; logged in as %s", d.closed, d.target.Username)
	}
}

func TestOutputIsBounded(t *testing.T) {
	t.Parallel()
	d := &device{run: func(context.Context, int, driver.Command) (driver.Output, error) {
		return driver.Output{Text: strings.Repeat("a line\n", 100)}, nil // 700 bytes of 1,000
	}}
	rep := runner(t, d, credentials{}).Run(t.Context(), task(reads, "show one", "show two", "show three"), lease{}, nil)
	total := 0
	for i, o := range rep.Outputs {
		total += len(o.Output)
		if o.Truncated != (i > 0) {
			t.Errorf("output %d is truncated: %v", i, o.Truncated)
		}
	}
	if total > 1000 || total < 900 || rep.Err != nil {
		t.Errorf("%d bytes were kept, %v; want at most 1,000", total, rep.Err)
	}
}

func TestARejectedReadDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	rejects := func(_ context.Context, n int, c driver.Command) (driver.Output, error) {
		if n == 1 {
			return driver.Output{Text: "% Invalid input"}, &driver.RejectedError{Words: "% Invalid input"}
		}
		return driver.Output{Text: "an answer"}, nil
	}
	for n, want := range map[nature]int{reads: 3, repeatable: 1, once: 1} {
		d := &device{run: rejects}
		rep := runner(t, d, credentials{}).Run(t.Context(), task(n, "a", "b", "c"), lease{}, nil)
		if len(d.sent) != want || !errors.As(rep.Err, new(*driver.RejectedError)) || !rep.Outputs[0].Failed {
			t.Errorf("nature %d: %d commands were sent, %v; want %d", n, len(d.sent), rep.Err, want)
		}
	}
	gone := &device{run: rejects, dead: true}
	if runner(t, gone, credentials{}).Run(t.Context(), task(reads, "a", "b"), lease{}, nil); len(gone.sent) != 1 {
		t.Errorf("%d commands were sent into a dead session", len(gone.sent))
	}
}

// waits is a device whose first command takes until its context ends.
func waits(begun chan<- struct{}) *device {
	return &device{run: func(ctx context.Context, n int, c driver.Command) (driver.Output, error) {
		if n > 1 {
			return driver.Output{}, nil
		}
		close(begun)
		select {
		case <-ctx.Done():
			return driver.Output{}, driver.EndedError(ctx, driver.Target{DeviceID: "r1"}, driver.StageCommand, 0)
		case <-time.After(2 * time.Second):
			return driver.Output{Text: "it ended by itself"}, nil
		}
	}}
}

func TestAStoppedJobCutsOffReadsAndLetsOthersEndTheirCommand(t *testing.T) {
	t.Parallel()
	for n, name := range []string{"a read is cut off", "what may be repeated ends its command", "what may not be repeated, too"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun, stop := make(chan struct{}), make(chan struct{})
			go func() { <-begun; close(stop) }()
			d, job := waits(begun), task(nature(n))
			rep := runner(t, d, credentials{}).Run(t.Context(), job, lease{}, stop)
			if !errors.Is(rep.Err, run.ErrStopped) || len(d.sent) != 1 {
				t.Fatalf("got %v after %d commands", rep.Err, len(d.sent))
			}
			if cut := rep.Done == 0; cut != (nature(n) == reads) {
				t.Errorf("the command was cut off: %v", cut)
			}
			o := run.Decide(job, 1, &rep, time.Now(), half)
			if o.Result == nil || o.Result.State != contract.TaskCancelled || o.Result.Error.Kind != contract.KindCancelled {
				t.Errorf("decided %+v", o.Result)
			}
		})
	}
}

func TestWhatOthersMayTakeOverIsCutOff(t *testing.T) {
	t.Parallel()
	silent := lease{check: func(need time.Duration) error {
		if need == 0 { // asked while the command runs
			return &ledger.ExpiredError{Until: time.Now(), Why: "no sign of life", Silent: true}
		}
		return nil
	}}
	for n, want := range map[nature]string{reads: "free", repeatable: "free", once: "succeeded"} {
		begun := make(chan struct{})
		job := task(n)
		rep := runner(t, waits(begun), credentials{}).Run(t.Context(), job, silent, nil)
		if got := decided(t, run.Decide(job, 1, &rep, time.Now(), half)); got != want {
			t.Errorf("nature %d: got %s (%v); want %s", n, got, rep.Err, want)
		}
	}
}

func TestNothingOutlastsTheDeviceTimeoutAndTheClaim(t *testing.T) {
	t.Parallel()
	for name, l := range map[string]lease{"the device timeout": {}, "the claim": {until: time.Now().Add(300 * time.Millisecond)}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			job := task(once)
			if l.until.IsZero() {
				job.DeviceTimeoutMS = 300
			}
			rep := runner(t, waits(make(chan struct{})), credentials{}).Run(t.Context(), job, l, nil)
			if rep.Err == nil || rep.Done != 0 {
				t.Fatalf("the command went on: %v", rep.Err)
			}
			if o := run.Decide(job, 1, &rep, time.Now(), half); o.Result == nil || o.Result.State != contract.TaskUncertain || o.Result.Error.Kind != contract.KindTimeout {
				t.Errorf("decided %+v", o.Result)
			}
		})
	}
}

func TestSummaryIsTheFirstLineThatSaysSomething(t *testing.T) {
	t.Parallel()
	for output, want := range map[string]string{
		"":                                   "",
		"\n\n---\nCisco IOS Software,  C800": "Cisco IOS Software, C800",
		"hostname\nUptime is 3 days":         "Uptime is 3 days",
		"alone":                              "alone",
		strings.Repeat("wide word ", 100):    strings.TrimSpace(strings.Repeat("wide word ", 20)),
	} {
		d := &device{run: func(context.Context, int, driver.Command) (driver.Output, error) {
			return driver.Output{Text: output}, nil
		}}
		job := task(reads, "show version")
		r := runner(t, d, credentials{})
		r.MaxOutput = 1 << 20
		rep := r.Run(t.Context(), job, lease{}, nil)
		if got := run.Decide(job, 1, &rep, time.Now(), half).Result.Summary; strings.TrimSpace(got) != want {
			t.Errorf("of %.40q: %q; want %q", output, got, want)
		}
	}
}

func TestATaskThatMayNotBeRepeatedBeginsOnlyWithItsWholeTimeAhead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		nature nature
		left   time.Duration
		begins bool
	}{
		{"once, with all its time", once, 20 * time.Second, true},
		{"once, after its claim waited long for NATS", once, 8 * time.Second, false}, // a login and two commands may take 11
		{"repeatable, after its claim waited long", repeatable, 8 * time.Second, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := &device{}
			l := lease{until: time.Now().Add(c.left), check: func(need time.Duration) error {
				if need > c.left {
					return &ledger.ExpiredError{Until: time.Now().Add(c.left)}
				}
				return nil
			}}
			job := task(c.nature)
			rep := runner(t, d, credentials{}).Run(t.Context(), job, l, nil)
			if (len(d.sent) > 0) != c.begins {
				t.Fatalf("sent %v; %v", d.sent, rep.Err)
			}
			if out := run.Decide(job, 1, &rep, time.Now(), func() float64 { return 0 }); !c.begins && (out.Delay == nil || out.Started) {
				t.Errorf("a task that did not begin gives %+v", out)
			}
		})
	}
}
