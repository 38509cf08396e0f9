// Package parsecmd is the command `netrust parse`: what a device printed, as records. It needs no server.
package parsecmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/netrust/netrust/cli"
	"github.com/netrust/netrust/libs/textfsm"
	"github.com/netrust/netrust/netrust/internal/world"
)

// templatesVariable is where ntc-templates and Netmiko look for the templates, too.
const templatesVariable = "NTC_TEMPLATES_DIR"

// Command makes the command.
func Command(w world.World) *cobra.Command {
	var platform, command, dir string
	cmd := &cobra.Command{
		Use:   "parse [FILE]",
		Short: "Turn what a device printed into records, by a TextFSM template",
		Long: `Reads the output of one command from the file, or from standard input, and prints its records as JSON: one object for
each, with the template's names in lower case. It needs no server.

Templates are those of ntc-templates, or your own in the same layout: a directory of .textfsm files with a file index
(Template, Hostname, Platform, Command).

Exit code: 0 when it was parsed, 1 when the template refuses the output, 2 when there is no template for it.`,
		Example: `  netrust parse --platform cisco_ios --command 'show version' --templates ntc_templates/templates version.txt
  ssh r1 show ip arp | netrust parse --platform cisco_nxos --command 'show ip arp'`,
		Args: cli.Arguments(0, 1, "one file at most"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if platform == "" || command == "" {
				return misused("it needs --platform and --command, to know which template reads the output")
			}
			text, err := input(w, args)
			if err != nil {
				return err
			}
			library, err := open(w, dir)
			if err != nil {
				return err
			}
			table, err := library.Parse(cmd.Context(), platform, command, text)
			if err != nil {
				return failure(err)
			}
			data, err := json.MarshalIndent(table.Records(), "", "  ")
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(w.Stdout, "%s\n", data)
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&platform, "platform", "", "platform of the device: cisco_ios, or a name that only the templates know")
	flags.StringVar(&command, "command", "", "the command that printed it, in full or as short as the templates' index allows")
	flags.StringVar(&dir, "templates", "", "directory of templates with their index (default: "+templatesVariable+")")
	return cmd
}

func misused(format string, args ...any) error {
	return &cli.ExitError{Code: cli.ExitMisuse, Text: "netrust parse: " + fmt.Sprintf(format, args...)}
}

// input reads the output to parse.
func input(w world.World, args []string) (string, error) {
	text, err := w.Input(append(args, "-")[0])
	if err != nil {
		return "", misused("%v", err)
	}
	return text, nil
}

// open opens the library of templates.
func open(w world.World, dir string) (*textfsm.Library, error) {
	if dir == "" {
		dir, _ = w.LookupEnv(templatesVariable)
	}
	if dir == "" {
		return nil, misused("there is no directory of templates: name it with --templates or in %s", templatesVariable)
	}
	library, err := textfsm.Open(os.DirFS(dir))
	if err != nil {
		return nil, misused("%s: %v", dir, err)
	}
	return library, nil
}

// failure tells what the caller can mend by other flags from what the output did.
func failure(err error) error {
	var none *textfsm.NoTemplateError
	switch {
	case errors.As(err, &none):
		return misused("%v; write one, or look into the index for how it is spelt", err)
	case errors.As(err, new(*textfsm.TemplateError)):
		return misused("%v", err)
	default:
		return err
	}
}
