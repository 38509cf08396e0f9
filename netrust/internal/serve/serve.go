// Package serve is the command `netrust serve <service>`: each service as a process of its own, with settings from a file,
// the environment (NETRUST_<SERVICE>_<FIELD>) and flags.
//
// What a service does is in its module; here it is given settings, a connection to NATS, a logger and a health address.
package serve

import (
	"context"
	"flag"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/netrust/netrust/cli"
	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/process"
	"github.com/netrust/netrust/libs/servicekit"
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
			err := servicekit.RunProcess(w.Stderr, s.Name, *s.process, s.run)
			if servicekit.IsFault(err) {
				return &cli.ExitError{Code: cli.ExitMisuse, Text: fmt.Sprintf("netrust serve %s: %v", s.Name, err)}
			}
			return err
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "settings file (YAML)")
	cmd.Flags().AddGoFlagSet(set)
	return cmd
}

// defaults completes a service's settings: its NATS is that of netrust serve nats on this machine.
func defaults[C any](w world.World, service string, s *process.Settings[C]) *process.Settings[C] {
	s.NATS.PasswordFile = bus.UserPasswordFile(w.DataDir, service)
	return s
}
