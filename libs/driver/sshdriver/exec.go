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

// runExec runs a read without a terminal. Done is false when it must be run again in one: the device takes no exec, or hung
// up without ending the command's channel, or said no, for which devices have other words by exec; err may then say why. A read may be repeated.
func (s *session) runExec(ctx context.Context, c driver.Command, started time.Time) (out driver.Output, done bool, err error) {
	plain := cli.NewPlain(s.target.MaxOutput, s.driver.definition.Lead)
	err = s.conn.Exec(ctx, c.Text, plain.Write)
	result := plain.Finish()
	out = driver.Output{Text: result.Text, Truncated: result.Cut}
	if s.driver.platform.Exec == platform.ExecSingle {
		s.byExec = false // the device is about to hang up
	}
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
	if c.Sink != nil && out.Text != "" { // not before: what is run again must not be shown twice
		c.Sink([]byte(out.Text))
	}
	return out, true, s.verdict(ctx, out.Text, true, started, err)
}
