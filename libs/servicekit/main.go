package servicekit

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/servicekit/metric"
	"github.com/netrust/netrust/libs/servicekit/tracing"
)

// ProcessSettings are the settings of any process. A main's settings struct holds them inline:
//
//	type settings struct {
//		Process servicekit.ProcessSettings `yaml:",inline"`
//		Service executor.Config            `yaml:",inline"`
//	}
type ProcessSettings struct {
	Log          LogSettings   `yaml:"log"`
	Trace        TraceSettings `yaml:",inline"`
	HealthListen string        `yaml:"health_listen" help:"loopback address of /healthz, /readyz and /metrics; empty: none"`
	DrainTimeout time.Duration `yaml:"drain_timeout" help:"how long work in hand may take to end after SIGTERM"`
}

// DefaultProcess is for a process without health address, with 30 seconds to drain.
func DefaultProcess() ProcessSettings {
	return ProcessSettings{Log: DefaultLog(), Trace: DefaultTrace(), DrainTimeout: 30 * time.Second}
}

// Validate reports every fault.
func (s *ProcessSettings) Validate() error {
	var errs []error
	if s.DrainTimeout <= 0 {
		errs = append(errs, Fault("drain_timeout", "set it to 1s or more", "%s is not above 0", s.DrainTimeout))
	}
	if s.HealthListen != "" {
		if _, _, err := net.SplitHostPort(s.HealthListen); err != nil {
			errs = append(errs, Fault("health_listen", "write host:port, such as 127.0.0.1:7491", "%q is not an address", s.HealthListen))
		}
	}
	return errors.Join(errs...)
}

// Process is what [Main] gives to the work.
type Process struct {
	Log    zerolog.Logger
	Health *Health
	// Observe are the process's metrics, shown on its health address, and its traces.
	Observe
	// DrainTimeout is how long the work may take to end once its context has ended.
	DrainTimeout time.Duration
}

// Host is the world a main runs in: in a test, not the real one.
type Host struct {
	Args    []string // without the program's name
	Environ []string
	Stderr  io.Writer
}

// Main is a whole service process: settings from the file that --config names, the environment and flags into settings
// (a pointer to a struct that holds the defaults, with process pointing into it); a logger; health and metrics on its address; then
// run, whose context ends at SIGINT or SIGTERM. It returns the exit code: 0 done, 1 failed, 2 misused.
//
// A run that has not ended DrainTimeout after the signal, or a second signal, ends the process with 1: netrust's
// protocol survives that, as it survives a kill.
func Main(host Host, service string, settings any, process *ProcessSettings, run func(context.Context, Process) error) int {
	fs := flag.NewFlagSet(service, flag.ContinueOnError)
	fs.SetOutput(host.Stderr)
	file := fs.String("config", "", "settings file (YAML)")
	flags := Bind(fs, settings, "config")
	if err := fs.Parse(host.Args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if fs.NArg() > 0 {
		fmt.Fprintf(host.Stderr, "%s takes no arguments, only flags: %q; see --help\n", service, fs.Args())
		return 2
	}
	if err := Load(settings, service, Source{File: *file, Environ: host.Environ, Flags: flags}); err != nil {
		fmt.Fprintf(host.Stderr, "%s cannot start with these settings:\n%v\n", service, err)
		return 2
	}
	if err := RunProcess(host.Stderr, service, *process, run); err != nil {
		fmt.Fprintf(host.Stderr, "%s: %v\n", service, err)
		if IsFault(err) {
			return 2
		}
		return 1
	}
	return 0
}

// RunProcess is [Main] after its settings are loaded: it returns when run has ended, its time to drain is over, or a
// second signal comes. In the last two cases run may still be working: the caller must end the process.
func RunProcess(stderr io.Writer, service string, s ProcessSettings, run func(context.Context, Process) error) error {
	log := NewLogger(stderr, service, s.Log)
	ctx, end := context.WithCancel(log.WithContext(context.Background()))
	defer end()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)

	metrics := metric.NewRegistry()
	tracer, err := tracing.New(ctx, tracing.Config{Endpoint: s.Trace.Endpoint, Ratio: s.Trace.Ratio, Instance: instance()}, log, metrics)
	if err != nil {
		return err
	}
	p := Process{Log: log, Health: NewHealth(), Observe: Observe{Metrics: metrics, Tracer: tracer}, DrainTimeout: s.DrainTimeout}
	done := make(chan error, 1)
	go func() {
		err := runWithHealth(ctx, s.HealthListen, p, run)
		flush(p)
		done <- err
	}()

	select {
	case err := <-done:
		return ignoreCancel(err)
	case sig := <-signals:
		log.Info().Str("signal", sig.String()).Dur("drain_timeout", s.DrainTimeout).Msg("stopping")
		end()
	}
	// run has its own bound; this one is for a run that hangs
	timer := time.NewTimer(s.DrainTimeout + flushTimeout + time.Second)
	defer timer.Stop()
	select {
	case err := <-done:
		return ignoreCancel(err)
	case <-signals:
		return ErrForced
	case <-timer.C:
		return fmt.Errorf("work in hand had not ended after %s; raise drain_timeout if it needs longer", s.DrainTimeout)
	}
}

func runWithHealth(ctx context.Context, addr string, p Process, run func(context.Context, Process) error) error {
	if addr == "" {
		return run(ctx, p)
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("listening for health on %s: %w; set health_listen to a free address", addr, err)
	}
	return RunInOrder(ctx, p.DrainTimeout,
		Part{Name: "health", Run: func(ctx context.Context) error { return p.Health.Serve(ctx, listener, p.Metrics) }},
		Part{Name: "work", Run: func(ctx context.Context) error { return run(ctx, p) }},
	)
}

// flushTimeout bounds how long the last traces hold up the end of a process.
const flushTimeout = 3 * time.Second

func flush(p Process) {
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	if err := p.Tracer.Close(ctx); err != nil {
		p.Log.Warn().Err(err).Msg("the last traces are lost")
	}
}

// instance tells this process from others of its service.
func instance() string {
	host, _ := os.Hostname()
	return host + "/" + strconv.Itoa(os.Getpid())
}

func ignoreCancel(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
