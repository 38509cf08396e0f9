package workspace

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Command is one command to run in a module's folder.
type Command struct {
	Folder string
	Args   []string
	// Env is added to the environment.
	Env []string
	// Limit is how long it may take; 0 means as long as the context allows.
	Limit time.Duration
}

// Runner runs a command and returns its error.
type Runner func(context.Context, Command) error

// String is the command as one would type it at the root.
func (c Command) String() string {
	return "(cd " + c.Folder + " && " + strings.Join(append(c.Env, c.Args...), " ") + ")"
}

// Exec returns a Runner that runs commands below dir with GOWORK=off, so that an import that a go.mod does not declare
// fails, and shows their output as it comes. A command past its limit is interrupted, and killed soon after.
func Exec(dir string) Runner {
	return func(ctx context.Context, c Command) error {
		if c.Limit > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, c.Limit)
			defer cancel()
		}
		cmd := exec.CommandContext(ctx, c.Args[0], c.Args[1:]...)
		cmd.Dir = filepath.Join(dir, c.Folder)
		cmd.Env = append(append(os.Environ(), "GOWORK=off"), c.Env...)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		cmd.WaitDelay = 10 * time.Second
		err := cmd.Run()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return err
	}
}
