package sshtransport

import (
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/ssh"

	"github.com/netrust/netrust/libs/driver"
)

// Size of the terminal that is asked for: wide enough that no command wraps, and so long that what pages shows much.
const (
	Width  = 511
	height = 1000
)

// ErrNoExec says that the server takes no exec requests. Nothing was run.
var ErrNoExec = errors.New("the server takes no exec requests")

// ErrCutOff says that the connection ended in the middle of a command, or that the device hung up without ending the
// command's channel, which cannot be told apart.
var ErrCutOff = errors.New("the connection ended before the command was known to have")

// Stream is the byte stream of one channel.
type Stream struct {
	channel ssh.Channel
}

// Read reads what the device prints.
func (s *Stream) Read(b []byte) (int, error) { return s.channel.Read(b) }

// Write types.
func (s *Stream) Write(b []byte) (int, error) { return s.channel.Write(b) }

// Close asks the device to close the channel; the connection goes on.
func (s *Stream) Close() error { return s.channel.Close() }

// Shell opens a terminal with a shell. When ctx ends before it is open the connection is closed.
func (c *Conn) Shell(ctx context.Context, term string) (*Stream, error) {
	stop := context.AfterFunc(ctx, c.Abandon)
	defer stop()
	channel, err := c.session()
	if err != nil {
		return nil, err
	}
	ask := struct {
		Term                               string
		Columns, Rows, PixWidth, PixHeight uint32
		Modes                              string
	}{term, Width, height, 0, 0, string([]byte{0})}
	if err := request(channel, "pty-req", ssh.Marshal(&ask)); err != nil {
		return nil, err
	}
	if err := request(channel, "shell", nil); err != nil {
		return nil, err
	}
	return &Stream{channel: channel}, nil
}

// Exec runs a command without a terminal, and hands what it prints to sink, its error stream last. When ctx ends the
// connection is closed. An error that is [ErrNoExec] means that nothing was run; one that is [ErrCutOff], that the
// connection ended before the device had said that the command did.
func (c *Conn) Exec(ctx context.Context, command string, sink func([]byte)) error {
	stop := context.AfterFunc(ctx, c.Abandon)
	defer stop()
	channel, err := c.session()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoExec, err)
	}
	defer channel.Close()
	c.raw.ask()
	defer c.raw.answered()
	if err := request(channel, "exec", ssh.Marshal(&struct{ Command string }{command})); err != nil {
		if errors.Is(err, errRefused) {
			return fmt.Errorf("%w: %w", ErrNoExec, err)
		}
		return err
	}
	err = drain(channel, sink)
	if err == nil {
		err = drain(channel.Stderr(), sink)
	}
	// The end of a command and the end of the connection look the same to a reader. But as long as the transport has not
	// been told that the connection ended, what was read was the command's end.
	cut := !c.raw.answered()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return err
	case cut:
		return ErrCutOff
	default:
		return nil
	}
}

func drain(r io.Reader, sink func([]byte)) error {
	buffer := make([]byte, 16<<10)
	for {
		n, err := r.Read(buffer)
		if n > 0 {
			sink(buffer[:n])
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

var errRefused = errors.New("the server refused the request")

func request(channel ssh.Channel, name string, payload []byte) error {
	ok, err := channel.SendRequest(name, true, payload)
	if err != nil {
		return fmt.Errorf("asking for %s: %w", name, err)
	}
	if !ok {
		_ = channel.Close()
		return fmt.Errorf("asking for %s: %w", name, errRefused)
	}
	return nil
}

// session opens a channel. A server that has no room for it says so: the error is a *[driver.BusyError].
func (c *Conn) session() (ssh.Channel, error) {
	channel, requests, err := c.ssh.OpenChannel("session", nil)
	var refused *ssh.OpenChannelError
	if errors.As(err, &refused) {
		return nil, &driver.BusyError{DeviceID: c.target.DeviceID, Address: c.target.Address, Reason: "it opens no session", Err: err}
	}
	if err != nil {
		return nil, err
	}
	c.workers.Go(func() { ssh.DiscardRequests(requests) })
	return channel, nil
}

// Abandon closes the connection without waiting for what runs over it; Close must still be called.
func (c *Conn) Abandon() {
	c.closing.Do(func() {
		c.raw.letGo()
		c.way.cut()
		_ = c.raw.Close() // first, since closing SSH writes
		_ = c.ssh.Close()
	})
}

// Alive reports whether the connection is not known to be lost.
func (c *Conn) Alive() bool { return !c.raw.broken.Load() }
