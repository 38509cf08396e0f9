// Package settingscmd is the command `netrust settings`: the reference of every setting, printed from the settings
// themselves.
package settingscmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/netrust/netrust/cli"
	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/netrust/internal/serve"
	"github.com/netrust/netrust/netrust/internal/up"
	"github.com/netrust/netrust/netrust/internal/world"
)

// Command makes the command.
func Command(w world.World) *cobra.Command {
	return &cobra.Command{
		Use:     "settings [up|nats|gateway|scheduler|executor|audit]",
		Short:   "List every setting: its name in the file, the environment and as a flag, its default and meaning",
		Example: "  netrust settings executor\n  netrust settings > settings.md",
		Args:    cli.Arguments(0, 1, "the name of one service at most"),
		RunE: func(_ *cobra.Command, args []string) error {
			all := up.Default(w.DataDir)
			sets := []set{{name: "up", settings: &all}}
			for _, s := range serve.Services(w) {
				sets = append(sets, set{name: s.Name, service: s.Name, settings: s.Settings})
			}
			return write(w, sets, args)
		},
	}
}

type set struct {
	name, service string // the service is part of the variables' names; up has none
	settings      any
}

func write(w world.World, sets []set, args []string) error {
	found := false
	for _, s := range sets {
		if len(args) > 0 && args[0] != s.name {
			continue
		}
		found = true
		if _, err := fmt.Fprintf(w.Stdout, "## %s\n\n", s.name); err != nil {
			return err
		}
		if err := servicekit.WriteReference(w.Stdout, s.service, s.settings); err != nil {
			return err
		}
		fmt.Fprintln(w.Stdout)
	}
	if !found {
		return &cli.ExitError{Code: cli.ExitMisuse, Text: fmt.Sprintf("%q has no settings: write up, nats, gateway, scheduler, executor or audit", args[0])}
	}
	return nil
}
