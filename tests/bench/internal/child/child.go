// Package child runs the parts of the benchmark as processes of their own: this program again, in a role.
//
// A child reads its settings as one line of JSON from its standard input, says that it is ready in one line on its
// standard output, and ends when its input does: so none is left behind when the benchmark dies. What it logs goes to
// a file. Beside its work it answers HTTP on loopback, for profiles, memory and what its role offers ([Child.Call]).
package child

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Start says what to run.
type Start struct {
	// Role is looked up in the roles that [Main] was given; Name is what the child is called in the report.
	Role, Name string
	// Settings are handed to the role, as JSON.
	Settings any
	// Dir is where its log goes.
	Dir string
	// Under is a command that the child is run under, such as strace.
	Under []string
}

// Child is a running process.
type Child struct {
	Name string
	// PID is the child's own, also when it runs under another command.
	PID   int
	facts json.RawMessage
	url   string
	log   string
	cmd   *exec.Cmd
	stdin io.WriteCloser
	ended chan struct{}
}

// startWithin and stopWithin bound a child's start and its end, callWithin the answer to a question: a loop over all devices.
const (
	startWithin = 2 * time.Minute
	stopWithin  = time.Minute
	callWithin  = 15 * time.Minute
)

// hello is what a child says when it is ready.
type hello struct {
	PID   int             `json:"pid"`
	URL   string          `json:"url"`
	Facts json.RawMessage `json:"facts"`
}

// Run starts a child and waits until it is ready.
func Run(ctx context.Context, s Start) (*Child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	settings, err := json.Marshal(s.Settings)
	if err != nil {
		return nil, fmt.Errorf("encoding the settings of %s: %w", s.Name, err)
	}
	args := append(append([]string{}, s.Under...), self, roleFlag+s.Role)
	c := &Child{Name: s.Name, ended: make(chan struct{}), log: filepath.Join(s.Dir, s.Name+".log")}
	out, err := c.start(args)
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", s.Name, err)
	}
	said := make(chan []byte, 1)
	go func() {
		line, _ := bufio.NewReaderSize(out, 1<<20).ReadBytes('\n')
		said <- line
		_, _ = io.Copy(io.Discard, out)
		_ = c.cmd.Wait()
		close(c.ended)
	}()
	refused := make(chan error, 1)
	go func() { // ends with the child, at the latest
		if _, err := c.stdin.Write(append(settings, '\n')); err != nil {
			refused <- err
		}
	}()
	timer := time.NewTimer(startWithin)
	defer timer.Stop()
	select {
	case line := <-said:
		var h hello
		if json.Unmarshal(line, &h) != nil {
			return nil, c.failed("it ended before it was ready")
		}
		c.PID, c.url, c.facts = h.PID, h.URL, h.Facts
		return c, nil
	case err := <-refused:
		return nil, c.failed("it does not take its settings: " + err.Error())
	case <-timer.C:
		return nil, c.failed("it was not ready within " + startWithin.String())
	case <-ctx.Done():
		c.Stop()
		return nil, ctx.Err()
	}
}

func (c *Child) start(args []string) (io.Reader, error) {
	log, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close() //nolint:errcheck // the child has its own
	c.cmd = exec.Command(args[0], args[1:]...)
	c.cmd.Stderr = log
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return out, c.cmd.Start()
}

// failed ends the child and says why, with the end of its log.
func (c *Child) failed(why string) error {
	c.Stop()
	text, _ := os.ReadFile(c.log)
	if len(text) > 2000 {
		text = text[len(text)-2000:]
	}
	return fmt.Errorf("%s: %s; the end of its log: %s", c.Name, why, bytes.TrimSpace(text))
}

// Stop ends the child and waits for it; one that does not end is killed. The second call does nothing.
func (c *Child) Stop() {
	_ = c.stdin.Close()
	if c.over() {
		return
	}
	_ = c.cmd.Process.Kill()
	if !c.over() { // what runs under another program outlives that one's end
		fmt.Fprintf(os.Stderr, "bench: %s does not end, though it was killed; process %d is left behind\n", c.Name, c.cmd.Process.Pid)
	}
}

// over waits for the child's end, but not for ever.
func (c *Child) over() bool {
	select {
	case <-c.ended:
		return true
	case <-time.After(stopWithin):
		return false
	}
}

// Facts decodes what the role said when it was ready.
func (c *Child) Facts(into any) error {
	if err := json.Unmarshal(c.facts, into); err != nil {
		return fmt.Errorf("what %s said when it was ready: %w", c.Name, err)
	}
	return nil
}

// Call asks the child something: POST with in as JSON, the answer into out (a pointer, or a *[]byte for the raw body).
func (c *Child) Call(ctx context.Context, path string, in, out any) error {
	ctx, cancel := context.WithTimeoutCause(ctx, callWithin, fmt.Errorf("no answer within %s", callWithin))
	defer cancel()
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("asking %s for %s: %w", c.Name, path, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("asking %s for %s: %w", c.Name, path, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		if why := context.Cause(ctx); why != nil {
			err = why
		}
		return fmt.Errorf("asking %s for %s: %w", c.Name, path, err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was read
	answer, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return fmt.Errorf("asking %s for %s: %w", c.Name, path, err)
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("asking %s for %s: %s: %s", c.Name, path, resp.Status, strings.TrimSpace(string(answer)))
	}
	switch out := out.(type) {
	case nil:
		return nil
	case *[]byte:
		*out = answer
		return nil
	default:
		return json.Unmarshal(answer, out)
	}
}

// Usage is what the child has used.
func (c *Child) Usage() (Usage, error) { return UsageOf(c.PID) }

// ResetPeak makes the child's peak its memory of now.
func (c *Child) ResetPeak() error { return resetPeak(c.PID) }

// Settle collects the child's garbage, gives back what is free, and returns what is left: its RSS, and the heap in use.
func (c *Child) Settle(ctx context.Context) (rss, heap int64, err error) {
	if err := c.Call(ctx, pathSettle, nil, &heap); err != nil {
		return 0, 0, err
	}
	u, err := c.Usage()
	return u.RSS, heap, err
}

// StartProfile begins a profile of the child's processor time.
func (c *Child) StartProfile(ctx context.Context) error {
	return c.Call(ctx, pathProfileStart, nil, nil)
}

// StopProfile ends it and writes it to a file.
func (c *Child) StopProfile(ctx context.Context, file string) error {
	return c.save(ctx, pathProfileStop, file)
}

// HeapProfile writes a profile of the child's memory to a file.
func (c *Child) HeapProfile(ctx context.Context, file string) error {
	return c.save(ctx, pathProfileHeap, file)
}

func (c *Child) save(ctx context.Context, path, file string) error {
	var data []byte
	if err := c.Call(ctx, path, nil, &data); err != nil {
		return err
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return fmt.Errorf("keeping a profile of %s: %w", c.Name, err)
	}
	return nil
}
