package servicekit_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netrust/netrust/libs/servicekit"
)

type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) add(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
}

func (d *diary) part(name string, drain time.Duration) servicekit.Part {
	return servicekit.Part{Name: name, Run: func(ctx context.Context) error {
		d.add("start " + name)
		<-ctx.Done()
		time.Sleep(drain) // synthetic time
		d.add("end " + name)
		return ctx.Err()
	}}
}

func TestPartsStopInReverseOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var d diary
		first := d.part("nats", 0)
		first.Ready = func(context.Context) error { time.Sleep(time.Second); d.add("nats ready"); return nil }
		err := servicekit.RunInOrder(ctx, 10*time.Second, first, d.part("executor", 3*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"start nats", "nats ready", "start executor", "end executor", "end nats"}
		if !slices.Equal(d.lines, want) {
			t.Errorf("got %q, want %q", d.lines, want)
		}
	})
}

func TestOneFailureStopsAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var d diary
		broken := errors.New("disk full")
		err := servicekit.RunInOrder(t.Context(), time.Second, d.part("nats", 0),
			servicekit.Part{Name: "gateway", Run: func(context.Context) error { return broken }})
		if !errors.Is(err, broken) || !strings.Contains(err.Error(), "gateway") {
			t.Errorf("got %v", err)
		}
		if !slices.Contains(d.lines, "end nats") {
			t.Errorf("nats was not stopped: %q", d.lines)
		}
	})
}

func TestAPartThatIsNeverReadyIsNamed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var d diary
		first := d.part("nats", 0)
		first.Ready = func(context.Context) error { return errors.New("no answer") }
		err := servicekit.RunInOrder(t.Context(), time.Second, first, d.part("executor", 0))
		if err == nil || !strings.Contains(err.Error(), "waiting for nats to be ready: no answer") {
			t.Errorf("got %v", err)
		}
		if slices.Contains(d.lines, "start executor") {
			t.Error("the executor was started before nats was ready")
		}
	})
}

func TestAPartThatHangsIsNamed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var d diary
		err := servicekit.RunInOrder(ctx, 2*time.Second, d.part("nats", 0), d.part("executor", time.Minute))
		if err == nil || !strings.Contains(err.Error(), "executor, nats had not ended after 2s") {
			t.Errorf("got %v", err)
		}
		time.Sleep(2 * time.Minute) // let the bubble's goroutines end
	})
}
