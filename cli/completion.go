package cli

import (
	"io"

	"github.com/spf13/cobra"
)

// shell is one that completion scripts are written for.
type shell struct {
	name, now, always string
	write             func(*cobra.Command, io.Writer) error
}

var shells = []shell{
	{
		"bash", "source <(netrust completion bash)",
		`mkdir -p ~/.local/share/bash-completion/completions
  netrust completion bash > ~/.local/share/bash-completion/completions/netrust`,
		func(root *cobra.Command, w io.Writer) error { return root.GenBashCompletionV2(w, true) },
	},
	{
		"zsh", "source <(netrust completion zsh)",
		`mkdir -p ~/.zfunc && netrust completion zsh > ~/.zfunc/_netrust
  and in ~/.zshrc:  fpath=(~/.zfunc $fpath); autoload -U compinit; compinit`,
		func(root *cobra.Command, w io.Writer) error { return root.GenZshCompletion(w) },
	},
	{
		"fish", "netrust completion fish | source",
		"netrust completion fish > ~/.config/fish/completions/netrust.fish",
		func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) },
	},
}

// completionCommand writes the scripts by which shells ask this program for what could come next.
func (a *app) completionCommand() *cobra.Command {
	cmd := group("completion", "Complete commands, flags and values in bash, zsh or fish", "  source <(netrust completion bash)")
	cmd.Long = `Writes the script that lets a shell complete netrust's commands, flags and live values: ids of devices, jobs and dead letters,
tags, labels, sites and contexts. Values come from the server; one that does not answer within a second suggests nothing.`
	for _, s := range shells {
		cmd.AddCommand(&cobra.Command{
			Use: s.name, Short: "Write the script for " + s.name, Args: Arguments(0, 0, "no arguments"),
			Long:                  "Writes the script for " + s.name + ".\n\nIn this shell alone:\n  " + s.now + "\n\nIn every new shell:\n  " + s.always,
			Example:               "  " + s.now,
			DisableFlagsInUseLine: true, ValidArgsFunction: cobra.NoFileCompletions,
			RunE: func(cmd *cobra.Command, _ []string) error { return s.write(cmd.Root(), a.Stdout) },
		})
	}
	return cmd
}
