// Package serve is the command `netrust serve <service>`: each service as a process of its own, with settings from a file,
// the environment (NETRUST_<SERVICE>_<FIELD>) and flags.
//
// What a service does is in its module; here it is given settings, a connection to NATS, a logger and a health address.
package serve

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/netrust/netrust/cli"
	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/netrust/internal/natscfg"
	"github.com/netrust/netrust/netrust/internal/world"
)

// Command makes the command.
func Command(w world.World) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run one service as a process of its own",
		Long: `Runs one service as a process of its own, beside a NATS server that all of them share. For everything in one process see
netrust up.`,
		Example: `  netrust serve nats --data-dir /var/lib/netrust/nats
  netrust serve gateway --config /etc/netrust/gateway.yaml
  netrust serve scheduler
  NETRUST_EXECUTOR_NATS_URL=nats://10.0.0.5:4222 netrust serve executor`,
		Args: cli.NoSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, s := range Services(w) {
		cmd.AddCommand(s.command(w))
	}
	return cmd
}

// Service is one process that can be served.
type Service struct {
	Name, Short string
	// Settings points to a struct that holds the defaults; process and run refer into it.
	Settings any
	process  *servicekit.ProcessSettings
	run      func(context.Context, servicekit.Process) error
}

func (s Service) command(w world.World) *cobra.Command {
	var file string
	set := flag.NewFlagSet(s.Name, flag.ContinueOnError)
	flags := servicekit.Bind(set, s.Settings)
	cmd := &cobra.Command{
		Use: s.Name, Short: s.Short,
		Long: s.Short + ".\n\nEach flag is also a key of the settings file and a variable; see netrust settings " + s.Name + ".",
		Args: cli.Arguments(0, 0, "no arguments, only flags"),
		RunE: func(*cobra.Command, []string) error {
			if err := servicekit.Load(s.Settings, s.Name, servicekit.Source{File: file, Environ: w.Environ, Flags: flags}); err != nil {
				return &cli.ExitError{Code: cli.ExitMisuse, Text: fmt.Sprintf("netrust serve %s cannot start with these settings:\n%v", s.Name, err)}
			}
			return servicekit.RunProcess(w.Stderr, s.Name, *s.process, s.run)
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "settings file (YAML)")
	cmd.Flags().AddGoFlagSet(set)
	return cmd
}

// settings of a service that speaks to NATS.
type settings[C any] struct {
	Process servicekit.ProcessSettings `yaml:",inline"`
	NATS    natscfg.Settings           `yaml:"nats"`
	Service C                          `yaml:",inline"`
}

func defaults[C any](w world.World, service C, health string) *settings[C] {
	s := &settings[C]{Process: servicekit.DefaultProcess(), NATS: natscfg.Default(), Service: service}
	s.Process.HealthListen = health
	s.NATS.PasswordFile = bus.PasswordFile(w.DataDir) // of netrust serve nats on this machine
	return s
}

// connected connects, brings the topology up to date, and runs work on the connection. NATS may start later than the
// service: until then it is not ready.
func connected(ctx context.Context, p servicekit.Process, name string, nats natscfg.Settings, work func(context.Context, *bus.Conn) error) error {
	p.Health.Set("nats", fmt.Errorf("not connected to %s yet", nats.URL))
	if err := awaitFile(ctx, p, nats.PasswordFile); err != nil {
		return err
	}
	conn, err := bus.Connect(ctx, nats.Bus("netrust-"+name), p.Log)
	if err != nil {
		return fmt.Errorf("connecting to NATS at %s: %w", nats.URL, err)
	}
	defer conn.Close()
	p.Health.Register("nats", conn.Ready)
	p.Health.Set("streams", errors.New("being prepared"))
	if err := conn.Ensure(ctx); err != nil {
		return fmt.Errorf("preparing streams and buckets: %w", err)
	}
	p.Health.Set("streams", nil)
	return work(ctx, conn)
}

// lookEvery is how often a file that is to come is looked for.
const lookEvery = 200 * time.Millisecond

// awaitFile waits for the password file, which netrust serve nats writes when it first starts: the processes may be
// started in any order. What it waits for is in the log and in /readyz.
func awaitFile(ctx context.Context, p servicekit.Process, path string) error {
	if path == "" {
		return nil
	}
	_, err := os.Stat(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return nil // it is there, or reading it says what is wrong
	}
	p.Health.Set("nats", fmt.Errorf("the password file %s is not there yet: start netrust serve nats, or set nats.password_file", path))
	p.Log.Warn().Str("password_file", path).Msg("waiting for the password file of NATS; netrust serve nats writes it, nats.password_file names another")
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for errors.Is(err, fs.ErrNotExist) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			_, err = os.Stat(path)
		}
	}
	return nil
}
