package cli_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/netrust/netrust/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"netrust": func() {
		none := func() int { return 0 }
		deps := cli.Deps{
			Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, LookupEnv: os.LookupEnv,
			ConfigDir: filepath.Join(os.Getenv("HOME"), "netrust"), Width: none, ErrWidth: none, Now: time.Now, Version: "test",
		}
		os.Exit(cli.Execute(context.Background(), cli.Command(deps), deps, os.Args[1:]))
	}})
}

// TestScripts runs the commands as processes. What they do against a real server is tested where one can be started: in
// the module netrust.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:  "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			return nil
		},
	})
}

// exits runs a command that must end with the given code: exits 2 netrust jbo.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
	}
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("running %s: %v", args[1], err)
		}
		code = exit.ExitCode()
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("it exits with %d, not %s", code, args[0])
	}
}
