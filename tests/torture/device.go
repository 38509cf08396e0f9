package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/netrust/netrust/libs/credential"
	"github.com/netrust/netrust/libs/driver"
)

// The beginnings of the commands that the devices know. Each ends with the job and the command's number, so that a device
// knows for which job an effect is.
const (
	verbRead  = "show running-config | include " // in the grammar of reads
	verbAgain = "set-mark "                      // the job says that it may be repeated
	verbOnce  = "add-mark "                      // may not be repeated
)

func deviceID(i int) string { return fmt.Sprintf("dev.%04d", i) }

func commandText(verb, job string, k int) string { return verb + job + "-" + strconv.Itoa(k) }

// parseCommand gives the job and number of a command, and whether it may be repeated.
func parseCommand(text string) (job string, k int, repeatable bool, err error) {
	for verb, may := range map[string]bool{verbRead: true, verbAgain: true, verbOnce: false} {
		if rest, ok := strings.CutPrefix(text, verb); ok {
			job, number, _ := strings.Cut(rest, "-")
			k, err := strconv.Atoi(number)
			return job, k, may, err
		}
	}
	return "", 0, false, fmt.Errorf("no device knows the command %q", text)
}

// devices is the driver of all devices: it records what reaches them.
type devices struct {
	rec *recorder
	// alive says whether this process is surely believed alive: what the runner asks, too.
	alive func() error
}

// Platform implements driver.Driver.
func (d *devices) Platform() string { return platformName }

// Open implements driver.Driver. Some logins fail.
func (d *devices) Open(ctx context.Context, t driver.Target, o driver.OpenOptions) (driver.Session, error) {
	job, _, _, err := parseCommand(o.Commands[0])
	if err != nil {
		return nil, &driver.RefusedError{DeviceID: t.DeviceID, Err: err}
	}
	s := &session{devices: d, target: t, job: job, number: d.rec.sessions.Add(1)}
	if err := s.record(Line{Kind: LineBegin}); err != nil {
		return nil, err
	}
	s.wait(ctx, time.Duration(rand.Int64N(int64(10*time.Millisecond))))
	switch {
	case ctx.Err() != nil:
		return nil, errors.Join(driver.EndedError(ctx, t, driver.StagePrompt, connectTimeout), s.Close())
	case rand.IntN(25) == 0:
		refused := &driver.UnreachableError{DeviceID: t.DeviceID, Stage: driver.StageDial, Err: errors.New("connection refused")}
		return nil, errors.Join(refused, s.Close())
	}
	return s, nil
}

// session is one login.
type session struct {
	*devices
	target driver.Target
	job    string
	number uint64
	closed bool
}

// Run implements driver.Session: it asks, sends, and waits for the answer.
func (s *session) Run(ctx context.Context, c driver.Command) (driver.Output, error) {
	job, k, repeatable, err := parseCommand(c.Text)
	if err != nil {
		return driver.Output{}, &driver.RefusedError{DeviceID: s.target.DeviceID, Err: err}
	}
	asked := monotonic()
	if err := s.ask(ctx, repeatable); err != nil {
		return driver.Output{}, err
	}
	if err := s.record(Line{Kind: LineEffect, Job: job, Command: k, Asked: asked}); err != nil {
		return driver.Output{}, err
	}
	start := time.Now()
	s.wait(ctx, duration())
	switch {
	case ctx.Err() != nil:
		return driver.Output{}, driver.EndedError(ctx, s.target, driver.StageCommand, time.Since(start))
	case strings.HasPrefix(c.Text, verbRead) && rand.IntN(30) == 0:
		return driver.Output{}, &driver.TimeoutError{DeviceID: s.target.DeviceID, Stage: driver.StageCommand, After: c.Timeout}
	}
	if err := s.record(Line{Kind: LineAnswer, Job: job, Command: k}); err != nil {
		return driver.Output{}, err
	}
	return driver.Output{Text: "done with " + c.Text, Duration: time.Since(start)}, nil
}

// duration is how long a command takes: mostly short, sometimes long enough to be met by a fault.
func duration() time.Duration {
	if rand.IntN(20) == 0 {
		return 500*time.Millisecond + time.Duration(rand.Int64N(int64(500*time.Millisecond)))
	}
	return 10*time.Millisecond + time.Duration(rand.Int64N(int64(150*time.Millisecond)))
}

// ask is the last question before an effect. The runner has just asked the same; what stands between is this process.
func (s *session) ask(ctx context.Context, repeatable bool) error {
	if ctx.Err() != nil {
		return driver.EndedError(ctx, s.target, driver.StagePrompt, 0)
	}
	if end, ok := ctx.Deadline(); ok && time.Now().After(end) {
		return &driver.TimeoutError{DeviceID: s.target.DeviceID, Stage: driver.StagePrompt}
	}
	if err := s.alive(); repeatable && err != nil {
		return &driver.BusyError{DeviceID: s.target.DeviceID, Reason: "the executor may be taken for dead", Err: err}
	}
	return nil
}

func (s *session) wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func (s *session) record(l Line) error {
	l.Session, l.Device = s.number, s.target.DeviceID
	if l.Job == "" {
		l.Job = s.job
	}
	return s.rec.write(l)
}

// Prompt implements driver.Session.
func (s *session) Prompt() string { return "" }

// Alive implements driver.Session.
func (s *session) Alive() bool { return !s.closed }

// Close implements driver.Session.
func (s *session) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	return s.record(Line{Kind: LineEnd})
}

// anyone resolves every credential reference.
type anyone struct{}

// Resolve implements credential.Provider.
func (anyone) Resolve(context.Context, string) (credential.Credential, error) {
	return credential.Credential{Username: "torture", Password: credential.NewSecret("not a secret")}, nil
}
