package credentialcmd

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/netrust/netrust/cli"
	"github.com/netrust/netrust/libs/credential"
	"github.com/netrust/netrust/libs/credential/agefile"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/driver/sshtransport"
)

// parts is what `credential set` was asked to set.
type parts struct {
	username, keyFile, agentKey              string
	password, enable, noEnable, agent, token bool
}

func (g *group) set() *cobra.Command {
	var p parts
	cmd := &cobra.Command{
		Use: "set NAME", Short: "Set a credential, or a part of one",
		Long: `Sets the credential NAME: the password, unless another way to log in is named. What is not named stays as it was, so that
` + "`set NAME --enable`" + ` changes the enable secret alone; naming another way to log in replaces the old one.

A private key is read from a file that only its owner can read, and its passphrase is asked for when it is locked. With
--agent an SSH agent on this host keeps the key (ssh_agent or SSH_AUTH_SOCK of the executor).`,
		Example: `  netrust credential set core-routers --username netops --enable
  printf '%s\n' "$PASSWORD" "$ENABLE" | netrust credential set core-routers --username netops --enable
  netrust credential set edge --username netops --private-key-file ~/.ssh/netops
  netrust credential set dashboard --token`,
		Args: cli.Arguments(1, 1, "one name; secrets are asked for, or read from standard input, and never arguments"),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := entryName(args[0])
			if err != nil {
				return err
			}
			return explain(g.setEntry(cmd.Context(), name, p))
		},
	}
	f := cmd.Flags()
	f.StringVar(&p.username, "username", "", "user name on the devices")
	f.BoolVar(&p.password, "password", false, "ask for the password (also when nothing else is named)")
	f.BoolVar(&p.enable, "enable", false, "ask for the enable secret, too")
	f.BoolVar(&p.noEnable, "no-enable", false, "forget the enable secret")
	f.StringVar(&p.keyFile, "private-key-file", "", "read an SSH private key from this file")
	f.BoolVar(&p.agent, "agent", false, "an SSH agent keeps the private key")
	f.StringVar(&p.agentKey, "agent-key", "", "which key of the agent: its SHA256 fingerprint or comment (default: the one that it has)")
	f.BoolVar(&p.token, "token", false, "ask for a token of an HTTP API")
	cmd.MarkFlagsMutuallyExclusive("enable", "no-enable")
	cmd.MarkFlagsMutuallyExclusive("private-key-file", "agent")
	return cmd
}

// setEntry asks for the secrets before the file is locked: a person may take long.
func (g *group) setEntry(ctx context.Context, name string, p parts) error {
	file, err := g.file(ctx)
	if err != nil {
		return err
	}
	entries, err := file.Entries()
	if err != nil {
		return err
	}
	old, known := entries[name]
	change, err := g.ask(ctx, name, p, old, known)
	if err != nil {
		return err
	}
	var written credential.Entry
	made, err := file.Update(ctx, func(entries map[string]credential.Entry) error {
		e := entries[name] // as it is now
		change(&e)
		e.SetAt = g.Now().UTC()
		entries[name], written = e, e
		return nil
	})
	if err != nil {
		return err
	}
	g.tellMade(file, made)
	_, err = fmt.Fprintf(g.Stdout, "age:%s is set: %s\n", name, written.Kind())
	return err
}

// ask finds out what to change. What it returns is applied to the entry as it is when the file is locked.
func (g *group) ask(ctx context.Context, name string, p parts, old credential.Entry, known bool) (func(*credential.Entry), error) {
	way := p.password || p.keyFile != "" || p.agent || p.token
	if !way && !(known && (p.enable || p.noEnable || p.username != "")) {
		p.password, way = true, true
	}
	if err := check(name, p, old); err != nil {
		return nil, err
	}
	var c credential.Credential
	var err error
	if p.password {
		if c.Password, err = g.newSecret(ctx, "Password"); err != nil {
			return nil, err
		}
	}
	if p.enable {
		if c.EnableSecret, err = g.newSecret(ctx, "Enable secret"); err != nil {
			return nil, err
		}
	}
	if p.keyFile != "" {
		if c.PrivateKey, c.Passphrase, err = g.key(ctx, p.keyFile); err != nil {
			return nil, err
		}
	}
	if p.token {
		if c.Token, err = g.newSecret(ctx, "Token"); err != nil {
			return nil, err
		}
	}
	return func(e *credential.Entry) {
		if p.username != "" {
			e.Username = p.username
		}
		if way {
			e.Password, e.PrivateKey, e.Passphrase, e.Token, e.KeyFile = c.Password, c.PrivateKey, c.Passphrase, c.Token, ""
			e.Agent, e.AgentKey = p.agent, p.agentKey
		}
		if p.enable || p.noEnable {
			e.EnableSecret = c.EnableSecret
		}
	}, g.rest()
}

// check refuses what can be refused before anybody is asked for a secret.
func check(name string, p parts, old credential.Entry) error {
	onlyToken := p.token && !p.password && p.keyFile == "" && !p.agent
	switch {
	case p.username == "" && old.Username == "" && !onlyToken:
		return misused("netrust credential set: --username is missing: age:%s is new, and devices ask for a user name", name)
	case len(p.username) > 128 || strings.ContainsFunc(p.username, func(r rune) bool { return !unicode.IsPrint(r) }):
		return misused("netrust credential set: --username is no user name: use at most 128 bytes of plain text")
	case p.agentKey != "" && !p.agent:
		return misused("netrust credential set: --agent-key chooses a key of an agent: add --agent")
	}
	return nil
}

// key reads a private key, and its passphrase when it is locked; both are tried here, so that no device has to.
func (g *group) key(ctx context.Context, path string) (key, passphrase credential.Secret, err error) {
	if key, err = credential.ReadKey(path); err != nil {
		return key, passphrase, err
	}
	fault := sshtransport.CheckKey(key, passphrase)
	if fault != nil && fault.Field == "passphrase" {
		if passphrase, err = g.secret(ctx, "Passphrase of the key"); err != nil {
			return key, passphrase, err
		}
		fault = sshtransport.CheckKey(key, passphrase)
	}
	if fault != nil {
		return key, passphrase, misused("netrust credential set: --private-key-file %s: the %s %s; %s", path, strings.ReplaceAll(fault.Field, "_", " "), fault.Message, keyRemedy(fault))
	}
	return key, passphrase, nil
}

func keyRemedy(fault *driver.CredentialError) string {
	if fault.Field == "passphrase" {
		return "give the right one: nothing was changed"
	}
	return "give the file that ssh-keygen wrote, not the one that ends in .pub"
}

// tellMade says what the first credential has made, and what to do with it.
func (g *group) tellMade(file *agefile.File, made agefile.Made) {
	if made.Identity != "" {
		fmt.Fprintf(g.Stderr, "Made %s: whoever has it can read the credentials. Keep a copy of it apart from them.\n", made.Identity)
	}
	if made.File {
		fmt.Fprintf(g.Stderr, "Made %s, readable for this user alone. Devices refer to a credential in it as credential: age:NAME\n", file.Path())
	}
}
