package sshdriver

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/driver/cli"
	"github.com/netrust/netrust/libs/driver/platform"
	"github.com/netrust/netrust/libs/driver/sshtransport"
)

// session implements [driver.Session]. The mutex guards the fields that Close and Alive look at; running guards the wire.
type session struct {
	driver *Driver
	target driver.Target

	running sync.Mutex
	byExec  bool   // reads run without a terminal; only Run looks at it after Open
	resumed bool   // no command was sent in this use yet: what is lost now was lost before
	typed   bool   // something else than a read was sent
	home    string // the prompt that the terminal began with

	mu     sync.Mutex
	conn   *sshtransport.Conn
	stream *sshtransport.Stream
	shell  *cli.Channel
	closed bool
}

// Run implements [driver.Session].
func (s *session) Run(ctx context.Context, c driver.Command) (driver.Output, error) {
	if err := s.check(c.Text); err != nil {
		return driver.Output{}, &driver.RefusedError{DeviceID: s.target.DeviceID, Err: err}
	}
	if !s.running.TryLock() {
		return driver.Output{}, &driver.BusyError{DeviceID: s.target.DeviceID, Address: s.target.Address,
			Reason: "another command runs in this session"}
	}
	defer s.running.Unlock()
	if s.isClosed() {
		return driver.Output{}, &driver.RefusedError{DeviceID: s.target.DeviceID, Err: driver.ErrSessionClosed}
	}
	started := time.Now()
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = within(ctx, c.Timeout)
		defer cancel()
	}
	out, err := s.run(ctx, c, started)
	out.Duration = time.Since(started)
	var no *driver.RejectedError
	if err != nil && !errors.As(err, &no) {
		_ = s.Close()
	}
	return out, err
}

// check refuses what must never be typed. On a device's command line a question mark is a key, not a character.
func (s *session) check(command string) error {
	if err := platform.CheckCommand(command); err != nil {
		return err
	}
	if s.driver.platform.Name != platform.GenericSSH && strings.Contains(command, "?") {
		return &platform.CommandError{Reason: "it has a question mark, which asks the device for help instead of running anything"}
	}
	return nil
}

func (s *session) run(ctx context.Context, c driver.Command, started time.Time) (driver.Output, error) {
	read := platform.ReadOnly(s.driver.platform.Name, c.Text)
	if s.resumed && !s.Alive() {
		return driver.Output{}, s.lost(nil)
	}
	resumed := s.resumed
	s.resumed, s.typed = false, s.typed || !read
	if s.byExec && read {
		out, done, err := s.runExec(ctx, c, started)
		if done {
			return out, err
		}
		if resumed && errors.Is(err, sshtransport.ErrNoExec) && !s.Alive() {
			return driver.Output{}, s.lost(err)
		}
	}
	if s.shell == nil {
		if err := s.openTerminal(ctx); err != nil {
			return driver.Output{}, err
		}
		started = time.Now()
	}
	defer context.AfterFunc(ctx, s.hangUp)()
	result, err := s.shell.Run(ctx, c.Text, c.Sink)
	out := driver.Output{Text: result.Text, Truncated: result.Cut}
	if errors.Is(err, cli.ErrNotSent) && ctx.Err() == nil {
		return out, s.lost(err)
	}
	return out, s.verdict(ctx, out.Text, read, started, err)
}

// openTerminal turns a session that ran reads by exec into one with a terminal, over a new connection where the device
// ended the old one.
func (s *session) openTerminal(ctx context.Context) error {
	s.byExec = false
	ctx, cancel := within(ctx, s.target.ConnectTimeout)
	defer cancel()
	if s.driver.platform.Exec == platform.ExecSingle || !s.Alive() {
		s.disconnect()
		if err := s.connect(ctx); err != nil {
			return err
		}
	}
	return s.openShell(ctx)
}

// verdict says in driver's words how a command ended.
func (s *session) verdict(ctx context.Context, text string, read bool, started time.Time, err error) error {
	t := s.target
	var q *cli.Question
	var step *cli.StepError
	switch {
	case err == nil:
		if words, parsed, rejected := s.driver.definition.Rejection(text, read); rejected {
			return &driver.RejectedError{DeviceID: t.DeviceID, Words: clip(words), Parsed: parsed}
		}
		return nil
	case ctx.Err() != nil:
		return driver.EndedError(ctx, t, driver.StageCommand, time.Since(started))
	case errors.As(err, &q):
		return &driver.RejectedError{DeviceID: t.DeviceID, Words: clip(q.Line), Question: true, Parsed: true}
	case errors.As(err, &step):
		return &driver.AmbiguousError{DeviceID: t.DeviceID, Address: t.Address, Stage: driver.StageCommand, Reason: step.Reason}
	default:
		return &driver.UnreachableError{DeviceID: t.DeviceID, Address: t.Address, Stage: driver.StageCommand, Err: err}
	}
}

// clip bounds a device's words for an error's text.
func clip(words string) string {
	const most = 2000
	if len(words) <= most {
		return words
	}
	return strings.ToValidUTF8(words[:most], "") + " …"
}

// Prompt implements [driver.Session].
func (s *session) Prompt() string {
	s.running.Lock()
	defer s.running.Unlock()
	if s.shell == nil {
		return ""
	}
	return s.shell.Prompt()
}
