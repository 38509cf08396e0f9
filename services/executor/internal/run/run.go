// Package run works on one claimed task: it logs in, runs the commands, and says how it ended.
//
// It never touches the device past the claim's exclusive time, and stops at a safe point when the job is stopped: at
// once while reading, between two commands otherwise. It writes nothing: the caller records what it returns.
package run

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/credential"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/ledger"
	"github.com/netrust/netrust/libs/netconfig/redact"
	"github.com/netrust/netrust/services/executor/internal/live"
	"github.com/netrust/netrust/services/executor/internal/measure"
	"github.com/netrust/netrust/services/executor/internal/session"
)

// Lease is the right to work on the device.
type Lease interface {
	// Check returns an error when an effect that takes at most need must not begin now.
	Check(now time.Time, need time.Duration) error
	// ExclusiveUntil is when work on the device must have stopped.
	ExclusiveUntil() time.Time
	session.Lease
}

// Runner runs tasks. It is safe for concurrent use.
type Runner struct {
	Drivers     *driver.Registry
	Credentials credential.Provider
	// HostKeys gives the host key store for a policy; HostKeyPolicy is the policy of devices that state none.
	HostKeys      func(policy string) driver.HostKeys
	HostKeyPolicy string
	// AgentSocket is the Unix socket of the SSH agent for credentials that ask for one; empty: there is none.
	AgentSocket    string
	ConnectTimeout time.Duration
	// Sessions keeps sessions open between tasks; nil keeps none.
	Sessions *session.Pool
	// MaxOutput bounds what is kept of one task's output, in bytes.
	MaxOutput int64
	// KeepsRaw says that raw output can be kept, which needs a key to encrypt it to.
	KeepsRaw bool
	// Live publishes what devices print as it comes, where somebody follows; nil: nobody is told.
	Live *live.Hub
	// Meters measures logins and commands; nil for nobody.
	Meters *measure.Meters
	// Proved is told of a task that is a probe and got into its device, by a login or a session that was open, beside the
	// commands; nil: nobody is.
	Proved func(ctx context.Context, t *contract.Task, reused bool)
}

// Causes of a context that ended early.
var (
	ErrStopped  = errors.New("the job was stopped")
	ErrShutdown = errors.New("the executor had to end")
)

// Stop tells a running task that its job takes no more work: closed when so.
type Stop <-chan struct{}

// Report is what was done on the device.
type Report struct {
	Outputs []contract.CommandOutput
	// Raw are the outputs as the device printed them, without durations, where the task asked for them. They hold secrets.
	Raw     []contract.CommandOutput
	Started time.Time
	Ended   time.Time
	// Sent says that at least one command was sent; Changed that one that is not known to only read was.
	Sent    bool
	Changed bool
	// Done is how many commands ended well.
	Done   int
	Err    error
	redact *redact.Redactor
	// secrets are those that redact knows; login is how the device was got into, reused that a session was open that it began with.
	secrets []string
	login   contract.Login
	reused  bool
}

// Login says how the attempt got into the device, or nil when it did not come so far.
func (r *Report) Login() *contract.Login {
	if r.login == (contract.Login{}) {
		return nil
	}
	return &r.login
}

// Run does the task. ctx bounds it as a whole.
func (r *Runner) Run(ctx context.Context, t *contract.Task, lease Lease, stop Stop) Report {
	rep := Report{Started: time.Now().UTC(), redact: redact.New(t.Target.Platform)}
	deadline := time.Now().Add(time.Duration(t.DeviceTimeoutMS) * time.Millisecond)
	if until := lease.ExclusiveUntil(); until.Before(deadline) {
		deadline = until // the claim waited long to be written
	}
	ctx, cancel := context.WithDeadlineCause(ctx, deadline, driver.ErrOutOfTime)
	defer cancel()
	ctx, abort := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	if t.ReadOnly || t.Repeatable {
		watching.Go(func() { abort(watch(ctx, t, lease, stop)) })
	}
	logins, told := &driver.Logins{}, sync.WaitGroup{}
	if t.Probe && r.Proved != nil {
		logins.In = sync.OnceFunc(func() { told.Go(func() { r.Proved(ctx, t, false) }) })
	}
	rep.Err = r.work(driver.RecordLogins(ctx, logins), t, lease, stop, &rep)
	told.Wait()
	rep.login.Method, rep.login.Attempts = logins.Method(), logins.Attempts()
	rep.login.Reused = rep.reused && rep.login.Attempts == 0
	abort(nil)
	watching.Wait()
	rep.Ended = time.Now().UTC()
	return rep
}

