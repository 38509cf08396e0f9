package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/netrust/netrust/cli/internal/client"
	"github.com/netrust/netrust/cli/internal/render"
)

func (a *app) contextCommand() *cobra.Command {
	cmd := group("context", "Name servers, and choose the one that commands speak to",
		`  netrust context add lab --server https://netrust.lab:7480 --token-file ~/lab.token
  netrust context use lab
  netrust --context default job list
  netrust context list`,
		a.contextList(), a.contextShow(), a.contextAdd(), a.contextUse(), a.contextRemove())
	cmd.Long = `A context is a server and the file that holds the token for it. The context "default" is the server that netrust up
started on this machine. Which one a command uses: --context, then NETRUST_CONTEXT, then the one chosen by
netrust context use, then default. --server and --token-file win over any of them.

Contexts are kept in contexts.yaml beside what netrust up writes, readable by this user alone. Tokens are not in it.`
	return cmd
}

// shownContext is a context as lists show it.
type shownContext struct {
	Name      string `json:"name"`
	Server    string `json:"server"`
	TokenFile string `json:"token_file,omitempty"`
	Current   bool   `json:"current"`
}

type contextsBody struct {
	Contexts []shownContext `json:"contexts"`
}

func (a *app) contextList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List contexts; * is the one in use",
		Args: Arguments(0, 0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			all, err := readContexts(a.ConfigDir)
			if err != nil {
				return err
			}
			current := DefaultContext
			if c, err := a.chooseContext(); err == nil {
				current = c.Name
			} else {
				a.tell("warning: %s", explain(err))
			}
			stored, err := readConnection(a.ConfigDir)
			if err != nil {
				return err
			}
			var body contextsBody
			for _, name := range all.names() {
				c := all.Contexts[name]
				if name == DefaultContext {
					c = Connection{Server: firstOf(stored.Server, DefaultServer), TokenFile: stored.TokenFile}
				}
				body.Contexts = append(body.Contexts, shownContext{name, c.Server, c.TokenFile, name == current})
			}
			if a.format() != render.FormatTable {
				return render.Encode(a.Stdout, a.format(), body)
			}
			t := render.Table{Header: []string{"", "CONTEXT", "SERVER", "TOKEN FILE"}, Width: a.Width()}
			for _, c := range body.Contexts {
				mark := ""
				if c.Current {
					mark = "*"
				}
				t.Rows = append(t.Rows, []string{mark, c.Name, c.Server, firstOf(c.TokenFile, "-")})
			}
			return t.Write(a.Stdout)
		},
	}
}

func (a *app) contextShow() *cobra.Command {
	return &cobra.Command{
		Use: "show [CONTEXT]", Short: "Show a context, or the one in use and what chose it",
		Args: Arguments(0, 1, "one context at most"), ValidArgsFunction: a.completeFirst(a.completeContexts),
		RunE: func(_ *cobra.Command, args []string) error {
			b := *a
			if len(args) == 1 {
				b.context = args[0]
			}
			c, err := b.chooseContext()
			if err != nil {
				return err
			}
			c.Server = firstOf(c.Server, DefaultServer)
			if a.format() != render.FormatTable {
				return render.Encode(a.Stdout, a.format(), shownContext{c.Name, c.Server, c.TokenFile, len(args) == 0})
			}
			t := render.Table{Width: a.Width(), Rows: [][]string{{"Context", c.Name}, {"Server", c.Server}, {"Token file", firstOf(c.TokenFile, "-")}}}
			if len(args) == 0 {
				t.Rows = append(t.Rows, []string{"Chosen by", c.By})
			}
			return t.Write(a.Stdout)
		},
	}
}

func (a *app) contextAdd() *cobra.Command {
	var replace, use bool
	cmd := &cobra.Command{
		Use: "add CONTEXT --server URL [--token-file FILE]", Short: "Add a context",
		Example: "  netrust context add lab --server https://netrust.lab:7480 --token-file ~/lab.token --use",
		Args:    Arguments(1, 1, "a name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.newContext(cmd, args[0])
			if err != nil {
				return err
			}
			all, err := readContexts(a.ConfigDir)
			if err != nil {
				return err
			}
			if _, taken := all.Contexts[args[0]]; taken && !replace {
				return misused("context %q exists: choose another name, or add --replace", args[0])
			}
			all.Contexts[args[0]] = c
			if use {
				all.Current = args[0]
			}
			if err := writeContexts(a.ConfigDir, all); err != nil {
				return err
			}
			a.tell("Context %q is %s.", args[0], c.Server)
			return nil
		},
	}
	cmd.Flags().BoolVar(&replace, "replace", false, "replace a context of this name")
	cmd.Flags().BoolVar(&use, "use", false, "also use it from now on")
	return cmd
}

