// Package tty is the device's side of a terminal: it collects output and reads edited lines with echo.
//
// It promises that echo, output and prompt reach the client in the order in which a device would print them, in as few
// writes as possible: output waits until the device has to wait for input. It leaves what is printed, and what a line
// means, to the caller. A Terminal belongs to one goroutine, except for [Terminal.Resize].
package tty

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
)

// flushAt bounds how much output waits in memory.
const flushAt = 32 << 10

// buffers are shared by all terminals: an idle session has none.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Terminal is one session's terminal.
type Terminal struct {
	in      io.Reader
	out     io.Writer
	stderr  io.Writer
	pending []byte // input read from the client and not used yet
	inbuf   [256]byte
	waiting *bytes.Buffer // output not written yet
	size    atomic.Uint64 // width<<32 | height, as the client told
	mode    Mode
}

// Mode is what a terminal does besides passing bytes on. With a PTY it does all of it; what devices do without one differs.
type Mode struct {
	// Echo shows what is typed.
	Echo bool
	// CRLF ends lines with CR LF.
	CRLF bool
}

// PTY is the mode of a session with a terminal.
var PTY = Mode{Echo: true, CRLF: true}

// New returns a terminal on a client's input and output.
func New(in io.Reader, out io.Writer, mode Mode) *Terminal {
	return &Terminal{in: in, out: out, mode: mode}
}

// SetStderr has [Terminal.Complain] write to a stream of its own, as sessions without a terminal have.
func (t *Terminal) SetStderr(stderr io.Writer) { t.stderr = stderr }

// Complain writes to standard error, after the output that waits. It reports false when there is none but the terminal.
func (t *Terminal) Complain(text string) bool {
	if t.stderr == nil {
		return false
	}
	if err := t.Flush(); err == nil {
		io.WriteString(t.stderr, text) // an error shows at the next write
	}
	return true
}

// Raw reports whether the terminal does not echo: nobody sits in front of it.
func (t *Terminal) Raw() bool { return !t.mode.Echo }

// Resize notes the size of the client's window. It may be called from any goroutine.
func (t *Terminal) Resize(width, height uint32) { t.size.Store(uint64(width)<<32 | uint64(height)) }

// Size returns the size of the client's window, zeros when it told none.
func (t *Terminal) Size() (width, height int) {
	size := t.size.Load()
	return int(size >> 32), int(size & 0xffffffff)
}

// Print puts text out, LF as CR LF if that is the mode.
func (t *Terminal) Print(text string) error {
	b := t.buffer()
	for t.mode.CRLF {
		i := strings.IndexByte(text, '\n')
		if i < 0 {
			break
		}
		b.WriteString(text[:i])
		b.WriteString("\r\n")
		text = text[i+1:]
	}
	b.WriteString(text)
	return t.flushIfLong()
}

// Write is [Terminal.Print] for bytes.
func (t *Terminal) Write(text []byte) (int, error) {
	n, b := len(text), t.buffer()
	for t.mode.CRLF {
		i := bytes.IndexByte(text, '\n')
		if i < 0 {
			break
		}
		b.Write(text[:i])
		b.WriteString("\r\n")
		text = text[i+1:]
		if err := t.flushIfLong(); err != nil {
			return 0, err
		}
		b = t.buffer()
	}
	b.Write(text)
	return n, t.flushIfLong()
}

// Flush writes the output that waits.
func (t *Terminal) Flush() error {
	if t.waiting == nil {
		return nil
	}
	b := t.waiting
	t.waiting = nil
	_, err := t.out.Write(b.Bytes())
	if b.Cap() <= 2*flushAt {
		b.Reset()
		buffers.Put(b)
	}
	if err != nil {
		return fmt.Errorf("writing to the client: %w", err)
	}
	return nil
}

// ReadByte returns the next byte of input, after writing the output that waits.
func (t *Terminal) ReadByte() (byte, error) {
	if err := t.fill(); err != nil {
		return 0, err
	}
	c := t.pending[0]
	t.pending = t.pending[1:]
	return c, nil
}

// fill makes sure that there is input.
func (t *Terminal) fill() error {
	for len(t.pending) == 0 {
		if err := t.Flush(); err != nil {
			return err
		}
		n, err := t.in.Read(t.inbuf[:])
		t.pending = t.inbuf[:n]
		if n == 0 && err != nil {
			return fmt.Errorf("reading from the client: %w", err)
		}
	}
	return nil
}

func (t *Terminal) buffer() *bytes.Buffer {
	if t.waiting == nil {
		t.waiting = buffers.Get().(*bytes.Buffer)
	}
	return t.waiting
}

func (t *Terminal) flushIfLong() error {
	if t.waiting != nil && t.waiting.Len() >= flushAt {
		return t.Flush()
	}
	return nil
}
