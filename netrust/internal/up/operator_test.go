package up_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/cli"
	"github.com/netrust/netrust/lab"
	"github.com/netrust/netrust/lab/fault"
	"github.com/netrust/netrust/netrust/internal/up"
)

const patience = 60 * time.Second

// network is a server with simulated devices, and an operator's view of it.
type network struct {
	t        *testing.T
	lab      *lab.Lab
	settings up.Settings
	config   string
}

// newNetwork starts a lab and a server on it, and imports its devices.
func newNetwork(t *testing.T, devices int) *network {
	t.Helper()
	l, err := lab.New(lab.Config{Devices: devices, Platforms: []string{"cisco_ios"}})
	if err != nil {
		t.Fatal(err)
	}
	run(t, l.Run)
	select {
	case <-l.Ready():
	case <-time.After(patience):
		t.Fatal("the lab does not start")
	}
	n := &network{t: t, lab: l, config: filepath.Join(t.TempDir(), "config")}
	n.settings = up.Default(filepath.Join(t.TempDir(), "data"))
	n.settings.Listen = freeAddress(t)
	return n
}

// start runs the server until the test ends or the returned function is called.
func (n *network) start() (stop func()) {
	n.t.Helper()
	ready := make(chan struct{})
	env := n.lab.CredentialEnv()
	stop = run(n.t, func(ctx context.Context) error {
		return up.Run(ctx, n.settings, func(name string) (string, bool) { v, ok := env[name]; return v, ok }, zerolog.Nop(),
			func(_ context.Context, started up.Started) error {
				defer close(ready)
				return up.Remember(n.config, started)
			})
	})
	select {
	case <-ready:
	case <-time.After(patience):
		n.t.Fatal("the server does not start")
	}
	return stop
}

// run runs what blocks until its context ends, and fails the test when it fails.
func run(t *testing.T, work func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- work(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			select {
			case err := <-done:
				if err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			case <-time.After(patience):
				t.Error("it does not stop")
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// screen collects what a command writes, and tells when something has appeared.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func newScreen() *screen { return &screen{more: make(chan struct{}, 1)} }

// Write implements io.Writer.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.more <- struct{}{}:
	default:
	}
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// await waits until the text shows.
func (s *screen) await(t *testing.T, text string) {
	t.Helper()
	deadline := time.After(patience)
	for !strings.Contains(s.String(), text) {
		select {
		case <-s.more:
		case <-deadline:
			t.Fatalf("%q does not show; there is:\n%s", text, s)
		}
	}
}

// command runs a command line on a terminal of 80 columns where answer is what the person types.
func (n *network) command(ctx context.Context, stdout, stderr io.Writer, answer string, args ...string) int {
	width := func() int { return 80 }
	deps := cli.Deps{
		Stdin: strings.NewReader(answer), Stdout: stdout, Stderr: stderr, LookupEnv: func(string) (string, bool) { return "", false },
		ConfigDir: n.config, Interactive: true, Width: width, ErrWidth: width, Now: time.Now, Version: "test",
	}
	return cli.Execute(ctx, cli.Command(deps), deps, args)
}

// must runs a command that succeeds, and returns what it wrote.
func (n *network) must(args ...string) (stdout, stderr string) {
	n.t.Helper()
	out, errs := newScreen(), newScreen()
	if code := n.command(n.t.Context(), out, errs, "", args...); code != cli.ExitDone {
		n.t.Fatalf("%q exits with %d:\n%s\n%s", args, code, out, errs)
	}
	return out.String(), errs.String()
}

func (n *network) importLab() {
	n.t.Helper()
	out := newScreen()
	if code := n.command(n.t.Context(), out, out, string(n.lab.InventoryYAML()), "device", "import", "-"); code != cli.ExitDone {
		n.t.Fatalf("importing: exit %d:\n%s", code, out)
	}
}

func (n *network) fault(device string, set fault.Set) {
	n.t.Helper()
	d, err := n.lab.Device(device)
	if err == nil {
		err = d.SetFaults(set)
	}
	if err != nil {
		n.t.Fatal(err)
	}
}

// count is how often all devices together received the command.
func (n *network) count(command string) int {
	total := 0
	for _, d := range n.lab.Devices() {
		total += d.Commands().Total[command]
	}
	return total
}
