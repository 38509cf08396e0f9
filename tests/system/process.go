package system

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract/api"
)

// Process is one netrust process, started, killed and started again.
type Process struct {
	Name string
	bin  string
	args []string
	env  []string
	// Health is the address of its /readyz, "" where it has none.
	Health string
	// Metrics is the address of its /metrics.
	Metrics string

	mu  sync.Mutex
	cmd *exec.Cmd
	log safeBuffer
	// Gone are the incarnations that were killed, for services that say theirs in the log.
	gone []string
}

// safeBuffer takes what the process writes, while others read it.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// Start starts the process.
func (p *Process) Start(t testing.TB) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	cmd := exec.Command(p.bin, p.args...)
	cmd.Env = append(os.Environ(), p.env...)
	cmd.Stdout, cmd.Stderr = io.Writer(&p.log), io.Writer(&p.log)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", p.Name, err)
	}
	p.cmd = cmd
}

// Kill ends the process as a power cut would, and waits until it is gone.
func (p *Process) Kill() { p.end(syscall.SIGKILL) }

// Stop asks the process to end, and reports how it did.
func (p *Process) Stop() error { return p.end(syscall.SIGTERM) }

func (p *Process) end(sig syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return nil
	}
	if ids := incarnation.FindAllStringSubmatch(p.log.String(), -1); len(ids) > 0 {
		p.gone = append(p.gone, ids[len(ids)-1][1])
	}
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	err := p.cmd.Wait()
	p.cmd = nil
	return err
}

var incarnation = regexp.MustCompile(`"executor":"([0-9a-f]+)"`)

// Killed lists the executor incarnations that this process was when it was ended.
func (p *Process) Killed() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.gone...)
}

// Signal sends the process a signal, such as SIGSTOP, and does not wait for what it does.
func (p *Process) Signal(sig syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return fmt.Errorf("%s does not run", p.Name)
	}
	return p.cmd.Process.Signal(sig)
}

// Wait waits until the process has ended by itself, and reports how it did.
func (p *Process) Wait() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return nil
	}
	err := p.cmd.Wait()
	p.cmd = nil
	return err
}

// PID is the id of the running process, or 0.
func (p *Process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return 0
	}
	return p.cmd.Process.Pid
}

// Ready asks /readyz: an error holds what it says is missing.
func (p *Process) Ready() error {
	resp, err := client.Get("http://" + p.Health + api.PathReady)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %d %s", p.Name, resp.StatusCode, body)
	}
	return nil
}

// Log is what the process has written so far, over all its lives.
func (p *Process) Log() string { return p.log.String() }

// FreePort is a TCP port of loopback that nobody listens on. No two calls in one process give the same, and it is below
// the ports that the system gives to connections: what is started on it later still finds it free.
func FreePort(t testing.TB) string {
	t.Helper()
	for range 1000 {
		port := strconv.Itoa(firstPort + int(nextPort.Add(1))%ports)
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return port
	}
	t.Fatal("no free port was found")
	return ""
}

const firstPort, ports = 12_000, 20_000

// nextPort begins anywhere: other test processes run at the same time.
var nextPort = func() *atomic.Int64 {
	n := new(atomic.Int64)
	n.Store(rand.Int64N(ports))
	return n
}()

// Eventually waits until the condition holds, at most for the time, and fails the test otherwise.
func Eventually(t testing.TB, within time.Duration, what string, condition func() error) {
	t.Helper()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(within)
	for {
		err := condition()
		if err == nil {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("%s: not within %s: %v", what, within, err)
		case <-ticker.C:
		}
	}
}
