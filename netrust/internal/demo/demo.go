// Package demo is the command `netrust demo`: everything in one process and in a temporary directory, a lab of simulated
// devices, an inventory import and a job through the gateway's HTTP API, by the very commands that an operator uses.
package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/netrust/netrust/cli"
	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/netrust/internal/up"
	"github.com/netrust/netrust/netrust/internal/world"
)

// Command makes the command.
func Command(w world.World) *cobra.Command {
	devices, command := 24, "show version"
	var platforms []string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show a job from HTTP request to devices and back, with simulated devices",
		Long: `Starts everything in one process with its data in a temporary directory, and a lab of simulated devices of several
vendors; imports them and runs a command on all of them through the HTTP API; then stops and removes everything.

Exit code: 0 when every device answered, else 1.`,
		Args: cli.Arguments(0, 0, "no arguments, only flags"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd.Context(), w, devices, platforms, command)
		},
	}
	cmd.Flags().IntVar(&devices, "devices", devices, "how many simulated devices")
	cmd.Flags().StringSliceVar(&platforms, "platforms", nil, "platforms of the devices, dealt out in turn (default: all)")
	cmd.Flags().StringVar(&command, "command", command, "what to run on them")
	return cmd
}

// errShown ends the server when the demonstration is over.
var errShown = errors.New("the demonstration is over")

func run(ctx context.Context, w world.World, devices int, platforms []string, command string) error {
	dir, err := os.MkdirTemp("", "netrust-demo-")
	if err != nil {
		return fmt.Errorf("making a temporary directory: %w; set TMPDIR to a writable one", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // at the end of the process nothing can be done about it
	s := up.Default(filepath.Join(dir, "data"))
	s.Listen, s.LabPort = "127.0.0.1:0", 0
	s.Lab, s.LabDevices, s.LabPlatforms = true, devices, platforms
	s.Process.Log.Level = "error"
	log := servicekit.NewLogger(w.Stderr, "netrust", s.Process.Log)
	say(w, "starting NATS, scheduler, executor, gateway, audit and a lab of %d devices in this process", devices)
	code := cli.ExitFailed
	err = up.Run(ctx, s, w.LookupEnv, log, func(ctx context.Context, started up.Started) error {
		code = show(ctx, w, dir, started, command)
		return errShown
	})
	if !errors.Is(err, errShown) {
		if ctx.Err() != nil {
			return &cli.ExitError{Code: cli.ExitFailed, Text: "interrupted; everything is stopped"}
		}
		return err
	}
	say(w, "everything is stopped, and its data removed")
	if code != cli.ExitDone {
		return &cli.ExitError{Code: code}
	}
	return nil
}

// show runs the operator's commands, one after the other, and returns the exit code of the first that fails.
func show(ctx context.Context, w world.World, dir string, started up.Started, command string) int {
	deps := w.Deps
	deps.ConfigDir = filepath.Join(dir, "config")
	deps.LookupEnv = func(string) (string, bool) { return "", false } // the demonstration's server, not the user's
	if err := up.Remember(deps.ConfigDir, started); err != nil {
		fmt.Fprintln(w.Stderr, err)
		return cli.ExitFailed
	}
	say(w, "the API answers at %s", started.URL)
	quiet := deps
	quiet.Stdin, quiet.Stdout = bytes.NewReader(started.Lab.Inventory()), new(bytes.Buffer) // the list of changes is long
	for _, step := range []struct {
		deps cli.Deps
		args []string
	}{
		{quiet, []string{"device", "import", "-", "--yes"}},
		{deps, []string{"run", command, "--all", "--yes"}},
	} {
		say(w, "netrust %s", quoted(step.args))
		if code := cli.Execute(ctx, cli.Command(step.deps), step.deps, step.args); code != cli.ExitDone {
			return code
		}
	}
	return cli.ExitDone
}

func say(w world.World, format string, args ...any) {
	fmt.Fprintf(w.Stderr, "▸ "+format+"\n", args...)
}

func quoted(args []string) string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = a
		if strings.ContainsAny(a, " '\"$") {
			out[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
	}
	return strings.Join(out, " ")
}
