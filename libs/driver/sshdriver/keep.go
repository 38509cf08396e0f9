package sshdriver

import (
	"context"
	"errors"

	"github.com/netrust/netrust/libs/driver"
)

var _ driver.Kept = (*session)(nil)

// Fresh implements [driver.Kept].
func (s *session) Fresh() bool {
	if !s.running.TryLock() {
		return false
	}
	defer s.running.Unlock()
	if s.typed || !s.Alive() {
		return false
	}
	return s.shell == nil || s.shell.Prompt() == s.home
}

// Resume implements [driver.Kept].
func (s *session) Resume(ctx context.Context, check bool) error {
	s.running.Lock()
	defer s.running.Unlock()
	s.resumed = true
	if !s.Alive() {
		_ = s.Close()
		return s.lost(nil)
	}
	if check {
		return s.Ping(ctx)
	}
	return nil
}

// Ping implements [driver.Kept].
func (s *session) Ping(ctx context.Context) error {
	s.mu.Lock()
	conn, closed := s.conn, s.closed
	s.mu.Unlock()
	if closed || conn == nil {
		return s.lost(driver.ErrSessionClosed)
	}
	if err := conn.Ping(ctx); err != nil {
		return s.lost(err)
	}
	return nil
}

// Leave implements [driver.Kept].
func (s *session) Leave(ctx context.Context) {
	s.mu.Lock()
	conn, closed := s.conn, s.closed
	s.closed = true
	s.mu.Unlock()
	if conn != nil && !closed {
		_ = conn.Leave(ctx) // when the device does not close its side in time, ours is closed anyway
	}
	_ = s.Close()
}

var errEnded = errors.New("the device had ended the session that was kept open")

// lost says that the connection was lost before anything was sent.
func (s *session) lost(err error) error {
	if err == nil {
		err = errEnded
	}
	return &driver.UnreachableError{DeviceID: s.target.DeviceID, Address: s.target.Address, Stage: driver.StageChannel, Err: err}
}
