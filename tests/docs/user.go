package docs

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// User is a person with a home, who works through one document in the project's folder.
type User struct {
	Root string // of the project
	Home string // also holds what commands write

	env     map[string]string
	running []*Terminal // in the order of their start
	// Server is the terminal of the server that the commands speak to.
	Server *Terminal
	// LastDemo is what the last demonstration left on the screen.
	LastDemo string
}

// kept is what a user's environment takes from that of the test: what Go has built and fetched need not be done again.
var kept = []string{"GOCACHE", "GOMODCACHE", "GOPATH", "GOENV"}

// NewUser makes a user whose home is an empty folder.
func NewUser(root, home string) (*User, error) {
	u := &User{Root: root, Home: home, env: map[string]string{}}
	for _, v := range os.Environ() {
		name, value, _ := strings.Cut(v, "=")
		switch {
		case strings.HasPrefix(name, "NETRUST_"), strings.HasPrefix(name, "XDG_"), strings.HasPrefix(name, "MAKE"), name == "MFLAGS":
			// what a person has not set, or what a make around the test left there
		default:
			u.env[name] = value
		}
	}
	out, err := exec.Command("go", append([]string{"env"}, kept...)...).Output()
	if err != nil {
		return nil, fmt.Errorf("asking go for its folders: %w", err)
	}
	for i, value := range strings.Split(strings.TrimRight(string(out), "\n"), "\n") {
		u.env[kept[i]] = value
	}
	u.env["HOME"], u.env["TERM"], u.env["GOWORK"] = home, "xterm", "off"
	u.env["PATH"] = filepath.Join(root, "bin") + ":" + u.env["PATH"]
	return u, nil
}

// Set sets a variable for the commands that follow.
func (u *User) Set(name, value string) { u.env[name] = value }

// Get is a variable's value.
func (u *User) Get(name string) string { return u.env[name] }

func (u *User) environ(extra []string) []string {
	var env []string
	for name, value := range u.env {
		env = append(env, name+"="+value)
	}
	return append(env, extra...)
}

// Run runs a command to its end; to a question it answers as told ("" means that none may be asked). It returns what is
// on the screen, and an error unless the exit code is 0.
func (u *User) Run(ctx context.Context, command, answer string, env ...string) (string, error) {
	t, err := Open(u.Root, u.environ(env), command)
	if err != nil {
		return "", err
	}
	if err := t.Await(ctx, "? [y/N]"); err == nil {
		if answer == "" {
			_, err = t.Close(ctx)
			return t.Screen(), errors.Join(fmt.Errorf("%q asks, and the document does not say so:\n%s", command, t.Screen()), err)
		}
		if err := t.Type(answer + "\n"); err != nil {
			return t.Screen(), fmt.Errorf("answering %q: %w", command, err)
		}
	} // else it has ended without a question, which its code judges
	code, err := t.Wait(ctx)
	if err != nil {
		_, _ = t.Close(ctx)
		return t.Screen(), err
	}
	if code != 0 {
		return t.Screen(), fmt.Errorf("%q exits with %d:\n%s", command, code, t.Screen())
	}
	return t.Screen(), nil
}

// Turn is what a command asks, and what the person types.
type Turn struct{ Asks, Answer string }

// Answer runs a command that asks these things in this order, and must end with exit code 0.
func (u *User) Answer(ctx context.Context, command string, turns ...Turn) error {
	t, err := Open(u.Root, u.environ(nil), command)
	if err != nil {
		return err
	}
	for _, turn := range turns {
		if err := t.Await(ctx, turn.Asks); err != nil {
			_, _ = t.Close(ctx)
			return fmt.Errorf("%q does not ask %q:\n%s", command, turn.Asks, t.Screen())
		}
		if err := t.Type(turn.Answer + "\n"); err != nil {
			return fmt.Errorf("answering %q: %w", command, err)
		}
	}
	code, err := t.Wait(ctx)
	switch {
	case err != nil:
		_, _ = t.Close(ctx)
		return err
	case code != 0:
		return fmt.Errorf("%q exits with %d:\n%s", command, code, t.Screen())
	}
	for _, turn := range turns { // what was typed at a prompt for a secret must not show
		if turn.Asks != "? [y/N]" && strings.Contains(t.Screen(), turn.Answer) {
			return fmt.Errorf("%q shows a secret:\n%s", command, t.Screen())
		}
	}
	return nil
}

// Start starts a command that stays, and waits until it says that it is ready.
func (u *User) Start(ctx context.Context, command, ready string, env ...string) (*Terminal, error) {
	t, err := Open(u.Root, u.environ(env), command)
	if err != nil {
		return nil, err
	}
	u.running = append(u.running, t)
	return t, t.Await(ctx, ready)
}

// Running is how many commands stay.
func (u *User) Running() int { return len(u.running) }

// Stop presses Ctrl-C in every terminal that was opened after the first n, the last one first. Each must end by itself.
func (u *User) Stop(ctx context.Context, n int) error {
	var faults []error
	for i := len(u.running) - 1; i >= n; i-- {
		t := u.running[i]
		code, err := t.Close(ctx)
		// Make ends with 2 or by the signal when the person interrupts what it runs.
		if interrupted := strings.HasPrefix(t.command, "make ") && (code == 2 || code == 130); err == nil && code != 0 && !interrupted {
			err = fmt.Errorf("%q exits with %d after Ctrl-C:\n%s", t.command, code, t.Screen())
		}
		faults = append(faults, err)
	}
	u.running = u.running[:n]
	return errors.Join(faults...)
}

// FreePort is a loopback address that nobody listens on.
func FreePort(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// Patience is how long anything but a build may take on a busy machine.
const Patience = 90 * time.Second
