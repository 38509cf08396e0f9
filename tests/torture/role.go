package torture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/services/executor"
	"github.com/netrust/netrust/services/scheduler"
)

// Role is what a process of a round does.
type Role string

// The roles.
const (
	RoleServer    Role = "server"
	RoleScheduler Role = "scheduler"
	RoleExecutor  Role = "executor"
)

// What a process is told through its environment: the test binary runs itself.
const (
	envRole   = "NETRUST_TORTURE_ROLE"
	envDir    = "NETRUST_TORTURE_DIR"
	envListen = "NETRUST_TORTURE_LISTEN"
	envName   = "NETRUST_TORTURE_NAME"
)

// place is where a round lives.
type place struct{ dir, listen string }

func (p place) nats() string    { return filepath.Join(p.dir, "nats") }
func (p place) effects() string { return filepath.Join(p.dir, "effects") }
func (p place) logs() string    { return filepath.Join(p.dir, "logs") }

func (p place) connect(ctx context.Context, name string, log zerolog.Logger) (*bus.Conn, error) {
	return bus.Connect(ctx, bus.Config{
		URL: "nats://" + p.listen, Name: name, User: bus.ServerUser, PasswordFile: bus.PasswordFile(p.nats()),
	}, log)
}

// RunRole does the role that the environment names and returns the exit code. ok is false when it names none: the process is
// the test itself.
func RunRole() (code int, ok bool) {
	role := Role(os.Getenv(envRole))
	if role == "" {
		return 0, false
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() { // the test holds the other end: when it dies, so do we
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(3)
	}()
	p := place{dir: os.Getenv(envDir), listen: os.Getenv(envListen)}
	log := zerolog.New(os.Stderr).With().Timestamp().Logger()
	err := p.run(ctx, role, os.Getenv(envName), log)
	if err != nil && !errors.Is(err, context.Canceled) {
		log.Error().Err(err).Msg("the process ends")
		return 1, true
	}
	return 0, true
}

func (p place) run(ctx context.Context, role Role, name string, log zerolog.Logger) error {
	if role == RoleServer {
		server, err := bus.StartServer(bus.ServerConfig{DataDir: p.nats(), Listen: p.listen}, log)
		if err != nil {
			return err
		}
		<-ctx.Done()
		server.Close()
		return nil
	}
	conn, err := p.connect(ctx, name, log)
	if err != nil {
		return err
	}
	defer conn.Close()
	switch role {
	case RoleScheduler:
		s, err := scheduler.New(conn, schedulerConfig(), log)
		if err != nil {
			return err
		}
		return s.Run(ctx)
	case RoleExecutor:
		return p.execute(ctx, conn, name, log)
	}
	return fmt.Errorf("no role is called %q", role)
}

func (p place) execute(ctx context.Context, conn *bus.Conn, name string, log zerolog.Logger) error {
	rec, err := newRecorder(p.effects(), name)
	if err != nil {
		return err
	}
	d := &devices{rec: rec}
	drivers, err := driver.NewRegistry(d)
	if err != nil {
		return err
	}
	e, err := executor.New(conn, executorConfig(), drivers, anyone{}, log)
	if err != nil {
		return err
	}
	d.alive = func() error { return e.Ready(ctx) }
	return e.Run(ctx)
}
