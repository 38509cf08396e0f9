package sshdriver

import (
	"context"
	"errors"
	"time"

	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/driver/cli"
	"github.com/netrust/netrust/libs/driver/platform"
	"github.com/netrust/netrust/libs/driver/sshtransport"
)

// holdBack is how long a read runs by exec before what it prints is shown: a refusal, after which it is run again, comes at once.
const holdBack = 300 * time.Millisecond

// runExec runs a read without a terminal. Done is false when it must be run again in one: the device takes no exec, or hung
// up without ending the command's channel, or said no, for which devices have other words by exec; err may then say why. A read may be repeated.
func (s *session) runExec(ctx context.Context, c driver.Command, started time.Time) (out driver.Output, done bool, err error) {
	plain := cli.NewPlain(s.target.MaxOutput, s.driver.definition.Lead)
	shown := false
	err = s.conn.Exec(ctx, c.Text, func(b []byte) {
		plain.Write(b)
		if c.Sink != nil && c.Again != nil && time.Since(started) > holdBack {
			plain.Pass(func(lines []byte) { shown = true; c.Sink(lines) })
		}
	})
	result := plain.Finish()
	out = driver.Output{Text: result.Text, Truncated: result.Cut}
	if s.driver.platform.Exec == platform.ExecSingle {
		s.byExec = false // the device is about to hang up
	}
	defer func() {
		if shown && !done {
			c.Again()
		}
	}()
	switch {
	case err == nil:
		s.driver.exec.ended.Add(1)
	case errors.Is(err, sshtransport.ErrCutOff):
		s.driver.exec.cut.Add(1)
	}
	if ctx.Err() == nil && (errors.Is(err, sshtransport.ErrNoExec) || errors.Is(err, sshtransport.ErrCutOff)) {
		return driver.Output{}, false, err
	}
	if err == nil {
		if _, _, rejected := s.driver.definition.Rejection(out.Text, true); rejected {
			return driver.Output{}, false, nil
		}
	}
	if c.Sink != nil && out.Text != "" {
		plain.Pass(c.Sink)
	}
	return out, true, s.verdict(ctx, out.Text, true, started, err)
}
