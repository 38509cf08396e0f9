// Package credentialcmd is the command `netrust credential`: the credentials that this host's executor logs in with.
//
// It speaks to no server, but for `test --device`, which asks the gateway how a device is reached: secrets stay on the
// host that uses them. A secret is never an argument: a person is asked for it, and a program gives it on standard input.
package credentialcmd

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/netrust/netrust/cli"
	"github.com/netrust/netrust/libs/credential"
	"github.com/netrust/netrust/libs/credential/agefile"
	"github.com/netrust/netrust/libs/credential/oskeyring"
	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/netrust/internal/world"
	"github.com/netrust/netrust/services/executor"
)

// group is the command with the flags that all its commands share.
type group struct {
	world.World
	config, dataDir, ageFile, unlock string

	lines *bufio.Reader // standard input, where secrets come from a program
}

// Command makes the command.
func Command(w world.World) *cobra.Command {
	g := &group{World: w, lines: bufio.NewReader(w.Stdin)}
	cmd := &cobra.Command{
		Use:   "credential",
		Short: "Keep the credentials that this host's executor logs in with",
		Long: `Keeps credentials in a file on this host, encrypted with age. Devices refer to one as age:NAME in the inventory; only the
executor on this host reads it. The file, and the identity that opens it, are made when the first credential is set.

The file is the one that ` + "`netrust up`" + ` and ` + "`netrust serve executor`" + ` of this user read. Settings of the executor
(--config, NETRUST_EXECUTOR_CREDENTIALS_AGE_FILE, NETRUST_EXECUTOR_CREDENTIALS_UNLOCK) are followed here too.

A secret is never an argument: it would be in the process list. On a terminal each is asked for, twice and without echo. Otherwise
standard input is read, one secret per line, in the order: password, enable secret, passphrase, token.`,
		Example: `  netrust credential set core-routers --username netops --enable
  pass show netops | netrust credential set core-routers --username netops
  netrust credential set edge --username netops --private-key-file ~/.ssh/netops
  netrust credential test core-routers --device edge-1
  netrust credential list`,
		Args: cli.NoSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	flags := cmd.PersistentFlags()
	flags.StringVar(&g.config, "config", "", "settings file of the executor (YAML)")
	flags.StringVar(&g.dataDir, "data-dir", "", "data directory of netrust up, with the file credentials.age")
	flags.StringVar(&g.ageFile, "age-file", "", "the encrypted file")
	flags.StringVar(&g.unlock, "unlock", "", "what opens it: "+strings.Join(agefile.Forms(), ", ")+", or prompt for a passphrase that you are asked for")
	cmd.SetFlagErrorFunc(flagError)
	cmd.AddCommand(g.set(), g.list(), g.remove(), g.test())
	return cmd
}

// flagError does not repeat a value that may be a secret.
func flagError(cmd *cobra.Command, err error) error {
	var value *pflag.InvalidValueError
	if errors.As(err, &value) {
		return misused("%s: --%s takes no value: secrets are asked for, or read from standard input. What was given can be seen in the process list: if it was a secret, change it.",
			cmd.CommandPath(), value.GetFlag().Name)
	}
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		return misused("%s: there is no flag --%s\nSee `%s --help`.", cmd.CommandPath(), unknown.GetSpecifiedName(), cmd.CommandPath())
	}
	return misused("%s: %v\nSee `%s --help`.", cmd.CommandPath(), err, cmd.CommandPath())
}

func misused(format string, args ...any) error {
	return &cli.ExitError{Code: cli.ExitMisuse, Text: fmt.Sprintf(format, args...)}
}

// settings are those of the executor on this host, as `netrust serve executor` would read them, with this command's flags.
func (g *group) settings() (executor.Config, error) {
	s := executor.DefaultProcess()
	s.Service.CredentialsAgeFile, s.Service.CredentialsUnlock = world.CredentialsFile(g.DataDir), g.CredentialsUnlock()
	if err := servicekit.Load(s, "executor", servicekit.Source{File: g.config, Environ: g.Environ}); err != nil {
		return executor.Config{}, misused("netrust credential cannot use the executor's settings:\n%v", err)
	}
	c := s.Service.WithEnvironment(g.LookupEnv)
	if g.dataDir != "" {
		c.CredentialsAgeFile = world.CredentialsFile(g.dataDir)
	}
	c.CredentialsAgeFile = cmp.Or(g.ageFile, c.CredentialsAgeFile)
	c.CredentialsUnlock = cmp.Or(g.unlock, c.CredentialsUnlock)
	return c, nil
}

// file is the encrypted file that the settings and flags name.
func (g *group) file(ctx context.Context) (*agefile.File, error) {
	c, err := g.settings()
	if err != nil {
		return nil, err
	}
	return g.fileOf(ctx, c)
}

func (g *group) fileOf(ctx context.Context, c executor.Config) (*agefile.File, error) {
	unlock, err := agefile.ParseUnlock(c.CredentialsUnlock)
	if err != nil {
		return nil, misused("netrust credential: --unlock %v: write %s, or prompt", err, strings.Join(agefile.Forms(), ", "))
	}
	var passphrase credential.Secret // asked for once, though the file is read and then written
	ask := func(isNew bool) (_ credential.Secret, err error) {
		switch {
		case !passphrase.Empty():
		case isNew:
			passphrase, err = g.newSecret(ctx, "New passphrase of the file")
		default:
			passphrase, err = g.secret(ctx, "Passphrase of the file")
		}
		return passphrase, err
	}
	return agefile.New(c.CredentialsAgeFile, agefile.Opener{Unlock: unlock, LookupEnv: g.LookupEnv, Keyring: oskeyring.Keyring{}, Prompt: ask}), nil
}

// explain makes misuse of what another command line, another file or another passphrase mends.
func explain(err error) error {
	var exit *cli.ExitError
	var file *credential.FileError
	var missing *credential.MissingError
	var reference *credential.ReferenceError
	var scheme *credential.UnknownSchemeError
	var setting *servicekit.FaultError
	switch {
	case err == nil || errors.As(err, &exit):
		return err
	case errors.As(err, &file), errors.As(err, &missing), errors.As(err, &reference), errors.As(err, &scheme), errors.As(err, &setting):
		return misused("netrust credential: %v", err)
	}
	return err
}

// entryName reads the argument that names a credential of the file: core or age:core.
func entryName(text string) (string, error) {
	name := strings.TrimPrefix(text, credential.SchemeAge+":")
	switch {
	case strings.HasPrefix(name, credential.SchemeEnv+":"), strings.HasPrefix(name, credential.SchemeFile+":"):
		return "", misused("netrust credential: this command keeps age: credentials; those of env: are variables of the executor, those of file: lines of its credentials file")
	case !credential.EntryName(name):
		return "", misused("netrust credential: a name has letters, digits, dots, _ and -, such as core-routers")
	}
	return name, nil
}