// newContext checks what a context is to be.
func (a *app) newContext(cmd *cobra.Command, name string) (Connection, error) {
	switch {
	case !contextName.MatchString(name):
		return Connection{}, misusedIn(cmd, "%q is not a name: use up to 64 letters, digits, dots, _ and -", name)
	case name == DefaultContext:
		return Connection{}, misusedIn(cmd, "the context default is what netrust up writes: choose another name")
	case a.server == "":
		return Connection{}, misusedIn(cmd, "say which server: --server https://netrust.example:7480")
	}
	c := Connection{Server: withScheme(a.server)}
	probe, err := client.New(client.Config{Server: c.Server})
	if err != nil {
		return c, misusedIn(cmd, "%v", err)
	}
	probe.Close()
	if a.tokenFile == "" {
		return c, nil
	}
	if c.TokenFile, err = filepath.Abs(a.tokenFile); err != nil {
		return c, fmt.Errorf("finding the token file: %w", err)
	}
	info, err := os.Stat(c.TokenFile)
	switch {
	case err != nil:
		return c, misused("reading the API token: %v; write the token into the file first", err)
	case !info.Mode().IsRegular():
		return c, misused("%s is not a file: name the file that holds the token alone", c.TokenFile)
	case info.Mode().Perm()&0o077 != 0:
		return c, misused("%s can be read by others (mode %04o): chmod 600 %s", c.TokenFile, info.Mode().Perm(), c.TokenFile)
	}
	return c, nil
}

func (a *app) contextUse() *cobra.Command {
	return &cobra.Command{
		Use: "use CONTEXT", Short: "Use a context from now on",
		Args: Arguments(1, 1, "a context's name"), ValidArgsFunction: a.completeFirst(a.completeContexts),
		RunE: func(_ *cobra.Command, args []string) error {
			all, err := readContexts(a.ConfigDir)
			if err != nil {
				return err
			}
			if _, ok := all.Contexts[args[0]]; !ok && args[0] != DefaultContext {
				return misused("there is no context %q; there are: %s", args[0], strings.Join(all.names(), ", "))
			}
			if all.Current = args[0]; all.Current == DefaultContext {
				all.Current = ""
			}
			if err := writeContexts(a.ConfigDir, all); err != nil {
				return err
			}
			a.tell("Commands now speak to context %q.", args[0])
			if other := a.env("NETRUST_CONTEXT"); other != "" && other != args[0] {
				a.tell("warning: NETRUST_CONTEXT is set to %q and wins; unset it", other)
			}
			return nil
		},
	}
}

func (a *app) contextRemove() *cobra.Command {
	return &cobra.Command{
		Use: "rm CONTEXT", Aliases: []string{"remove", "delete"}, Short: "Forget a context; its token file stays",
		Args: Arguments(1, 1, "a context's name"), ValidArgsFunction: a.completeFirst(a.completeContexts),
		RunE: func(_ *cobra.Command, args []string) error {
			all, err := readContexts(a.ConfigDir)
			if err != nil {
				return err
			}
			switch _, ok := all.Contexts[args[0]]; {
			case args[0] == DefaultContext:
				return misused("the context default is what netrust up writes: it cannot be removed")
			case !ok:
				return misused("there is no context %q; there are: %s", args[0], strings.Join(all.names(), ", "))
			}
			delete(all.Contexts, args[0])
			if all.Current == args[0] {
				all.Current = ""
				a.tell("It was in use; commands now speak to context %q.", DefaultContext)
			}
			return writeContexts(a.ConfigDir, all)
		},
	}
}

// completeContexts asks nobody: the names are in a file.
func (a *app) completeContexts(context.Context, string) (found []string) {
	all, err := readContexts(a.ConfigDir)
	if err != nil {
		return nil
	}
	for _, name := range all.names() {
		found = append(found, name+"\t"+firstOf(all.Contexts[name].Server, "what netrust up started"))
	}
	return found
}
