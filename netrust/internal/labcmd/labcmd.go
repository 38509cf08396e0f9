// Package labcmd is the command `netrust lab`: simulated devices in a process of their own.
//
// It writes what a server needs to reach them (an inventory, known hosts, the credentials as environment) into a
// directory, says where, and stays until it is stopped.
package labcmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/netrust/netrust/cli"
	"github.com/netrust/netrust/lab"
	"github.com/netrust/netrust/netrust/internal/world"
)

// Command makes the command.
func Command(w world.World) *cobra.Command {
	cfg := lab.Default()
	var dir string
	cmd := &cobra.Command{
		Use:   "lab",
		Short: "Run simulated devices that speak real SSH",
		Long: `Runs simulated devices on loopback addresses until it is stopped. Writes inventory.yaml, known_hosts and credentials.env
into a directory (a temporary one unless --dir names one) and prints where.`,
		Example: `  netrust lab --devices 1000 --platforms cisco_ios,frr
  netrust lab --devices 24 --dir ./lab
  set -a; . ./lab/credentials.env; set +a; netrust serve executor`,
		Args: cli.Arguments(0, 0, "no arguments, only flags"),
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), w, cfg, dir) },
	}
	flags := cmd.Flags()
	flags.IntVar(&cfg.Devices, "devices", cfg.Devices, "how many devices")
	flags.StringSliceVar(&cfg.Platforms, "platforms", nil, "dealt out to the devices in turn: "+strings.Join(lab.Platforms(), ","))
	flags.IntVar(&cfg.Port, "port", cfg.Port, "TCP port of all devices; 0 takes a free one")
	flags.StringVar(&cfg.AddressBase, "address-base", "", "address of the first device (default 127.18.0.1)")
	flags.IntVar(&cfg.Sites, "sites", 1, "over how many sites the devices spread")
	flags.Uint64Var(&cfg.Seed, "seed", 0, "decides host keys, passwords and serial numbers")
	flags.DurationVar(&cfg.Latency, "latency", 0, "what every command takes")
	flags.IntVar(&cfg.LockAfter, "lock-after", 0, "bad logins in a row, on whichever devices, after which an account is locked; 0 for never")
	flags.DurationVar(&cfg.LoginDelay, "login-delay", 0, "how long the server of accounts takes for a password, such as 20ms")
	flags.IntVar(&cfg.MaxSessions, "max-sessions", 0, "how many logins a device holds at once, as its vty lines; 0 for no limit")
	flags.StringVar(&cfg.Control, "control", cfg.Control, "loopback address of the HTTP control (faults, counts)")
	flags.StringVar(&dir, "dir", "", "directory for the files (default: a temporary one, removed at the end)")
	return cmd
}

func run(ctx context.Context, w world.World, cfg lab.Config, dir string) error {
	l, err := lab.New(cfg)
	if err != nil {
		return &cli.ExitError{Code: cli.ExitMisuse, Text: err.Error()}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	select {
	case <-l.Ready():
	case err := <-done:
		return ended(ctx, err)
	}
	files, err := write(l, dir)
	if err == nil {
		defer files.remove()
		err = files.print(w, l)
	}
	if err != nil {
		cancel()
		return errors.Join(err, ended(ctx, <-done))
	}
	return ended(ctx, <-done)
}

func ended(ctx context.Context, err error) error {
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return nil
	}
	return err
}

// files is what the lab wrote.
type files struct {
	dir       string
	temporary bool
}

func write(l *lab.Lab, dir string) (files, error) {
	f := files{dir: dir}
	var err error
	if dir == "" {
		f.temporary = true
		if f.dir, err = os.MkdirTemp("", "netrust-lab-"); err != nil {
			return f, fmt.Errorf("making a directory for the lab's files: %w", err)
		}
	} else if err = os.MkdirAll(dir, 0o700); err != nil {
		return f, fmt.Errorf("making the lab's directory: %w; choose another with --dir", err)
	}
	for name, text := range map[string][]byte{
		"inventory.yaml": l.InventoryYAML(), "known_hosts": l.KnownHosts(), "credentials.env": environment(l.CredentialEnv()),
	} {
		if err := os.WriteFile(filepath.Join(f.dir, name), text, 0o600); err != nil {
			return f, fmt.Errorf("writing the lab's files: %w; choose another directory with --dir", err)
		}
	}
	return f, nil
}

func (f files) remove() {
	if f.temporary {
		_ = os.RemoveAll(f.dir) // at the end of the process nothing can be done about it
	}
}

func (f files) print(w world.World, l *lab.Lab) error {
	_, err := fmt.Fprintf(w.Stdout, "devices      %d on port %d, from %s\ninventory    %s\nknown hosts  %s\ncredentials  %s\ncontrol      %s\n",
		len(l.Devices()), l.Port(), l.Devices()[0].Target(),
		filepath.Join(f.dir, "inventory.yaml"), filepath.Join(f.dir, "known_hosts"), filepath.Join(f.dir, "credentials.env"), l.ControlURL())
	fmt.Fprintln(w.Stderr, "Ctrl-C ends it.")
	return err
}

// environment is a file that a shell can read: NAME='value'.
func environment(vars map[string]string) []byte {
	lines := make([]string, 0, len(vars))
	for name, value := range vars {
		lines = append(lines, name+"='"+strings.ReplaceAll(value, "'", `'\''`)+"'\n")
	}
	slices.Sort(lines)
	return []byte(strings.Join(lines, ""))
}
