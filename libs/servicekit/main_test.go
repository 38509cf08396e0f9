package servicekit_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/netrust/netrust/libs/servicekit"
)

func TestMainExitCodes(t *testing.T) {
	t.Parallel()
	ok := func(context.Context, servicekit.Process) error { return nil }
	for _, c := range []struct {
		name string
		args []string
		run  func(context.Context, servicekit.Process) error
		code int
		says string
	}{
		{name: "work that ends well exits with 0", run: ok},
		{name: "work that fails exits with 1 and says why", run: func(context.Context, servicekit.Process) error { return errors.New("no NATS") }, code: 1, says: "executor: no NATS"},
		{name: "a setting whose fault shows in use exits with 2", run: func(context.Context, servicekit.Process) error {
			return fmt.Errorf("opening credentials: %w", servicekit.Fault("credentials_unlock", "correct it", "a wrong passphrase"))
		}, code: 2, says: "a wrong passphrase; correct it"},
		{name: "help exits with 0", args: []string{"--help"}, run: ok, says: "-drain-timeout"},
		{name: "an unknown flag exits with 2", args: []string{"--nope"}, run: ok, code: 2, says: "nope"},
		{name: "an argument exits with 2", args: []string{"nope"}, run: ok, code: 2, says: "no arguments"},
		{name: "a bad setting exits with 2 and its remedy", args: []string{"--slots", "0"}, run: ok, code: 2, says: "set it to 1 or more"},
		{name: "a missing settings file exits with 2", args: []string{"--config", "/nonexistent/x.yaml"}, run: ok, code: 2, says: "reading settings"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := defaults()
			var stderr strings.Builder
			code := servicekit.Main(servicekit.Host{Args: c.args, Stderr: &stderr}, "executor", &s, &s.Process, c.run)
			if code != c.code || !strings.Contains(stderr.String(), c.says) {
				t.Errorf("exit %d, want %d; stderr: %s", code, c.code, &stderr)
			}
		})
	}
}
