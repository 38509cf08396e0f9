package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"regexp"
	"time"
)

// exchange is one wait for a prompt.
type exchange struct {
	answer *answer        // nil: nothing was typed that is echoed
	quiet  bool           // no prompt counts before nothing more comes
	first  bool           // nothing is learned yet: a line that fits is taken at once, unless quiet
	ask    *regexp.Regexp // the one question that is answered, by secret, once
	secret string
	given  bool
}

// wait reads until the device is ready, and learns its prompt.
func (c *Channel) wait(ctx context.Context, ex *exchange) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var armed bool
	for {
		now := c.judge(ex)
		quiet, done, err := c.act(ex, now)
		if done || err != nil {
			return err
		}
		if armed = quiet > 0; armed {
			timer.Reset(quiet)
		}
		select {
		case chunk, ok := <-c.chunks:
			if !ok {
				return fmt.Errorf("the device ended the session: %w", c.ended())
			}
			c.take(chunk)
			if ex.answer != nil {
				ex.answer.pass()
			}
		case <-timer.C:
			if armed {
				return c.settle(ex, now)
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// take plays a chunk and all that already waits behind it.
func (c *Channel) take(chunk []byte) {
	for {
		c.screen.write(chunk)
		select {
		case more, ok := <-c.chunks:
			if !ok {
				return // the next receive sees it too
			}
			chunk = more
		default:
			return
		}
	}
}

// judge looks at the last line.
func (c *Channel) judge(ex *exchange) state {
	now := c.prompts.judge(c.screen.line)
	switch {
	case now == ready && (ex.quiet || c.spoiled):
		return perhaps
	case now == perhaps && ex.first && !ex.quiet:
		return ready
	}
	return now
}

// act does what the state asks for at once, or says for how long nothing may come before the state counts.
func (c *Channel) act(ex *exchange, now state) (quiet time.Duration, done bool, err error) {
	if ex.ask != nil && ex.ask.Match(bytes.TrimRight(c.screen.line, " ")) {
		if ex.given {
			return 0, false, &Question{Line: string(bytes.TrimSpace(c.screen.line))}
		}
		ex.given = true
		c.screen.reset()
		return 0, false, c.send(ex.secret + "\n")
	}
	if ex.answer != nil && !ex.answer.echoed && (now == ready || now == perhaps) {
		// The line still holds the prompt before the command, or the device wrote something unasked and then its prompt.
		// Where echoes are known to come, one is waited for, unless the line is too long for the terminal.
		if len(ex.answer.held) == 0 || c.echoes && !c.wraps(ex.answer.command) {
			return 0, false, nil
		}
		return quietNoEcho, false, nil
	}
	switch now {
	case ready:
		return 0, true, c.arrive(ex)
	case perhaps:
		return quietPrompt, false, nil
	case asking:
		return quietQuestion, false, nil
	case paging:
		c.screen.reset()
		return 0, false, c.send(" ")
	case pagedOut:
		c.screen.reset()
		return 0, false, c.send("q")
	default:
		return 0, false, nil
	}
}

// settle takes the guess for certain, since nothing more came.
func (c *Channel) settle(ex *exchange, now state) error {
	if now == asking {
		return &Question{Line: string(bytes.TrimSpace(c.screen.line))}
	}
	return c.arrive(ex)
}

// arrive learns the prompt that was reached.
func (c *Channel) arrive(ex *exchange) error {
	line := bytes.TrimRight(c.screen.line, " ")
	learned := c.prompts.learned
	if len(learned) > 0 && len(line) > len(learned) && bytes.HasSuffix(line, learned) && (c.cfg.Weak || !c.prompts.fits(line)) {
		if ex.answer != nil {
			ex.answer.line(line[:len(line)-len(learned)], true)
		}
		c.screen.line = append(c.screen.line[:0], learned...)
		c.screen.col, c.screen.end = len(learned), -1
	} else {
		c.prompts.learn(line)
	}
	if ex.answer != nil && ex.answer.echoed {
		c.echoes = true
	}
	return nil
}

func (c *Channel) wraps(command string) bool {
	return c.cfg.Width > 0 && len(c.prompts.learned)+len(command)+2 >= c.cfg.Width
}

// unasked plays what came since the last prompt. It is nobody's answer.
func (c *Channel) unasked() error {
	for {
		select {
		case chunk, ok := <-c.chunks:
			if !ok {
				return fmt.Errorf("the device ended the session: %w", c.ended())
			}
			c.screen.write(chunk)
		default:
			return nil
		}
	}
}

func (c *Channel) ended() error {
	if c.readErr == nil {
		return io.ErrUnexpectedEOF
	}
	return c.readErr
}

// abort stops a command that asks a question, and comes back to the prompt without answering.
func (c *Channel) abort(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, abortWithin)
	defer cancel()
	c.screen.reset()
	if err := c.send(interrupt); err != nil {
		return err
	}
	return c.wait(ctx, &exchange{quiet: true})
}
