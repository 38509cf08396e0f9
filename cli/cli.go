// Package cli is netrust's command line: the commands that an operator uses against a running server.
//
// It speaks only to the gateway's HTTP API. Results go to standard output, everything else to standard error; the exit
// code is 0 when all was done, 1 when something failed, 2 when the command was misused or the server refused its input.
// A command that may change a device, or an import that changes or removes known devices, says what it will do and asks;
// without a terminal it refuses unless --yes is given.
//
// The package reads neither the environment nor the terminal by itself: a main hands both over in [Deps].
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/netrust/netrust/cli/internal/render"
)

// Deps is the world that the commands run in.
type Deps struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// LookupEnv reads the environment (os.LookupEnv in a main).
	LookupEnv func(string) (string, bool)
	// ConfigDir holds what `netrust up` wrote for the command line; see [WriteConnection].
	ConfigDir string
	// Interactive says that a person can be asked: standard input and error are terminals.
	Interactive bool
	// Width is the width of the terminal on standard output, and ErrWidth that on standard error; 0 where there is none.
	Width, ErrWidth func() int
	Now             func() time.Time
	Version         string
	// HostChecks, where set, are what doctor looks at besides, about this host.
	HostChecks func() []Check
}

// app is one invocation: the world, and what the flags of the root say.
type app struct {
	Deps
	server, tokenFile string
	context           string
	output            string
}

// Command makes the root command with everything that speaks to a server. A main may add commands to it before it calls
// [Execute].
func Command(deps Deps) *cobra.Command {
	a := &app{Deps: deps}
	root := &cobra.Command{
		Use:   "netrust",
		Short: "Run commands on a network of many devices",
		Long: `netrust runs commands on thousands of network devices of many vendors, and returns every device's answer.

Without a server, start one on this machine:  netrust up --lab
Then ask something of every device:           netrust run 'show version' --all --dry-run`,
		SilenceErrors: true, SilenceUsage: true,
		Args: NoSuchCommand, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return a.checkFlags(cmd) },
	}
	root.SetIn(deps.Stdin)
	root.SetOut(deps.Stdout)
	root.SetErr(deps.Stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return misusedIn(cmd, "%v", err) })
	flags := root.PersistentFlags()
	flags.StringVar(&a.server, "server", "", "address of the server (also NETRUST_SERVER; default: the one that netrust up started)")
	flags.StringVar(&a.tokenFile, "token-file", "", "file that holds the API token (also NETRUST_TOKEN_FILE, or the token itself in NETRUST_TOKEN)")
	flags.StringVar(&a.context, "context", "", "named server to speak to (also NETRUST_CONTEXT; see netrust context)")
	flags.StringVarP(&a.output, "output", "o", string(render.FormatTable), "how results are written: "+strings.Join(render.Formats, ", "))
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(render.Formats, cobra.ShellCompDirectiveNoFileComp)) // fails only for a flag that does not exist
	a.complete(root, "context", a.completeContexts)
	root.AddCommand(a.runCommand(), a.jobCommand(), a.deviceCommand(), a.letterCommand(), a.auditCommand(), a.tokenCommand(), a.contextCommand(), a.doctorCommand(),
		a.completionCommand(), a.versionCommand())
	return root
}

// Execute runs the command line args on root and returns the exit code. Errors are written to deps.Stderr.
func Execute(ctx context.Context, root *cobra.Command, deps Deps, args []string) int {
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return ExitDone
	}
	if text := explain(err); text != "" {
		if !strings.HasPrefix(text, "netrust") { // a message of misuse begins with its command
			text = "netrust: " + text
		}
		fmt.Fprintln(deps.Stderr, text)
	}
	return exitCode(err)
}

// checkFlags makes misuse of what cobra would later call a failure.
func (a *app) checkFlags(cmd *cobra.Command) error {
	if err := cmd.ValidateFlagGroups(); err != nil {
		return misusedIn(cmd, "%v", err)
	}
	for _, f := range render.Formats {
		if a.output == f {
			return nil
		}
	}
	return misused("--output %s: write %s", a.output, strings.Join(render.Formats, ", "))
}

func (a *app) format() render.Format { return render.Format(a.output) }

// tell writes a line for the person, not for a program.
func (a *app) tell(format string, args ...any) { fmt.Fprintf(a.Stderr, format+"\n", args...) }

// group makes a command that only holds others.
func group(use, short, example string, subs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Example: example,
		Args: NoSuchCommand, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(subs...)
	return cmd
}

// NoSuchCommand refuses arguments of a command that only holds others, and suggests what may have been meant.
func NoSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2
	text := fmt.Sprintf("there is no command %q", cmd.CommandPath()+" "+args[0])
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		text += "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return misusedIn(cmd, "%s", text)
}

// Arguments checks how many arguments a command has (most -1: any number), and says which it wants; a wrong number is
// misuse.
func Arguments(least, most int, want string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < least || most >= 0 && len(args) > most {
			return misusedIn(cmd, "it wants %s", want)
		}
		return nil
	}
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: Arguments(0, 0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(a.Stdout, "netrust %s\n", a.Version)
			return err
		},
	}
}

// interrupted reports whether the person pressed Ctrl-C.
func interrupted(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, context.Canceled)
}
