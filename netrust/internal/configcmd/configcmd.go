// Package configcmd is the command `netrust config`: what tells two configurations apart, and what turns one into the other. It needs
// no server.
package configcmd

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/netrust/netrust/cli"
	"github.com/netrust/netrust/libs/netconfig"
	"github.com/netrust/netrust/netrust/internal/world"
)

// app is one invocation.
type app struct {
	world.World
	platform string
}

// Command makes the command with what is below it.
func Command(w world.World) *cobra.Command {
	a := &app{World: w}
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Compare configurations, and find the lines that turn one into another (no server needed)",
		Example: `  netrust config diff --platform cisco_ios running.cfg intended.cfg
  netrust config remediate --platform arista_eos running.cfg intended.cfg
  netrust config simulate --platform cisco_ios running.cfg lines.cfg`,
		Args: cli.NoSuchCommand, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&a.platform, "platform", "", "platform of the configurations: cisco_ios, cisco_nxos, arista_eos or frr")
	cmd.AddCommand(a.diff(), a.remediate(), a.simulate())
	return cmd
}

func (a *app) diff() *cobra.Command {
	return &cobra.Command{
		Use:   "diff RUNNING INTENDED",
		Short: "Show what differs, as a tree",
		Long: `Shows what must change to turn the running configuration into the intended one: lines to take away with -, lines to
put in with +, under the headers of their sections. Order counts only where it counts on the device.

A file - is standard input. Exit code: 0 when nothing differs, 3 when something does, 2 when a file is no configuration.`,
		Args: cli.Arguments(2, 2, "the files of the running and of the intended configuration"),
		RunE: func(cmd *cobra.Command, args []string) error {
			running, intended, err := a.both(args)
			if err != nil {
				return err
			}
			diff := netconfig.Diff(running, intended)
			if err := a.print(cmd, diff, struct {
				Diff string `json:"diff"`
			}{diff}); err != nil {
				return err
			}
			if diff != "" {
				return &cli.ExitError{Code: cli.ExitDrift}
			}
			return nil
		},
	}
}

// remediation is what remediate prints as JSON.
type remediation struct {
	Lines    []string `json:"lines"`
	Rollback []string `json:"rollback"`
	Proven   bool     `json:"proven"`
	Doubt    string   `json:"doubt,omitempty"`
}

func (a *app) remediate() *cobra.Command {
	return &cobra.Command{
		Use:   "remediate RUNNING INTENDED",
		Short: "Print the lines that turn the running configuration into the intended one",
		Long: `Prints the lines to enter in configuration mode. A model of the platform applies them to the running configuration: when the
result is the intended one, they are proven; otherwise the command says "not proven" and why. As JSON it also gives the lines
that undo them.

A file - is standard input. Exit code: 0 when the lines are proven (or none are needed), 1 when not, 2 when a file is no
configuration.`,
		Args: cli.Arguments(2, 2, "the files of the running and of the intended configuration"),
		RunE: func(cmd *cobra.Command, args []string) error {
			running, intended, err := a.both(args)
			if err != nil {
				return err
			}
			change, err := netconfig.Remediate(running, intended)
			if err != nil {
				return err
			}
			undo, err := netconfig.Remediate(intended, running)
			if err != nil {
				return err
			}
			out := remediation{Lines: change.Lines(), Rollback: undo.Lines(), Proven: change.Proven, Doubt: change.Doubt}
			if err := a.print(cmd, change.String(), out); err != nil {
				return err
			}
			if !change.Proven {
				return &cli.ExitError{Code: cli.ExitFailed, Text: "not proven: " + change.Doubt}
			}
			return nil
		},
	}
}

func (a *app) simulate() *cobra.Command {
	return &cobra.Command{
		Use:   "simulate RUNNING LINES",
		Short: "Print what a configuration becomes when lines are entered",
		Long: `Applies lines to a configuration by a model of the platform, and prints the result. The model is no device: it knows which
lines replace or take back others, but neither which commands are valid nor their defaults.

A file - is standard input. Exit code: 0, 1 when a device is known to refuse a line, 2 when a file cannot be read.`,
		Args: cli.Arguments(2, 2, "the files of the running configuration and of the lines"),
		RunE: func(cmd *cobra.Command, args []string) error {
			running, err := a.tree(args[0])
			if err != nil {
				return err
			}
			text, err := a.read(args[1])
			if err != nil {
				return err
			}
			edits, err := netconfig.ParseEdits(a.platform, text)
			if err != nil {
				return misused("%s: %v", args[1], err)
			}
			result, err := netconfig.Simulate(running, edits)
			if err != nil {
				return err
			}
			return a.print(cmd, result.String(), struct {
				Config string `json:"config"`
			}{result.String()})
		},
	}
}

// both reads two configurations.
func (a *app) both(args []string) (running, intended *netconfig.Tree, err error) {
	if args[0] == "-" && args[1] == "-" {
		return nil, nil, misused("only one of the files can be standard input")
	}
	if running, err = a.tree(args[0]); err != nil {
		return nil, nil, err
	}
	intended, err = a.tree(args[1])
	return running, intended, err
}

func (a *app) tree(name string) (*netconfig.Tree, error) {
	if a.platform == "" {
		return nil, misused("it needs --platform; configurations of %v are known", netconfig.Platforms())
	}
	text, err := a.read(name)
	if err != nil {
		return nil, err
	}
	tree, err := netconfig.Parse(a.platform, text)
	if err != nil {
		return nil, misused("%s: %v", name, err)
	}
	return tree, nil
}

func (a *app) read(name string) (string, error) {
	text, err := a.Input(name)
	if err != nil {
		return "", misused("%v", err)
	}
	return text, nil
}

// print writes the text, or the value as JSON where --output asks for it.
func (a *app) print(cmd *cobra.Command, text string, value any) error {
	if f := cmd.Flag("output"); f != nil && f.Value.String() == "json" {
		encoder := json.NewEncoder(a.Stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(value)
	}
	_, err := io.WriteString(a.Stdout, text)
	return err
}

func misused(format string, args ...any) error {
	return &cli.ExitError{Code: cli.ExitMisuse, Text: "netrust config: " + fmt.Sprintf(format, args...)}
}
