// Package natscmd is the command `netrust nats`: what an operator does on the host of a NATS server that is not netrust's own.
//
// It makes the passwords of the users that deploy/nats/authorization.conf names, and the streams. Passwords are only in files
// that their owner alone can read, never in arguments or output.
package natscmd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/netrust/netrust/cli"
	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/process"
	"github.com/netrust/netrust/netrust/internal/world"
)

// Command makes the command.
func Command(w world.World) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "nats",
		Short: "Set up a NATS server that is not netrust's own",
		Long: `Sets up a NATS server that is not netrust's own: passwords for its users, and the streams. The server's settings are in
deploy/nats. netrust up and netrust serve nats do all this by themselves.`,
		Example: "  netrust nats users /etc/netrust/nats\n  netrust nats setup --password-file /etc/netrust/nats/nats.password",
		Args:    cli.NoSuchCommand,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(users(w), setup(w))
	return cmd
}

// EnvironmentFile is where the hashes of the passwords are, as variables for the server.
const EnvironmentFile = "nats.env"

func users(w world.World) *cobra.Command {
	return &cobra.Command{
		Use:   "users DIR",
		Short: "Make a password for each user of NATS that has none, and the hashes for the server",
		Long: `Makes a password for each user of NATS that has none yet, in a file of its own in the directory (mode 600), and writes
the hashes of all to ` + EnvironmentFile + `: the environment of the NATS server. To change a password remove its file and run this again; then
restart the server and the service.`,
		Example: "  netrust nats users /etc/netrust/nats",
		Args:    cli.Arguments(1, 1, "one directory"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := WriteUsers(args[0]); err != nil {
				return err
			}
			for _, user := range bus.Users() {
				fmt.Fprintln(w.Stdout, bus.UserPasswordFile(args[0], user))
			}
			fmt.Fprintf(w.Stdout, "%s\n", filepath.Join(args[0], EnvironmentFile))
			fmt.Fprintln(w.Stderr, "Next: start the NATS server with that environment, then run netrust nats setup.")
			return nil
		},
	}
}

// WriteUsers makes the missing passwords in a directory, and writes the hashes of all.
func WriteUsers(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the directory of the passwords: %w", err)
	}
	var env strings.Builder
	for _, user := range bus.Users() {
		password, err := bus.Password(dir, user)
		if err != nil {
			return err
		}
		hash, err := bus.HashPassword(password)
		if err != nil {
			return err
		}
		fmt.Fprintf(&env, "%s='%s'\n", bus.HashVariable(user), hash)
	}
	file := filepath.Join(dir, EnvironmentFile)
	part := file + ".part" // whole or not at all: the server may be starting
	if err := os.WriteFile(part, []byte(env.String()), 0o600); err != nil {
		return fmt.Errorf("keeping the hashes of the passwords: %w", err)
	}
	if err := os.Rename(part, file); err != nil {
		return fmt.Errorf("keeping the hashes of the passwords: %w", err)
	}
	return nil
}

func setup(w world.World) *cobra.Command {
	s := process.DefaultNATS()
	within := time.Minute
	cmd := &cobra.Command{
		Use:   "setup",
		Short: "Make the streams and buckets, or upgrade them to this release",
		Long: `Makes the streams and buckets on a NATS server, or upgrades them to this release. Run it before the services are started for
the first time and before each upgrade; services wait for it. What is there is kept.`,
		Example: `  netrust nats setup --password-file /etc/netrust/nats/nats.password
  netrust nats setup --url nats://10.0.0.5:4222,nats://10.0.0.6:4222 --replicas 3 --password-file /etc/netrust/nats/nats.password`,
		Args: cli.Arguments(0, 0, "no arguments, only flags"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.Validate(); err != nil {
				return &cli.ExitError{Code: cli.ExitMisuse, Text: "netrust nats setup cannot start: " + err.Error()}
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), within)
			defer cancel()
			log := zerolog.New(zerolog.ConsoleWriter{Out: w.Stderr, NoColor: true, TimeFormat: time.TimeOnly}).Level(zerolog.WarnLevel).With().Timestamp().Logger()
			cfg := s.Bus("netrust-setup", "")
			if cfg.CredentialsFile != "" {
				cfg.PasswordFile = ""
			}
			conn, err := bus.Connect(ctx, cfg, log)
			if err != nil {
				return err
			}
			defer conn.Close()
			if err := conn.Ensure(ctx); err != nil {
				return fmt.Errorf("making the streams: %w", err)
			}
			fmt.Fprintf(w.Stdout, "The streams and buckets at %s are as this release needs them.\n", s.URL)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.URL, "url", s.URL, "address of NATS, or several separated by commas")
	f.StringVar(&s.User, "user", bus.ServerUser, "user who may make streams")
	f.StringVar(&s.PasswordFile, "password-file", bus.PasswordFile(w.DataDir), "file that holds the user's password alone")
	f.StringVar(&s.CredentialsFile, "credentials-file", "", "file with a NATS JWT and its key, instead of user and password")
	f.StringVar(&s.CAFile, "ca-file", "", "certificate authority of the server, where it is not a public one")
	f.IntVar(&s.Replicas, "replicas", s.Replicas, "replicas of each stream: 1, or 3 on a cluster")
	f.DurationVar(&within, "within", within, "how long to wait for the server")
	return cmd
}
