package up

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/netrust/netrust/cli"
	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/netrust/internal/environ"
	"github.com/netrust/netrust/netrust/internal/world"
)

// Command makes the command `netrust up`.
func Command(w world.World) *cobra.Command {
	s := Default(w.DataDir)
	s.Executor.CredentialsUnlock = w.CredentialsUnlock()
	var file string
	fs := flag.NewFlagSet("up", flag.ContinueOnError)
	flags := servicekit.Bind(fs, &s, "gateway-listen", "gateway-data-dir") // they follow from listen and data_dir
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Run everything in one process on this machine",
		Long: `Runs NATS, scheduler, executor, gateway and audit in one process, on loopback, until it is stopped. The first start makes an
admin token, shows it once, and keeps it where the commands of this user find it.

With --lab it also runs simulated devices and imports them, and with --lab-command it runs a job on them.`,
		Example: `  netrust up
  netrust up --lab --lab-devices 100
  netrust up --lab --lab-command 'show version'
  netrust up --data-dir ./data --listen 127.0.0.1:0`,
		Args: cli.Arguments(0, 0, "no arguments, only flags"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := servicekit.Load(&s, "", servicekit.Source{File: file, Environ: w.Environ, Flags: flags}); err != nil {
				return &cli.ExitError{Code: cli.ExitMisuse, Text: "netrust up cannot start with these settings:\n" + err.Error()}
			}
			if s.Executor.CredentialsAgeFile == "" {
				s.Executor.CredentialsAgeFile = world.CredentialsFile(s.DataDir) // where netrust credential puts it
			}
			if unknown := environ.Find(w, &s); len(unknown) > 0 {
				text := "netrust up cannot start with these variables; remove or correct them:"
				for _, u := range unknown {
					text += "\n" + u.Error()
				}
				return &cli.ExitError{Code: cli.ExitMisuse, Text: text}
			}
			err := servicekit.RunProcess(w.Stderr, "netrust", s.Process, func(ctx context.Context, p servicekit.Process) error {
				s.Observe = p.Observe
				return Run(ctx, s, w.LookupEnv, p.Log, func(ctx context.Context, up Started) error { return greet(ctx, w, s, up) })
			})
			if servicekit.IsFault(err) {
				return &cli.ExitError{Code: cli.ExitMisuse, Text: "netrust up: " + err.Error()}
			}
			return err
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "settings file (YAML)")
	cmd.Flags().AddGoFlagSet(fs)
	return cmd
}

// greet imports the lab, writes down how to reach the server, and tells the person what runs and what to do next.
func greet(ctx context.Context, w world.World, s Settings, up Started) error {
	if up.Lab != nil {
		if err := importLab(ctx, w, up); err != nil {
			return err
		}
	}
	if err := Remember(w.ConfigDir, up); err != nil {
		return err
	}
	fmt.Fprintf(w.Stdout, "netrust is up: %s (data in %s)\n", up.URL, s.DataDir)
	if up.FirstToken != "" {
		fmt.Fprintf(w.Stdout, "Admin token, shown this once: %s\nCommands of this user find it in %s.\n", up.FirstToken, up.TokenFile)
	}
	next := "netrust device import inventory.yaml, then netrust run 'show version' --all"
	if up.Lab != nil {
		fmt.Fprintf(w.Stdout, "Lab: %d simulated devices; faults and counts at %s\n", up.Lab.Devices(), up.Lab.Control())
		next = "netrust run 'show version' --label 'platform!=generic_ssh'"
		if s.LabCommand != "" {
			runOnLab(ctx, w, s.LabCommand, up)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	fmt.Fprintf(w.Stdout, "Next: %s\nCtrl-C stops it.\n", next)
	return nil
}

// runOnLab runs a job on the simulated devices alone, as the person could. What fails is said there; the server stays.
func runOnLab(ctx context.Context, w world.World, command string, up Started) {
	fmt.Fprintf(w.Stdout, "Running '%s' on the simulated devices:\n", command)
	args := []string{"run", command, "--id", strings.Join(up.Lab.IDs(), ","), "--yes", "--server", up.URL, "--token-file", up.TokenFile}
	cli.Execute(ctx, cli.Command(w.Deps), w.Deps, args)
}

func importLab(ctx context.Context, w world.World, up Started) error {
	deps := w.Deps
	deps.Stdin, deps.Stdout = bytes.NewReader(up.Lab.Inventory()), io.Discard // the list of changes is long
	args := []string{"device", "import", "-", "--yes", "--server", up.URL, "--token-file", up.TokenFile}
	if code := cli.Execute(ctx, cli.Command(deps), deps, args); code != cli.ExitDone {
		return fmt.Errorf("importing the lab's devices failed (exit code %d); what was said above tells why", code)
	}
	return nil
}

// Remember writes down how the commands of this user reach the server.
func Remember(configDir string, up Started) error {
	if configDir == "" {
		return nil
	}
	c := cli.Connection{Server: up.URL}
	if path, err := filepath.Abs(up.TokenFile); err == nil {
		if _, err := os.Stat(path); err == nil {
			c.TokenFile = path
		}
	}
	return cli.WriteConnection(configDir, c)
}
