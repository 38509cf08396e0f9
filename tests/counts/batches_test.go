package counts_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/baseline"
	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/bus/bustest"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
	"github.com/netrust/netrust/libs/servicekit/metric"
	"github.com/netrust/netrust/libs/servicekit/metric/metrictest"
)

// waiters is how many tasks are handed to the ledger while its writer waits for an answer.
const waiters = 450

// The clock of this test is the server's answers: the writer gets the one to its first batch only when everything else has
// been handed in, so that how many batches it then needs is its own doing alone.
func TestTheLedgerWritesNoMoreBatchesThanBefore(t *testing.T) {
	t.Parallel()
	server, wired, wire := bustest.Wired(t)
	b := &batches{T: t, conn: bustest.Connect(t, server), wire: wire, reg: metric.NewRegistry()}
	holder, err := ledger.NewHolder(wired, contract.Executor{Incarnation: "h1"}, ledger.Config{LivenessTTL: time.Hour, Metrics: b.reg}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- holder.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("the holder ended with %v", err)
		}
	})
	b.await("a sign of life", func() bool { return holder.Ready() == nil })
	gate, err := ledger.OpenGate(t.Context(), b.conn, "j1", time.Now())
	if err != nil {
		t.Fatal(err)
	}

	leases := make([]*ledger.Lease, waiters+1)
	claims, claimed := b.measure(func(ctx context.Context, i int) error {
		task := &contract.Task{
			JobID: "j1", Phase: contract.PhaseRun, DeviceID: fmt.Sprint("dev", i), Site: "lab", Class: contract.Normal, Attempt: 1,
			Commands: []string{"show clock"}, Repeatable: true, GateSeq: gate,
		}
		var err error
		leases[i], err = holder.Claim(ctx, task, task.Commands, time.Now().Add(time.Hour))
		return err
	})
	ends, ended := b.measure(func(ctx context.Context, i int) error {
		return leases[i].Finish(ctx, contract.Result{State: contract.TaskSucceeded})
	})
	baseline.Check(t, "testdata/batches.json", map[string]float64{
		"batches of 451 claims": claims, "messages of 451 claims": claimed,
		"batches of 451 results": ends, "messages of 451 results": ended,
	})
}

// batches is a ledger whose answers a test can hold back.
type batches struct {
	*testing.T
	conn *bus.Conn // to the server itself
	wire *bustest.Wire
	reg  *metric.Registry
}

// measure does work number 0, and all others while it has no answer. It returns how many batches and messages there were.
func (b *batches) measure(work func(context.Context, int) error) (written, messages float64) {
	b.Helper()
	series := `netrust_ledger_group_size_count{class="normal"}`
	before, first := metrictest.Values(b, b.reg)[series], b.last()
	var all sync.WaitGroup
	defer all.Wait()
	begin := func(i int) *handed {
		ctx := &handed{Context: b.Context()}
		all.Go(func() {
			if err := work(ctx, i); err != nil {
				b.Errorf("work %d: %v", i, err)
			}
		})
		return ctx
	}
	answer := b.wire.Hold()
	defer answer()
	begin(0)
	b.await("the first batch to stand", func() bool { return b.last() > first })
	var others []*handed
	for i := range waiters {
		others = append(others, begin(i+1))
	}
	for _, o := range others {
		b.await("all others to be handed in", o.in)
	}
	answer()
	all.Wait()
	return metrictest.Values(b, b.reg)[series] - before, float64(b.last() - first)
}

func (b *batches) last() uint64 {
	b.Helper()
	s, err := b.conn.State(b.Context(), ledger.Stream)
	if err != nil {
		b.Fatal(err)
	}
	return s.LastSeq
}

func (b *batches) await(what string, holds func() bool) {
	b.Helper()
	for end := time.Now().Add(within); !holds(); {
		if time.Now().After(end) {
			b.Fatalf("waited in vain for %s", what)
		}
		<-time.After(time.Millisecond)
	}
}

// handed is a context that tells when an operation that uses it waits for the second time: first for a place in the writer's
// queue, then for the verdict. So it tells that the writer has it.
type handed struct {
	context.Context
	asked atomic.Int32
}

func (h *handed) Done() <-chan struct{} {
	h.asked.Add(1)
	return h.Context.Done()
}

func (h *handed) in() bool { return h.asked.Load() >= 2 }
