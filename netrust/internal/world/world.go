// Package world is where the netrust binary touches the process that it runs in: environment, terminal, user directories,
// version. Everything else is given it, and so can be tested without it.
package world

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/term"

	"github.com/netrust/netrust/cli"
	"github.com/netrust/netrust/libs/servicekit"
)

// World is what commands need of the process.
type World struct {
	cli.Deps
	// Environ is the environment, "NAME=value".
	Environ []string
	// DataDir is where `netrust up` keeps its data unless told otherwise.
	DataDir string
	// ReadSecret asks the person for a line without showing it, and is given up when the context ends; nil where standard
	// input is no terminal.
	ReadSecret func(ctx context.Context, prompt string) (string, error)
}

// OS is the real process.
func OS() World {
	w := World{
		Deps: cli.Deps{
			Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, LookupEnv: os.LookupEnv,
			ConfigDir:   configDir(),
			Interactive: isTerminal(os.Stdin) && isTerminal(os.Stderr),
			Width:       func() int { return width(os.Stdout) },
			ErrWidth:    func() int { return width(os.Stderr) },
			Now:         time.Now,
			Version:     servicekit.Version(),
		},
		Environ: os.Environ(),
		DataDir: dataDir(),
	}
	if isTerminal(os.Stdin) {
		w.ReadSecret = readSecret
	}
	return w
}

// readSecret turns the echo off before it asks, so that what is typed early does not show, and leaves the terminal as it was,
// also when the person presses Ctrl-C.
func readSecret(ctx context.Context, prompt string) (string, error) {
	fd := int(os.Stdin.Fd())
	before, err := term.MakeRaw(fd)
	if err != nil {
		return "", err
	}
	terminal := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{os.Stdin, os.Stderr}, "")
	type answer struct {
		line string
		err  error
	}
	read := make(chan answer, 1)
	go func() { // ends with the process at the latest: a read from a terminal cannot be interrupted
		line, err := terminal.ReadPassword(prompt)
		read <- answer{line, err}
	}()
	var a answer
	select {
	case a = <-read:
	case <-ctx.Done():
		a.err = context.Cause(ctx)
	}
	if err := term.Restore(fd, before); a.err == nil {
		a.err = err
	}
	if a.err != nil { // Ctrl-C is read as the end: the terminal does not make a signal of it meanwhile
		fmt.Fprintln(os.Stderr)
	}
	return a.line, a.err
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

func width(f *os.File) int {
	w, _, err := term.GetSize(int(f.Fd()))
	if err != nil || os.Getenv("TERM") == "dumb" {
		return 0
	}
	return w
}

// configDir is empty where the user has no home: then nothing is kept for the command line.
func configDir() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "netrust")
}

// dataDir follows the XDG base directories where they are the custom, else it is beside the configuration.
func dataDir() string {
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "netrust")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ".netrust"
	}
	return filepath.Join(home, ".local", "share", "netrust")
}

// CredentialsFile is where the encrypted file of credentials is, beside a server's data.
func CredentialsFile(dataDir string) string { return filepath.Join(dataDir, "credentials.age") }

// CredentialsUnlock is what opens that file unless told otherwise: an identity of this user, kept apart from the data so that
// a copy of the data alone opens nothing.
func (w World) CredentialsUnlock() string {
	dir := w.ConfigDir
	if dir == "" { // a user without a home
		dir = w.DataDir
	}
	return "identity:" + filepath.Join(dir, "credentials-identity")
}
