package sshdriver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/driver/cli"
	"github.com/netrust/netrust/libs/driver/sshtransport"
)

func (s *session) connect(ctx context.Context) error {
	conn, err := sshtransport.Dial(ctx, s.target)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = conn.Close()
		return &driver.RefusedError{DeviceID: s.target.DeviceID, Err: driver.ErrSessionClosed}
	}
	s.conn = conn
	return nil
}

// openShell opens the terminal and brings its command line to where commands can be typed.
func (s *session) openShell(ctx context.Context) error {
	started := time.Now()
	d := s.driver.definition
	stream, err := s.conn.Shell(ctx, d.Term)
	if err != nil {
		return stageError(ctx, s.target, driver.StageChannel, started, err)
	}
	shell := cli.New(stream, cli.Config{
		Prompts: d.Prompts, Lead: d.Lead, Weak: d.Confirm, Width: sshtransport.Width, MaxOutput: s.target.MaxOutput,
	})
	s.mu.Lock()
	s.stream, s.shell = stream, shell
	s.mu.Unlock()
	defer context.AfterFunc(ctx, s.hangUp)()
	stage, err := s.ready(ctx, shell)
	if err != nil {
		return s.notReady(ctx, stage, started, err)
	}
	s.home = shell.Prompt()
	return nil
}

func (s *session) ready(ctx context.Context, shell *cli.Channel) (driver.Stage, error) {
	d := s.driver.definition
	if err := shell.Login(ctx); err != nil {
		return driver.StagePrompt, err
	}
	if d.Raise != nil && !s.target.EnableSecret.Empty() && shell.AtPrompt(d.Raise.From) {
		if err := s.raise(ctx, shell); err != nil {
			return driver.StageEnable, err
		}
	}
	for _, command := range d.OnOpen {
		// A device that does not know the command says so; what matters is that paging is answered anyway.
		if _, err := shell.Run(ctx, command, nil); err != nil {
			return driver.StagePrompt, fmt.Errorf("typing %q: %w", command, err)
		}
	}
	return "", nil
}

// raise gives the enable secret, once.
func (s *session) raise(ctx context.Context, shell *cli.Channel) error {
	d := s.driver.definition
	said, err := shell.Ask(ctx, d.Raise.Command, d.Raise.Ask, s.target.EnableSecret.Reveal())
	var again *cli.Question
	switch {
	case errors.As(err, &again):
		err = errors.New("it asked for it again")
	case err != nil:
		return err
	case !shell.AtPrompt(d.Raise.From):
		return nil
	default:
		err = fmt.Errorf("it said %q", said)
	}
	return &driver.AuthenticationError{DeviceID: s.target.DeviceID, Address: s.target.Address, Username: s.target.Username,
		Stage: driver.StageEnable, Err: err}
}

// notReady says in driver's words why there is no command line.
func (s *session) notReady(ctx context.Context, stage driver.Stage, started time.Time, err error) error {
	t := s.target
	var q *cli.Question
	var step *cli.StepError
	if ctx.Err() == nil && (errors.As(err, &q) || errors.As(err, &step)) {
		return &driver.AmbiguousError{DeviceID: t.DeviceID, Address: t.Address, Stage: stage, Reason: err.Error()}
	}
	return stageError(ctx, t, stage, started, err)
}

// hangUp makes a stuck read or write return.
func (s *session) hangUp() {
	s.mu.Lock()
	conn := s.conn
	s.mu.Unlock()
	if conn != nil {
		conn.Abandon()
	}
}

// Close implements [driver.Session].
func (s *session) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.disconnect()
	return nil
}

// disconnect ends the connection and waits for what ran over it. Of several calls each waits.
func (s *session) disconnect() {
	s.mu.Lock()
	conn, shell := s.conn, s.shell
	s.mu.Unlock()
	if conn != nil {
		_ = conn.Close()
	}
	if shell != nil {
		shell.Close()
	}
}

// Alive implements [driver.Session].
func (s *session) Alive() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.conn == nil || !s.conn.Alive() {
		return false
	}
	if s.shell == nil {
		return true
	}
	select {
	case <-s.shell.Lost():
		return false
	default:
		return true
	}
}

func (s *session) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}
