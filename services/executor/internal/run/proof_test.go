package run_test

import (
	"context"
	"errors"
	"testing"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/driver"
)

// A probe that got in is told while its first command still runs; one that did not, and a task that is none, are not.
func TestAProbeTellsThatItGotIn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		probe bool
		open  error
		told  int
	}{
		"a probe": {true, nil, 1}, "no probe": {false, nil, 0}, "a refused login": {true, &driver.AuthenticationError{DeviceID: "r1", Err: errors.New("no")}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			told := make(chan string, 2)
			d := &device{
				open: func(ctx context.Context) error {
					if c.open == nil {
						driver.LoginsOf(ctx).Succeeded()
					}
					return c.open
				},
				run: func(ctx context.Context, _ int, _ driver.Command) (driver.Output, error) {
					if c.told > 0 { // the command ends when the proof is there
						select {
						case id := <-told:
							told <- id
						case <-ctx.Done():
							return driver.Output{}, ctx.Err()
						}
					}
					return driver.Output{Text: "ok"}, nil
				},
			}
			r := runner(t, d, credentials{})
			r.Proved = func(_ context.Context, p *contract.Task, _ bool) { told <- p.DeviceID }
			p := task(reads, "one")
			p.Probe = c.probe
			rep := r.Run(t.Context(), p, lease{}, nil)
			if len(told) != c.told || (rep.Err == nil) != (c.open == nil) {
				t.Errorf("told %d times, want %d; %v", len(told), c.told, rep.Err)
			}
		})
	}
}
