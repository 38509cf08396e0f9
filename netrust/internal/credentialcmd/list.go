package credentialcmd

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/netrust/netrust/cli"
	"github.com/netrust/netrust/libs/credential"
)

// row is a credential without its secrets.
type row struct {
	Reference string    `json:"reference" yaml:"reference"`
	Kind      string    `json:"kind" yaml:"kind"`
	Username  string    `json:"username,omitempty" yaml:"username,omitempty"`
	SetAt     time.Time `json:"set_at,omitzero" yaml:"set_at,omitempty"`
}

func (g *group) list() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the credentials: names, kinds and user names, no secrets",
		Args: cli.Arguments(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			file, err := g.file(cmd.Context())
			if err != nil {
				return err
			}
			entries, err := file.Entries()
			if err != nil {
				return explain(err)
			}
			rows := []row{}
			for _, name := range slices.Sorted(maps.Keys(entries)) {
				e := entries[name]
				kind := e.Kind()
				if e.KeyFile != "" {
					kind = "key in " + e.KeyFile + " " + kind
				}
				rows = append(rows, row{credential.SchemeAge + ":" + name, kind, e.Username, e.SetAt})
			}
			if len(rows) == 0 {
				fmt.Fprintf(g.Stderr, "There is no credential in %s. Set one: netrust credential set NAME --username USER\n", file.Path())
			}
			return write(g.Stdout, cmd, map[string][]row{"credentials": rows}, func(w io.Writer) {
				if len(rows) == 0 {
					return
				}
				fmt.Fprintln(w, "CREDENTIAL\tKIND\tUSERNAME\tSET")
				for _, r := range rows {
					at := "-"
					if !r.SetAt.IsZero() {
						at = r.SetAt.UTC().Format("2006-01-02 15:04")
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.Reference, r.Kind, dash(r.Username), at)
				}
			})
		},
	}
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// write writes a value in the form that the root's --output names.
func write(out io.Writer, cmd *cobra.Command, value any, table func(io.Writer)) error {
	form := ""
	if f := cmd.Flag("output"); f != nil {
		form = f.Value.String()
	}
	switch form {
	case "json":
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(value)
	case "yaml":
		text, err := yaml.Marshal(value)
		if err != nil {
			return err
		}
		_, err = out.Write(text)
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	table(w)
	return w.Flush()
}

func (g *group) remove() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "rm NAME", Short: "Remove a credential",
		Long:    "Removes the credential NAME. Devices that refer to it cannot be logged in to any more. Asks first.",
		Example: "  netrust credential rm core-routers\n  netrust credential rm core-routers --yes",
		Args:    cli.Arguments(1, 1, "one name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := entryName(args[0])
			if err != nil {
				return err
			}
			file, err := g.file(cmd.Context())
			if err != nil {
				return err
			}
			ref := credential.Reference{Scheme: credential.SchemeAge, Name: name}
			entries, err := file.Entries()
			if err != nil {
				return explain(err)
			}
			e, known := entries[name]
			if !known {
				return explain(credential.NoEntry(ref, entries, "see netrust credential list"))
			}
			if !yes {
				question := fmt.Sprintf("Devices that refer to %[1]s cannot be logged in to without it. Remove %[1]s (%s, user %s)?", ref, e.Kind(), dash(e.Username))
				if err := g.confirm(cmd.Context(), question, "add --yes to remove it"); err != nil {
					return err
				}
			}
			if _, err := file.Update(cmd.Context(), func(entries map[string]credential.Entry) error {
				if _, known := entries[name]; !known {
					return credential.NoEntry(ref, entries, "see netrust credential list")
				}
				delete(entries, name)
				return nil
			}); err != nil {
				return explain(err)
			}
			_, err = fmt.Fprintf(g.Stdout, "%s is removed\n", ref)
			return err
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}