// watchEvery is how often a running task asks whether others may take it over.
const watchEvery = 500 * time.Millisecond

// watch returns why a task must be cut off at once: its job was stopped, and cutting off a read harms nothing; or its
// executor may be taken for dead, and another may be about to begin with the task. It returns nil when ctx ends.
func watch(ctx context.Context, t *contract.Task, lease Lease, stop Stop) error {
	if !t.ReadOnly {
		stop = nil // half a change is worse than a late stop: it ends between two commands
	}
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-stop:
			return ErrStopped
		case <-ticker.C:
		}
		var expired *ledger.ExpiredError
		if err := lease.Check(time.Now(), 0); t.Repeatable && errors.As(err, &expired) && expired.Silent {
			return err
		}
	}
}

func (r *Runner) work(ctx context.Context, t *contract.Task, lease Lease, stop Stop, rep *Report) error {
	if t.KeepRaw && !r.KeepsRaw {
		return errNoRawKey
	}
	a, err := r.access(ctx, t, rep)
	if err != nil {
		return err
	}
	d, err := r.Drivers.Driver(t.Target.Platform)
	if err != nil {
		return err
	}
	d = r.Meters.Driver(d)
	use, err := r.open(ctx, a, d, t, lease, firstNeed(ctx, t, a.target.ConnectTimeout))
	if err != nil && r.refreshed(ctx, a, t, rep, err) {
		use, err = r.open(ctx, a, d, t, lease, atMost(ctx, a.target.ConnectTimeout))
	}
	if err != nil {
		return err
	}
	rep.reused = use.Reused()
	defer use.Close()
	if t.Probe && r.Proved != nil && use.Reused() {
		var told sync.WaitGroup
		defer told.Wait()
		told.Go(func() { r.Proved(ctx, t, true) })
	}
	return r.commands(ctx, t, a, use, lease, stop, rep)
}

// open takes the session that was kept, or logs in, if there is the time that is needed.
func (r *Runner) open(
	ctx context.Context, a *access, d driver.Driver, t *contract.Task, lease Lease, need time.Duration,
) (*session.Use, error) {
	if err := lease.Check(time.Now(), need); err != nil {
		return nil, err
	}
	return r.Sessions.Take(ctx, session.Request{
		Device: session.Device{Site: t.Site, ID: t.DeviceID}, Target: a.target, Driver: d, Commands: t.Commands,
		Policy: r.policies(t), Keep: t.Target.Options.Keeps(), Check: !t.Repeatable, MaxSessions: t.Target.Options.MaxSessions, NoLogin: t.NoLogin, Lease: lease,
	})
}

