package docs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"

	"github.com/creack/pty"
)

// Columns is the width of every terminal here.
const Columns = 100

// CtrlC is what the key sends.
const CtrlC = "\x03"

// Terminal is a command that runs on a terminal of its own.
type Terminal struct {
	command string
	cmd     *exec.Cmd
	pty     *os.File

	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
	done chan struct{} // closed when the command has ended and all is read
	code int
}

// Open runs a line of shell in a folder, on a terminal.
func Open(dir string, env []string, command string) (*Terminal, error) {
	cmd := exec.Command("/bin/sh", "-c", command)
	cmd.Dir, cmd.Env = dir, env
	f, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 50, Cols: Columns})
	if err != nil {
		return nil, fmt.Errorf("starting %q on a terminal: %w", command, err)
	}
	t := &Terminal{command: command, cmd: cmd, pty: f, more: make(chan struct{}, 1), done: make(chan struct{})}
	go t.read()
	return t, nil
}

// read collects what is printed until the last process has let go of the terminal, then how the command ended.
func (t *Terminal) read() {
	buf := make([]byte, 4096)
	for {
		n, err := t.pty.Read(buf)
		t.mu.Lock()
		t.text.Write(buf[:n])
		t.mu.Unlock()
		select {
		case t.more <- struct{}{}:
		default:
		}
		if err != nil { // EIO: nobody holds the other end
			break
		}
	}
	err := t.cmd.Wait()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.ExitCode() < 0:
		t.code = 128 + int(exit.Sys().(syscall.WaitStatus).Signal())
	case errors.As(err, &exit):
		t.code = exit.ExitCode()
	case err != nil:
		t.code = -1
	}
	t.pty.Close()
	close(t.done)
}

// Screen is what a person sees: what was overwritten is gone, and so are colours.
func (t *Terminal) Screen() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return Seen(t.text.String())
}

var sequence = regexp.MustCompile(`\x1b\[[0-9;?]*[a-zA-Z]`)

// Seen is what is left on a screen of what was sent to it.
func Seen(sent string) string {
	lines := strings.Split(sent, "\n")
	for i, line := range lines {
		line = strings.TrimRight(line, "\r")
		line = line[strings.LastIndex(line, "\r")+1:]
		lines[i] = strings.TrimRight(sequence.ReplaceAllString(line, ""), " ")
	}
	return strings.Join(lines, "\n")
}

// Await waits until the screen shows a text, or fails when the command ends without.
func (t *Terminal) Await(ctx context.Context, text string) error {
	for {
		if strings.Contains(t.Screen(), text) {
			return nil
		}
		select {
		case <-t.more:
		case <-t.done:
			if strings.Contains(t.Screen(), text) {
				return nil
			}
			return fmt.Errorf("%q ended with %d before it said %q:\n%s", t.command, t.code, text, t.Screen())
		case <-ctx.Done():
			return fmt.Errorf("%q did not say %q in time:\n%s", t.command, text, t.Screen())
		}
	}
}

// Type sends keys.
func (t *Terminal) Type(keys string) error {
	_, err := t.pty.WriteString(keys)
	return err
}

// Wait waits for the end and returns the exit code.
func (t *Terminal) Wait(ctx context.Context) (int, error) {
	select {
	case <-t.done:
		return t.code, nil
	case <-ctx.Done():
		return -1, fmt.Errorf("%q does not end; it says:\n%s", t.command, t.Screen())
	}
}

// Close ends what still runs, first by Ctrl-C, at the end of ctx by force.
func (t *Terminal) Close(ctx context.Context) (int, error) {
	_ = t.Type(CtrlC) // it may have ended by itself
	code, err := t.Wait(ctx)
	if err != nil {
		_ = syscall.Kill(-t.cmd.Process.Pid, syscall.SIGKILL) // the whole session; it may be gone by now
		<-t.done
	}
	return code, err
}
