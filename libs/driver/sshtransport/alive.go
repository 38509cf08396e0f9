package sshtransport

import (
	"context"
	"errors"
	"fmt"
)

// keepalive is OpenSSH's name for a request that asks for nothing but an answer. A server that does not know it says so,
// which is a sign of life as well (RFC 4254, section 4).
const keepalive = "keepalive@openssh.com"

// Ping asks the server for a sign of life. When none comes before ctx ends the connection is closed.
func (c *Conn) Ping(ctx context.Context) error {
	stop := context.AfterFunc(ctx, c.Abandon)
	defer stop()
	_, _, err := c.ssh.SendRequest(keepalive, true, nil)
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("waiting for a sign of life: %w", context.Cause(ctx))
	case err != nil:
		return fmt.Errorf("asking for a sign of life: %w", err)
	}
	return nil
}

// Leave tells the server that nothing more comes, and waits until it has closed its side, at most until ctx ends; it then
// closes the connection. A server that was left so has no session any more when Leave returns nil.
func (c *Conn) Leave(ctx context.Context) error {
	ended := make(chan struct{})
	go func() { _ = c.ssh.Wait(); close(ended) }()
	defer func() { _ = c.Close(); <-ended }()
	half, ok := c.raw.Conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.New("the connection has no half to close")
	}
	if err := half.CloseWrite(); err != nil {
		return err
	}
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
