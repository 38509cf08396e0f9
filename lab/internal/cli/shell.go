package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/netrust/netrust/lab/internal/tty"
)

// Shell is one session on a device. It belongs to one goroutine.
type Shell struct {
	device *Device
	term   *tty.Terminal
	ctx    context.Context // of the session; a field because every handler runs inside it and none outlives it
	who    personality
	// latency is what every command takes, besides what faults add.
	latency time.Duration

	isExec  bool   // the session is an exec request
	out     []byte // output of the command that runs
	sent    int    // how much of it has been put out
	rows    int    // how many rows since the last page
	pages   int    // how many pages
	quit    bool   // the client left the pager: the rest is not shown
	command string // the line that runs, for the faults that name commands
	noMore  bool   // the command asked for no paging
	status  int    // exit status of the last command
	history []string

	// length and width are what `terminal length` and its like said; -1 follows the client's window.
	length, width int
}

// historySize bounds how many lines a session remembers.
const historySize = 20

// NewShell begins a session on a device. The context's end is the session's.
func NewShell(ctx context.Context, device *Device, term *tty.Terminal, latency time.Duration) *Shell {
	s := &Shell{device: device, term: term, ctx: ctx, latency: latency, length: -1, width: -1}
	s.who = device.Platform.start(s)
	return s
}

// Run serves an interactive session until it ends. [ErrClosed] is the good end.
func (s *Shell) Run() error {
	s.banner()
	s.who.greet(s)
	if err := s.put(s.out); err != nil { // not paged: nobody has a CLI yet that could page
		return err
	}
	s.out = nil
	var line []byte
	for {
		if err := s.showPrompt(line); err != nil {
			return err
		}
		typed, key, err := s.edit(line)
		if errors.Is(err, io.EOF) {
			key = tty.EndOfFile // the client closed its end: as good as ^D
		} else if err != nil {
			return err
		}
		if line, err = s.act(typed, key); err != nil {
			return err
		}
		if cap(line) > 1024 {
			line = append([]byte(nil), line...)
		}
	}
}

// Exec runs one command as an SSH exec request does: no prompt, no echo, no paging.
func (s *Shell) Exec(command string) (status int, err error) {
	s.isExec = true
	s.length = 0
	if s.device.Platform.OneExec {
		s.term.Print("\n") // an error shows at the next write
	}
	err = s.execute(command)
	if errors.Is(err, ErrClosed) {
		err = nil
	}
	if err == nil {
		err = s.term.Flush()
	}
	return s.status, err
}

// act does what the key that ended the line asks for, and returns the line to go on editing.
func (s *Shell) act(typed []byte, key tty.Key) ([]byte, error) {
	line := string(typed)
	switch key {
	case tty.Enter:
		if err := s.term.Print(s.who.entered(line) + "\n"); err != nil {
			return nil, err
		}
		return typed[:0], s.execute(line)
	case tty.Help:
		return typed, s.interject("?\n", func() { s.who.help(s, line) })
	case tty.Tab:
		return s.completed(line), nil
	case tty.Interrupt:
		return typed[:0], s.interject(s.who.echo(true), func() { s.who.key(s, true) })
	case tty.EndMode:
		return typed[:0], s.interject(s.who.echo(false), func() { s.who.key(s, false) })
	case tty.EndOfFile:
		if s.term.Raw() {
			return nil, ErrClosed
		}
		return nil, errors.Join(ErrClosed, s.term.Print("\n"))
	default:
		return typed, s.term.Print("\n")
	}
}

// interject prints something between a line and the next prompt.
func (s *Shell) interject(echo string, f func()) error {
	if err := s.term.Print(echo); err != nil {
		return err
	}
	f()
	return s.emit()
}

func (s *Shell) completed(line string) []byte {
	whole := s.who.complete(s, line)
	s.term.Print("\n") // an error shows at the next read
	return []byte(whole)
}

// edit reads a line; cursor up and down walk through the history.
func (s *Shell) edit(line []byte) ([]byte, tty.Key, error) {
	at := len(s.history)
	for {
		typed, key, err := s.term.Edit(line, tty.Style{QuestionMark: s.device.Platform.Name != genericSSH})
		if err != nil || key != tty.Previous && key != tty.Next {
			return typed, key, err
		}
		if key == tty.Previous {
			at = max(at-1, 0)
		} else {
			at = min(at+1, len(s.history))
		}
		recalled := ""
		if at < len(s.history) {
			recalled = s.history[at]
		}
		s.term.Rub(len(typed))
		if err := s.term.Print(recalled); err != nil {
			return nil, key, err
		}
		line = append(typed[:0], recalled...)
	}
}

func (s *Shell) remember(line string) {
	if len(s.history) == historySize {
		s.history = append(s.history[:0], s.history[1:]...)
	}
	s.history = append(s.history, line)
}

// say collects output of the command that runs.
func (s *Shell) say(text string) { s.out = append(s.out, text...) }

// sayf is say with a format.
func (s *Shell) sayf(format string, args ...any) { s.out = fmt.Appendf(s.out, format, args...) }

// recording says what was recorded for a command.
func (s *Shell) recording(command string) bool {
	var found bool
	s.out, found = s.device.text(s.out, command)
	return found
}

// wait lets time pass; the end of the session ends it early.
func (s *Shell) wait(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	if err := s.term.Flush(); err != nil {
		return err
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-s.ctx.Done():
		return context.Cause(s.ctx)
	}
}

// readAnswer reads the line that answers a question; ^C answers nothing.
func (s *Shell) readAnswer(silent bool) ([]byte, error) {
	var line []byte
	for {
		typed, key, err := s.term.Edit(line, tty.Style{Silent: silent})
		switch {
		case err != nil:
			return nil, err
		case key == tty.Enter:
			return typed, nil
		case key == tty.Interrupt || key == tty.EndMode || key == tty.EndOfFile:
			return nil, nil
		}
		line = typed
	}
}
