package credentialcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/netrust/netrust/cli"
	"github.com/netrust/netrust/libs/credential"
)

// maxSecret bounds a secret in bytes.
const maxSecret = 4096

// newSecret asks a person twice, or reads the next line of standard input.
func (g *group) newSecret(ctx context.Context, what string) (credential.Secret, error) {
	first, err := g.secret(ctx, what)
	if err != nil || g.ReadSecret == nil {
		return first, err
	}
	again, err := g.secret(ctx, what+", again")
	if err != nil {
		return credential.Secret{}, err
	}
	if !first.Equal(again) {
		return credential.Secret{}, misused("netrust credential: the two are not the same: nothing was changed")
	}
	return first, nil
}

// secret asks a person without echo, or reads the next line of standard input.
func (g *group) secret(ctx context.Context, what string) (credential.Secret, error) {
	var text string
	var err error
	if g.ReadSecret != nil {
		text, err = g.ReadSecret(ctx, what+": ")
	} else if text, err = g.lines.ReadString('\n'); errors.Is(err, io.EOF) {
		if err = nil; text == "" {
			return credential.Secret{}, misused("netrust credential: standard input has no line for the %s: give one secret per line, in the order password, enable secret, passphrase, token", lower(what))
		}
	}
	switch {
	case ctx.Err() != nil, g.ReadSecret != nil && errors.Is(err, io.EOF):
		return credential.Secret{}, &cli.ExitError{Code: cli.ExitFailed, Text: "interrupted: nothing was changed"}
	case err != nil:
		return credential.Secret{}, fmt.Errorf("reading the %s: %w", lower(what), err)
	}
	text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	switch {
	case text == "":
		return credential.Secret{}, misused("netrust credential: the %s is empty: nothing was changed", lower(what))
	case len(text) > maxSecret:
		return credential.Secret{}, misused("netrust credential: the %s is longer than %d bytes: check what was given", lower(what), maxSecret)
	case strings.ContainsFunc(text, unicode.IsControl):
		return credential.Secret{}, misused("netrust credential: the %s holds a control character, which no login could type: nothing was changed", lower(what))
	}
	return credential.NewSecret(text), nil
}

// rest refuses lines of standard input that nobody asked for: a secret may stand in the wrong place.
func (g *group) rest() error {
	if g.ReadSecret == nil && g.lines.Buffered() > 0 {
		return misused("netrust credential: standard input has more lines than secrets are asked for: nothing was changed")
	}
	return nil
}

func lower(what string) string { return strings.ToLower(what[:1]) + what[1:] }

// confirm asks a person; only "y" or "yes" is consent.
func (g *group) confirm(ctx context.Context, question, instead string) error {
	if !g.Interactive {
		return misused("netrust credential: nobody can be asked here (no terminal): %s", instead)
	}
	fmt.Fprintf(g.Stderr, "%s [y/N] ", question)
	answer := make(chan string, 1)
	go func() { // ends with the process at the latest: a read from a terminal cannot be interrupted
		line, _ := g.lines.ReadString('\n')
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case said := <-answer:
		if said == "y" || said == "yes" {
			return nil
		}
		return &cli.ExitError{Code: cli.ExitFailed, Text: "not confirmed: nothing was done"}
	case <-ctx.Done():
		return &cli.ExitError{Code: cli.ExitFailed, Text: "interrupted: nothing was done"}
	}
}
