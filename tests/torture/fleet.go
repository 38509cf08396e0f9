package torture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"
)

// FaultKind is what was done to a process.
type FaultKind string

// The kinds of faults. A pause lasts from At to Until.
const (
	FaultKill  FaultKind = "kill"  // SIGKILL
	FaultPause FaultKind = "pause" // SIGSTOP, later SIGCONT
	FaultStop  FaultKind = "stop"  // SIGTERM: it may drain
)

// Fault is one thing that was done to a process. A kill or a stop lasts until the process is gone.
type Fault struct {
	Kind      FaultKind
	Role      Role
	PID       int
	At, Until time.Time
}

// fleet runs the processes of a round, and starts each again when it is gone.
type fleet struct {
	place place
	ctx   context.Context // ends when the round does
	all   sync.WaitGroup

	mu     sync.Mutex
	slots  map[string]*slot
	faults []Fault
	broken []string // processes that ended though nobody ended them
}

// slot is one process, and the one that takes its place.
type slot struct {
	role    Role
	name    string
	pid     int // 0 while there is none
	stdin   io.Closer
	gone    chan struct{} // closed when the process with pid is gone
	ordered bool          // somebody ends it
	paused  sync.Mutex    // held while it is stopped: the end of one pause must not end another
	restart time.Duration
}

func newFleet(ctx context.Context, p place) *fleet {
	return &fleet{place: p, ctx: ctx, slots: map[string]*slot{}}
}

// add starts a process and keeps one running in its place.
func (f *fleet) add(role Role, name string, restart time.Duration) error {
	s := &slot{role: role, name: name, restart: restart}
	f.mu.Lock()
	f.slots[name] = s
	f.mu.Unlock()
	cmd, err := f.start(s)
	if err != nil {
		return err
	}
	f.all.Go(func() { f.keep(s, cmd) })
	return nil
}

func (f *fleet) start(s *slot) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	// Under the race detector a race ends the process, and so the round, instead of a line in a log that nobody reads.
	cmd.Env = append(os.Environ(), "GORACE=halt_on_error=1",
		envRole+"="+string(s.role), envDir+"="+f.place.dir, envListen+"="+f.place.listen, envName+"="+s.name)
	// A process that is stopped cannot see its input end: the kernel ends it with the thread that made it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := os.OpenFile(filepath.Join(f.place.logs(), s.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close() //nolint:errcheck // the process has its own handle
	cmd.Stdout, cmd.Stderr = log, log
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", s.name, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s.pid, s.stdin, s.gone, s.ordered = cmd.Process.Pid, stdin, make(chan struct{}), false
	return cmd, nil
}

// keep waits for the process and starts the next one, until the round ends.
func (f *fleet) keep(s *slot, cmd *exec.Cmd) {
	for {
		err := cmd.Wait()
		f.mu.Lock()
		if !s.ordered && f.ctx.Err() == nil {
			f.broken = append(f.broken, fmt.Sprintf("%s (pid %d) ended by itself: %v; its log is %s.log", s.name, s.pid, err, s.name))
		}
		s.pid = 0
		close(s.gone)
		f.mu.Unlock()
		select {
		case <-f.ctx.Done():
			return
		case <-time.After(s.restart):
		}
		if cmd, err = f.start(s); err != nil {
			f.mu.Lock()
			f.broken = append(f.broken, err.Error())
			f.mu.Unlock()
			return
		}
	}
}

// do makes a fault of a process, as soon as it runs, and notes it. It returns when the process is gone, or goes on.
func (f *fleet) do(kind FaultKind, name string, lasting time.Duration) {
	s := f.slots[name]
	if kind == FaultPause {
		s.paused.Lock()
		defer s.paused.Unlock()
	}
	f.mu.Lock()
	for s.pid == 0 {
		f.mu.Unlock()
		if !pause(f.ctx, 20*time.Millisecond) {
			return
		}
		f.mu.Lock()
	}
	pid, gone, n := s.pid, s.gone, len(f.faults)
	f.faults = append(f.faults, Fault{Kind: kind, Role: s.role, PID: pid, At: time.Now()})
	s.ordered = s.ordered || kind != FaultPause
	signal := map[FaultKind]syscall.Signal{FaultKill: syscall.SIGKILL, FaultPause: syscall.SIGSTOP, FaultStop: syscall.SIGTERM}[kind]
	_ = syscall.Kill(pid, signal) // refused only if it is gone, which is what the next line waits for
	f.mu.Unlock()
	if kind == FaultPause {
		select {
		case <-time.After(lasting):
		case <-gone: // killed while it was stopped
		}
		_ = syscall.Kill(pid, syscall.SIGCONT)
	} else {
		<-gone
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults[n].Until = time.Now()
}

// close ends all processes. It must be called after the context of the fleet has ended.
func (f *fleet) close() {
	f.mu.Lock()
	for _, s := range f.slots {
		if s.pid != 0 {
			_ = syscall.Kill(s.pid, syscall.SIGKILL)
		}
	}
	f.mu.Unlock()
	f.all.Wait()
}

// told returns the faults so far, and an error for every process that ended by itself.
func (f *fleet) told() ([]Fault, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var errs []error
	for _, b := range f.broken {
		errs = append(errs, errors.New(b))
	}
	return slices.Clone(f.faults), errors.Join(errs...)
}
