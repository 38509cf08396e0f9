// Package cli speaks to a device's command line over any stream of bytes: it finds the prompt, types commands, leafs
// through pagers, and gives back what the device printed for each command.
//
// Nothing is polled: one goroutine reads, and every wait ends by data, by a timer or by the context. A prompt is looked for
// only on the last line, and only when the data that came is used up. A prompt that is the learned one ends a command at
// once; a line that could be one, or a question, counts only when nothing follows it for a while.
//
// A channel is in step: a command's answer begins with its echo, so that what the device says unasked before it (a log line
// on the terminal) is not taken for the answer. When a wait ends otherwise than by a prompt the step is lost, and the
// caller must close the stream. The caller also bounds every wait by its context, and must see to it that a stuck Write
// ends (by closing the stream when the context ends). A channel is not safe for concurrent use.
package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Quiet times: how long nothing may come before a guess counts.
const (
	quietPrompt   = 150 * time.Millisecond
	quietQuestion = 400 * time.Millisecond
	quietNoEcho   = 700 * time.Millisecond
	abortWithin   = 5 * time.Second
)

// readSize is one of two read buffers of a channel.
const readSize = 4 << 10

// interrupt is Ctrl-C.
const interrupt = "\x03"

// Config says what a channel looks for.
type Config struct {
	Prompts   []*regexp.Regexp
	Lead      *regexp.Regexp // lines before the prompt that belong to it
	MaxOutput int64          // of one command, in bytes; 0: no bound
	Width     int            // of the terminal, in columns; 0: not known
	Weak      bool           // the patterns fit almost anything: the first prompt is asked for twice
}

// Channel is one command line. See the package comment.
type Channel struct {
	stream  io.ReadWriter
	cfg     Config
	prompts prompts
	echoes  bool // the device was seen to echo

	screen  *screen
	current *answer // of the command that runs; nil between commands
	spoiled bool    // a line of the answer began with the prompt

	chunks  chan []byte
	closing sync.Once
	stop    chan struct{} // closed by Close
	stopped chan struct{} // closed when the reader has ended
	readErr error         // set before chunks is closed
}

// New starts to read the stream. Close must be called, after the stream was closed.
func New(stream io.ReadWriter, cfg Config) *Channel {
	c := &Channel{
		stream: stream, cfg: cfg, prompts: prompts{patterns: cfg.Prompts, weak: cfg.Weak},
		chunks: make(chan []byte), stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	c.screen = newScreen(c.line)
	go c.read()
	return c
}

// read hands on one buffer while it fills the other: a buffer is free again when the next one is taken.
func (c *Channel) read() {
	defer close(c.stopped)
	var buffers [2][readSize]byte
	for i := 0; ; i ^= 1 {
		n, err := c.stream.Read(buffers[i][:])
		if n > 0 {
			select {
			case c.chunks <- buffers[i][:n]:
			case <-c.stop:
				return
			}
		}
		if err != nil {
			c.readErr = err
			close(c.chunks)
			return
		}
	}
}

// Close waits for the reader to end. The stream must have been closed. It may be called at any time, and again.
func (c *Channel) Close() {
	c.closing.Do(func() { close(c.stop) })
	<-c.stopped
}

// Lost is closed when the stream has ended.
func (c *Channel) Lost() <-chan struct{} { return c.stopped }

// Prompt is the last prompt, without blanks at its end.
func (c *Channel) Prompt() string { return string(c.prompts.learned) }

// AtPrompt reports whether the last prompt matches the pattern.
func (c *Channel) AtPrompt(pattern *regexp.Regexp) bool {
	return pattern.Match(c.prompts.learned) || pattern.Match(append(bytes.Clone(c.prompts.learned), ' '))
}

// Login waits for the first prompt, and takes the first line that fits a pattern: what the first command shows corrects a
// banner that looked like one. With weak patterns it asks for another prompt until two are the same.
func (c *Channel) Login(ctx context.Context) error {
	if err := c.wait(ctx, &exchange{quiet: c.cfg.Weak, first: true}); err != nil {
		return fmt.Errorf("waiting for the first prompt: %w", err)
	}
	for range 3 {
		if !c.cfg.Weak {
			return nil
		}
		before := c.Prompt()
		c.screen.reset()
		if err := c.send("\n"); err != nil {
			return err
		}
		if err := c.wait(ctx, &exchange{quiet: true}); err != nil {
			return fmt.Errorf("asking for the prompt again: %w", err)
		}
		if c.Prompt() == before {
			return nil
		}
	}
	return &StepError{Reason: fmt.Sprintf("the prompt changes each time, last to %q", c.Prompt())}
}

// Result is what a command printed.
type Result struct {
	Text string
	Cut  bool // more came than MaxOutput
}

// Run types a command and waits for the prompt. The command must be one line. With a *[Question] error the device is back
// at its prompt; after any other error the stream must be closed.
func (c *Channel) Run(ctx context.Context, command string, sink func([]byte)) (Result, error) {
	a := newAnswer(c.Prompt(), command, c.cfg.MaxOutput)
	a.lead, a.sink = c.cfg.Lead, sink
	if err := c.unasked(); err != nil {
		return Result{}, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	c.current, c.spoiled = a, false
	defer func() { c.current = nil }()
	if err := c.send(command + "\n"); err != nil {
		return Result{}, err
	}
	err := c.wait(ctx, &exchange{answer: a})
	var q *Question
	if errors.As(err, &q) {
		c.current = nil
		if abortErr := c.abort(ctx); abortErr != nil {
			return c.result(a), &StepError{Reason: fmt.Sprintf("the device asks %q, and could not be stopped: %v", q.Line, abortErr)}
		}
	}
	return c.result(a), err
}

func (c *Channel) result(a *answer) Result {
	a.finish()
	return Result{Text: a.String(), Cut: a.cut}
}

// Ask types a command that asks for a secret, and gives it, once. It is for raising a privilege. When the device asks
// again the secret was wrong: the error is a *[Question], and the stream must be closed.
func (c *Channel) Ask(ctx context.Context, command string, ask *regexp.Regexp, secret string) (string, error) {
	a := newAnswer(c.Prompt(), command, maxHeldBytes)
	c.current = a
	defer func() { c.current = nil }()
	if err := c.send(command + "\n"); err != nil {
		return "", err
	}
	err := c.wait(ctx, &exchange{answer: a, ask: ask, secret: secret})
	return strings.TrimSpace(c.result(a).Text), err
}

func (c *Channel) send(text string) error {
	if _, err := io.WriteString(c.stream, text); err != nil {
		return fmt.Errorf("writing to the device: %w", err)
	}
	return nil
}

// line takes what the screen shows.
func (c *Channel) line(line []byte, whole bool) {
	if c.current == nil {
		return
	}
	if c.current.echoed && len(c.prompts.learned) > 0 && bytes.HasPrefix(line, c.prompts.learned) {
		c.spoiled = true // a log of sessions, say: from here on the prompt alone is no proof
	}
	c.current.line(line, whole)
}
