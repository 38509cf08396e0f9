package ledger_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/bus/bustest"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
)

// desk is a ledger on a real server, and what tests do with it.
type desk struct {
	testing.TB
	server *bus.Server
	conn   *bus.Conn
}

func newDesk(t testing.TB) *desk {
	server, conn := bustest.Server(t)
	return &desk{t, server, conn}
}

// in is the same ledger in a subtest.
func (d *desk) in(t testing.TB) *desk { return &desk{t, d.server, d.conn} }

// holder runs a holder, with a liveness key that is not renewed within a test.
func (d *desk) holder(name string) *ledger.Holder {
	d.Helper()
	h, _ := d.leaving(name, 30*time.Second)
	return h
}

// leaving runs a holder that the test can end: leave returns when it has left.
func (d *desk) leaving(name string, ttl time.Duration) (h *ledger.Holder, leave func()) {
	d.Helper()
	h, err := ledger.NewHolder(bustest.Connect(d, d.server), contract.Executor{Incarnation: name}, ledger.Config{LivenessTTL: ttl}, zerolog.Nop())
	if err != nil {
		d.Fatal(err)
	}
	ctx, cancel := context.WithCancel(d.Context())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	leave = sync.OnceFunc(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			d.Errorf("holder %s ended with %v", name, err)
		}
	})
	d.Cleanup(leave)
	d.await("a sign of life of "+name, func() bool { return h.Ready() == nil })
	return h, leave
}

func (d *desk) await(what string, holds func() bool) {
	d.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); {
		if time.Now().After(end) {
			d.Fatalf("waited in vain for %s", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

// open opens a job's gate.
func (d *desk) open(job string) uint64 {
	d.Helper()
	seq, err := ledger.OpenGate(d.Context(), d.conn, job, time.Now())
	if err != nil {
		d.Fatal(err)
	}
	return seq
}

// close closes it.
func (d *desk) close(job string) {
	d.Helper()
	if err := ledger.CloseGate(d.Context(), d.conn, job, "a test", 0, time.Now()); err != nil {
		d.Fatal(err)
	}
}

// task releases a first attempt, as the scheduler would that knows all that stands in the ledger.
func (d *desk) task(job, device string, change ...func(*contract.Task)) *contract.Task {
	d.Helper()
	t := &contract.Task{
		JobID: job, Phase: contract.PhaseRun, DeviceID: device, Site: "lab", Class: contract.Normal, Attempt: 1,
		Commands: []string{"show clock"}, Repeatable: true, Deadline: time.Now().Add(time.Hour),
	}
	t.TaskSeq, t.DeviceSeq, t.GateSeq = d.seq(t.Key().RecordKey()), d.seq(t.Key().DeviceKey()), d.seq(contract.GateKey(job))
	for _, c := range change {
		c(t)
	}
	return t
}

// once makes a task one that may not be repeated.
func once(t *contract.Task) { t.Repeatable = false }

// late makes a task one that was released while the gate was another.
func late(t *contract.Task) { t.GateSeq = 1 }

// newest is the newest entry of a key; its sequence is 0 where there is none.
func (d *desk) newest(key string) ledger.Entry {
	d.Helper()
	stored, err := d.conn.LastFor(d.Context(), ledger.Stream, ledger.Subject(key))
	if errors.Is(err, bus.ErrNotFound) {
		return ledger.Entry{}
	}
	if err != nil {
		d.Fatal(err)
	}
	e, err := ledger.Decode(stored)
	if err != nil {
		d.Fatal(err)
	}
	return e
}

func (d *desk) seq(key string) uint64 { d.Helper(); return d.newest(key).Seq }

// record is the task's newest record.
func (d *desk) record(t *contract.Task) *contract.TaskRecord {
	d.Helper()
	r := d.newest(t.Key().RecordKey()).Task
	if r == nil {
		d.Fatalf("task %s has no record", t.Key().ID())
	}
	return r
}

// history is every entry of the ledger's stream whose subject matches.
func (d *desk) history(pattern string) []ledger.Entry {
	d.Helper()
	ctx, stop := context.WithTimeout(d.Context(), 20*time.Second)
	defer stop()
	var out []ledger.Entry
	done := false
	err := d.conn.Follow(ctx, bus.FollowConfig{
		Stream: ledger.Stream, Filters: []string{ledger.Subject(pattern)}, CaughtUp: func() { done = true; stop() },
	}, func(s bus.Stored) error {
		e, err := ledger.Decode(s)
		out = append(out, e)
		return err
	})
	if !done {
		d.Fatal(err)
	}
	return out
}

// claim claims a task that must be granted.
func (d *desk) claim(h *ledger.Holder, t *contract.Task) *ledger.Lease {
	d.Helper()
	lease, err := h.Claim(d.Context(), t, t.Commands, time.Now().Add(time.Minute))
	if err != nil {
		d.Fatal(err)
	}
	return lease
}

// kill makes a holder look dead, as when its liveness key has expired while it is paused.
func (d *desk) kill(h *ledger.Holder) {
	d.Helper()
	if _, err := d.conn.Publish(d.Context(), bus.Message{Subject: ledger.Subject(contract.ExecutorKey(h.Incarnation())), Purge: true}); err != nil {
		d.Fatal(err)
	}
}

func (d *desk) wants(err, want error) {
	d.Helper()
	if !errors.Is(err, want) {
		d.Fatalf("got %v; want %v", err, want)
	}
}

// free reports whether a device has no lease.
func (d *desk) free(t *contract.Task) bool {
	d.Helper()
	return d.newest(t.Key().DeviceKey()).Lease == nil
}

var succeeded = contract.Result{State: contract.TaskSucceeded}

func text(v any) string {
	data, _ := json.Marshal(v)
	return string(data)
}
