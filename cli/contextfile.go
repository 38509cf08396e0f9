package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// DefaultContext is the context that `netrust up` writes: the server of this machine.
const DefaultContext = "default"

const contextsFile = "contexts.yaml"

// contexts are the named servers of a user. Tokens are not in it, only the names of the files that hold them.
type contexts struct {
	Current  string                `yaml:"current,omitempty"`
	Contexts map[string]Connection `yaml:"contexts,omitempty"`
}

var contextName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// readContexts returns what is stored in dir; nothing where there is no file. The context of `netrust up` is among them.
func readContexts(dir string) (contexts, error) {
	c := contexts{Contexts: map[string]Connection{}}
	path := filepath.Join(dir, contextsFile)
	text, err := os.ReadFile(path)
	switch {
	case dir == "" || errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return c, fmt.Errorf("reading the contexts: %w", err)
	default:
		if err := yaml.UnmarshalWithOptions(text, &c, yaml.Strict()); err != nil {
			return c, fmt.Errorf("%s is damaged: correct or delete it: %w", path, err)
		}
		if c.Contexts == nil {
			c.Contexts = map[string]Connection{}
		}
	}
	return c, nil
}

// writeContexts stores them, readable by nobody else.
func writeContexts(dir string, c contexts) error {
	if dir == "" {
		return errors.New("storing the contexts: this user has no directory for settings: set HOME or XDG_CONFIG_HOME")
	}
	text, err := yaml.Marshal(c)
	if err != nil {
		return fmt.Errorf("encoding the contexts: %w", err)
	}
	return writePrivate(dir, contextsFile, text)
}

// chosen is the context of this invocation.
type chosen struct {
	Name string
	Connection
	// By says what chose it: a flag, a variable, the file, or nothing.
	By string
}

// Ways to choose a context.
const (
	byFlag     = "--context"
	byVariable = "NETRUST_CONTEXT"
	byUse      = "netrust context use"
	byDefault  = "default"
)

// chooseContext finds the context: --context, NETRUST_CONTEXT, the one in use, or that of `netrust up`.
func (a *app) chooseContext() (chosen, error) {
	all, err := readContexts(a.ConfigDir)
	if err != nil {
		return chosen{}, err
	}
	name, by := DefaultContext, byDefault
	for _, c := range []struct{ name, by string }{{a.context, byFlag}, {a.env("NETRUST_CONTEXT"), byVariable}, {all.Current, byUse}} {
		if c.name != "" {
			name, by = c.name, c.by
			break
		}
	}
	if name == DefaultContext {
		stored, err := readConnection(a.ConfigDir)
		return chosen{Name: name, Connection: stored, By: by}, err
	}
	c, ok := all.Contexts[name]
	if !ok {
		return chosen{}, misused("there is no context %q (from %s); there are: %s", name, by, strings.Join(all.names(), ", "))
	}
	return chosen{Name: name, Connection: c, By: by}, nil
}

// names lists all, the default one first.
func (c contexts) names() []string {
	return append([]string{DefaultContext}, slices.Sorted(maps.Keys(c.Contexts))...)
}

// writePrivate replaces a file of dir by text that only this user may read.
func writePrivate(dir, name string, text []byte) error {
	what := strings.TrimSuffix(name, filepath.Ext(name))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the directory of the %s: %w", what, err)
	}
	tmp, err := os.CreateTemp(dir, name+".*") // made with mode 0600
	if err != nil {
		return fmt.Errorf("writing the %s: %w", what, err)
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // gone already when the rename worked
	_, err = tmp.Write(text)
	if err := errors.Join(err, tmp.Close()); err != nil {
		return fmt.Errorf("writing the %s: %w", what, err)
	}
	if err := os.Rename(tmp.Name(), filepath.Join(dir, name)); err != nil {
		return fmt.Errorf("writing the %s: %w", what, err)
	}
	return nil
}
