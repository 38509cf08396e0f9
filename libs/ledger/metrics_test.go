package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus/bustest"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
	"github.com/netrust/netrust/libs/servicekit/metric"
	"github.com/netrust/netrust/libs/servicekit/metric/metrictest"
)

func TestAHolderCountsItsGroups(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	reg := metric.NewRegistry()
	h, err := ledger.NewHolder(bustest.Connect(d, d.server), contract.Executor{Incarnation: "h1"}, ledger.Config{Metrics: reg}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := h.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	d.open("j1")
	const tasks = 40
	var work sync.WaitGroup
	for i := range tasks {
		work.Go(func() {
			lease, err := h.Claim(t.Context(), d.task("j1", fmt.Sprint("dev", i)), nil, time.Now().Add(time.Minute))
			if err == nil {
				err = lease.Finish(t.Context(), succeeded)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	got := metrictest.Values(t, reg)
	batches := got[`netrust_ledger_group_size_count{class="normal"}`]
	if got[`netrust_ledger_group_size_sum{class="normal"}`] != 2*tasks || batches < 2 || batches > tasks ||
		got[`netrust_ledger_write_seconds_count{class="normal"}`] != batches {
		t.Errorf("the groups of %d claims and finishes are counted as %v", tasks, got)
	}

	stale := d.task("j1", "dev0") // as it was before its end
	stale.TaskSeq, stale.DeviceSeq = 0, 0
	if _, err := h.Claim(t.Context(), stale, nil, time.Now().Add(time.Minute)); err == nil {
		t.Error("a task that has ended was claimed")
	}
	if n := metrictest.Values(t, reg)[`netrust_ledger_batches_refused_total{class="normal",reason="conflict"}`]; n < 1 {
		t.Errorf("%v refused batches are counted", n)
	}
	cancel()
	running.Wait()
}