// commands runs them in order. One that the device rejects ends the task, unless all of them only read: then the others
// still give their answers.
func (r *Runner) commands(ctx context.Context, t *contract.Task, a *access, s *session.Use, lease Lease, stop Stop, rep *Report) error {
	timeout := time.Duration(t.CommandTimeoutMS) * time.Millisecond
	room := r.MaxOutput
	var rejected error
	printed := r.Live.Output(t, t.Attempt)
	defer printed.Close()
	for i, text := range t.Commands {
		select {
		case <-stop:
			return ErrStopped
		default:
		}
		if err := lease.Check(time.Now(), atMost(ctx, timeout)); err != nil {
			return err
		}
		rep.Sent = true
		rep.Changed = rep.Changed || !t.ReadOnly
		running, step := r.Meters.Command(ctx, t)
		if step.Shown() {
			step.Show(shown(t, rep, text))
		}
		command := driver.Command{Text: text, Timeout: timeout}
		if printed != nil {
			printed.Begin(i, text, rep.redact)
			command.Sink, command.Again = printed.Lines, printed.Again
		}
		out, err := s.Run(running, command)
		if s.MayReopen(err, t.Repeatable) {
			if err := r.reopen(ctx, t, a, s, lease, rep); err != nil {
				step.Done(err)
				return err
			}
			out, err = s.Run(running, command)
		}
		step.Done(err)
		printed.End()
		kept, cut := keep(out.Text, room)
		room -= int64(len(kept))
		rep.Outputs = append(rep.Outputs, contract.CommandOutput{
			Command: rep.redact.Command(text), Output: rep.redact.Text(kept), DurationMS: out.Duration.Milliseconds(),
			Truncated: out.Truncated || cut, Failed: err != nil,
		})
		if t.KeepRaw {
			rep.Raw = append(rep.Raw, contract.CommandOutput{
				Command: text, Output: kept, Truncated: out.Truncated || cut, Failed: err != nil,
			})
		}
		if err == nil {
			rep.Done++
			continue
		}
		if !t.ReadOnly || !errors.As(err, new(*driver.RejectedError)) || !s.Alive() {
			return err
		}
		if rejected == nil {
			rejected = err
		}
	}
	return rejected
}

// shown is what a trace says of a command: the redacted text of one that only reads, and of others the first word, since what
// follows may hold a secret that no rule knows.
func shown(t *contract.Task, rep *Report, text string) string {
	if t.ReadOnly {
		return rep.redact.Command(text)
	}
	word, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	if rest != "" {
		word += " …"
	}
	return word
}

// reopen opens a session in place of one that the device had dropped. Until it stands nothing has been sent.
func (r *Runner) reopen(ctx context.Context, t *contract.Task, a *access, s *session.Use, lease Lease, rep *Report) error {
	sent, changed := rep.Sent, rep.Changed
	rep.Sent, rep.Changed = false, false
	if err := lease.Check(time.Now(), atMost(ctx, a.target.ConnectTimeout)); err != nil {
		return err
	}
	err := s.Reopen(ctx, a.target)
	if err != nil && r.refreshed(ctx, a, t, rep, err) {
		err = s.Reopen(ctx, a.target)
	}
	if err == nil {
		rep.Sent, rep.Changed = sent, changed
	}
	return err
}

// firstNeed is the time that must be left for a task to begin: for a login, or, where a half-done task could not be repeated,
// for all of it. A claim that waited long for NATS to be written may leave less.
func firstNeed(ctx context.Context, t *contract.Task, connect time.Duration) time.Duration {
	if t.Repeatable || t.ReadOnly {
		return atMost(ctx, connect)
	}
	all := connect + time.Duration(len(t.Commands))*time.Duration(t.CommandTimeoutMS)*time.Millisecond
	return min(all, time.Duration(t.DeviceTimeoutMS)*time.Millisecond)
}

// atMost is how long a step can take: its own time, or what is left of the attempt's. A step that asks for more than it can
// take would never begin where the device's time is shorter than a login's.
func atMost(ctx context.Context, step time.Duration) time.Duration {
	if end, ok := ctx.Deadline(); ok {
		return min(step, max(0, time.Until(end)))
	}
	return step
}

// keep cuts text to what there is room for, at the end of a line where there is one.
func keep(text string, room int64) (string, bool) {
	if int64(len(text)) <= room {
		return text, false
	}
	text = text[:max(room, 0)]
	if i := strings.LastIndexByte(text, '\n'); i >= 0 {
		text = text[:i]
	}
	return strings.ToValidUTF8(text, ""), true
}
