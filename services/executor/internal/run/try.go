package run

import (
	"context"
	"errors"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/driver"
)

// Trial is a login that nothing was done with.
type Trial struct {
	Login    contract.Login
	Prompt   string // the device's, redacted
	Duration time.Duration
	// HostKey is the one that was not known, when that was the fault.
	HostKey *driver.HostKeyError
	Error   *contract.TaskError // nil when the login worked
}

// Try logs in to a task's device once, as the task would, with a terminal, and out again. Its credentials are not asked for
// anew when the login is refused.
func (r *Runner) Try(ctx context.Context, t *contract.Task) Trial {
	rep := &Report{}
	logins := &driver.Logins{}
	started := time.Now()
	prompt, err := r.try(driver.RecordLogins(ctx, logins), t, rep)
	trial := Trial{Login: contract.Login{Method: logins.Method(), Attempts: logins.Attempts()}, Duration: time.Since(started)}
	if err != nil {
		rep.Err = err
		trial.HostKey = unknownKey(err)
		trial.Error, _ = taskError(t, rep)
		return trial
	}
	trial.Prompt = rep.redact.Text(prompt)
	return trial
}

func (r *Runner) try(ctx context.Context, t *contract.Task, rep *Report) (prompt string, err error) {
	a, err := r.access(ctx, t, rep)
	if err != nil {
		return "", err
	}
	d, err := r.Drivers.Driver(t.Target.Platform)
	if err != nil {
		return "", err
	}
	s, err := d.Open(ctx, a.target, driver.OpenOptions{Terminal: true})
	if err != nil {
		return "", err
	}
	return s.Prompt(), s.Close()
}

// unknownKey is the host key that somebody could decide about, if the error is that it is not known.
func unknownKey(err error) *driver.HostKeyError {
	var fault *driver.HostKeyError
	if errors.As(err, &fault) && fault.Reason == driver.HostKeyUnknown {
		return fault
	}
	return nil
}
