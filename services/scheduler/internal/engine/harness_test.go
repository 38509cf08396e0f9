package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/bus/bustest"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/kvstore"
	"github.com/netrust/netrust/libs/ledger"
	"github.com/netrust/netrust/services/scheduler/internal/engine"
)

// world is a server, an inventory, an engine, and an executor written by hand.
type world struct {
	testing.TB
	server *bus.Server
	conn   *bus.Conn
	config engine.Config
	trace  string       // traceparent of the commands
	end    func() error // of the engine that leads
	term   chan error   // how its term ended, if it did by itself

	mu     sync.Mutex
	events map[string][]contract.JobEvent
	out    []contract.Task // every release, in order
}

func newWorld(t testing.TB) *world {
	t.Helper()
	server, conn := bustest.Server(t)
	w := &world{TB: t, server: server, conn: conn, events: map[string][]contract.JobEvent{}, config: engine.Config{
		Incarnation: "first", ReleaseEvery: 5 * time.Millisecond, UnclaimedAfter: time.Minute, SilentAfter: time.Minute, MaxTasks: 10_000,
		KeepRecords: time.Hour, HoldAside: time.Minute, RememberRefused: 15 * time.Minute,
	}}
	w.background("the events", func(ctx context.Context) error {
		return conn.Follow(ctx, bus.FollowConfig{Stream: contract.StreamJobs, Filters: []string{contract.JobEventFilter}}, func(s bus.Stored) error {
			var e contract.JobEvent
			err := json.Unmarshal(s.Data, &e)
			w.mu.Lock()
			defer w.mu.Unlock()
			w.events[e.JobID] = append(w.events[e.JobID], e)
			return err
		})
	})
	w.background("the releases", func(ctx context.Context) error {
		for {
			err := conn.Follow(ctx, bus.FollowConfig{Stream: contract.StreamTasks}, func(s bus.Stored) error {
				var task contract.Task
				err := json.Unmarshal(s.Data, &task)
				task.Trace = s.HeaderValue(contract.HeaderTraceparent)
				w.mu.Lock()
				defer w.mu.Unlock()
				w.out = append(w.out, task)
				return err
			})
			if !errors.Is(err, bus.ErrStreamReset) { // a test may take the stream away
				return err
			}
		}
	})
	return w
}

// background runs something until the test ends, or until it is told to stop.
func (w *world) background(what string, run func(context.Context) error) (stop func() error) {
	ctx, cancel := context.WithCancel(w.Context())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	stop = sync.OnceValue(func() error { cancel(); return <-done })
	w.Cleanup(func() {
		if err := stop(); !errors.Is(err, context.Canceled) && !errors.Is(err, engine.ErrDeposed) {
			w.Errorf("%s ended with %v", what, err)
		}
	})
	return stop
}

// lead starts an engine.
func (w *world) lead() {
	conn := bustest.Connect(w, w.server)
	e := engine.New(conn, w.config, zerolog.New(zerolog.NewTestWriter(w)).Level(zerolog.WarnLevel))
	w.term = make(chan error, 1)
	w.end = w.background("the engine", func(ctx context.Context) error {
		err := e.Run(ctx)
		w.term <- err
		return err
	})
}

// devices imports n devices into a site, all of one authentication domain, or (domain "") each of its own, so that their
// logins do not wait for each other.
func (w *world) devices(site, domain string, n int, change ...func(i int, d *contract.Device)) {
	w.Helper()
	bucket := kvstore.Open[contract.Device](w.conn, contract.BucketInventory)
	for i := range n {
		id := fmt.Sprintf("%s.%03d", site, i)
		d := contract.Device{
			ID: id, Name: id, Platform: "cisco_ios", Address: "127.0.0.1", Port: 22, Site: site, Status: contract.DeviceActive,
			Credential: "env:LAB", AuthDomain: domain, Tags: []string{site},
		}
		if domain == "" {
			d.AuthDomain = id
		}
		for _, c := range change {
			c(i, &d)
		}
		if _, err := bucket.Create(w.Context(), contract.InventoryKey(id), d, 0); err != nil {
			w.Fatal(err)
		}
	}
}

// submit submits a job on all devices.
func (w *world) submit(id string, change ...func(*contract.JobSpec)) {
	w.Helper()
	spec := contract.JobSpec{
		Kind: contract.JobKindCommand, Targets: contract.TargetSelector{All: true}, Commands: []string{"show clock"},
		Limits: contract.Limits{Parallel: 1000, AuthFailures: 10},
	}
	for _, c := range change {
		c(&spec)
	}
	w.command(id, contract.TypeJobSubmit, contract.JobSubmit{JobID: id, Principal: "alice", At: time.Now().UTC(), Spec: spec}, bus.Seq(0))
}

func (w *world) cancel(id string) {
	w.Helper()
	w.command(id, contract.TypeJobCancel, contract.JobCancel{JobID: id, Principal: "bob", At: time.Now().UTC()}, nil)
}

func (w *world) command(id, kind string, value any, expect *uint64) {
	w.Helper()
	data, err := json.Marshal(value)
	if err == nil {
		m := bus.Message{Subject: contract.JobCommandSubject(id), Data: data, Type: kind, ID: id + kind, Expect: expect}
		if w.trace != "" {
			m.Header = map[string]string{contract.HeaderTraceparent: w.trace}
		}
		_, err = w.conn.Publish(w.Context(), m)
	}
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) await(what string, holds func() bool) {
	w.Helper()
	for end := time.Now().Add(30 * time.Second); !holds(); {
		if time.Now().After(end) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.Fatalf("waited in vain for %s; events %s", what, text(w.events))
		}
		<-time.After(5 * time.Millisecond)
	}
}

// state waits until a job has entered a state, and returns that event.
func (w *world) state(id string, want contract.JobState) (found contract.JobEvent) {
	w.Helper()
	w.await(fmt.Sprintf("job %s to be %s", id, want), func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, e := range w.events[id] {
			if e.State == want {
				found = e
				return true
			}
		}
		return false
	})
	return found
}

// ended waits until a job has ended.
func (w *world) ended(id string) (last contract.JobEvent) {
	w.Helper()
	w.await("the end of job "+id, func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		if n := len(w.events[id]); n > 0 {
			last = w.events[id][n-1]
		}
		return last.State.Ended()
	})
	return last
}

// told is every event of a job so far.
func (w *world) told(id string) []contract.JobEvent {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]contract.JobEvent(nil), w.events[id]...)
}

// released is every release so far.
func (w *world) released() []contract.Task {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]contract.Task(nil), w.out...)
}

// quiet waits until a while has passed without a release, and returns all.
func (w *world) quiet() []contract.Task {
	w.Helper()
	n, since := -1, time.Now()
	w.await("the releases to end", func() bool {
		if now := len(w.released()); now != n {
			n, since = now, time.Now()
		}
		return time.Since(since) > 400*time.Millisecond
	})
	return w.released()
}

// crew is an executor written by hand: it is in the ledger, and claims and finishes what it is told to.
type crew struct {
	*world
	holder *ledger.Holder
	done   map[int]bool // releases that were dealt with
	leave  func() error
}

func (w *world) crew(name string, normal, urgent int, sites ...string) *crew {
	w.Helper()
	if len(sites) == 0 {
		sites = []string{contract.AnySite}
	}
	self := contract.Executor{Incarnation: name, Sites: sites, NormalSlots: normal, UrgentSlots: urgent}
	h, err := ledger.NewHolder(bustest.Connect(w, w.server), self, ledger.Config{}, zerolog.Nop())
	if err != nil {
		w.Fatal(err)
	}
	c := &crew{world: w, holder: h, done: map[int]bool{}, leave: w.background("holder "+name, h.Run)}
	w.await("a sign of life", func() bool { return h.Ready() == nil })
	return c
}

// claim claims a released task.
func (c *crew) claim(t contract.Task) *ledger.Lease {
	c.Helper()
	lease, err := c.holder.Claim(c.Context(), &t, t.Commands, time.Now().Add(time.Minute))
	if err != nil {
		c.Fatalf("claiming %s: %v", t.Key().ID(), err)
	}
	return lease
}

// finish claims a task and ends it.
func (c *crew) finish(t contract.Task, kind contract.ErrorKind) {
	c.Helper()
	if err := c.claim(t).Finish(c.Context(), result(kind)); err != nil {
		c.Fatal(err)
	}
}

// result is a success, or a failure of the kind that came before any effect.
func result(kind contract.ErrorKind) contract.Result {
	if kind == "" {
		return contract.Result{State: contract.TaskSucceeded, StartedAt: time.Now(), FinishedAt: time.Now()}
	}
	return contract.Result{State: contract.TaskFailed, StartedAt: time.Now(), FinishedAt: time.Now(), Error: &contract.TaskError{Kind: kind, Effect: contract.EffectNone, Message: "as the test wants"}}
}

// next waits for n releases that were not dealt with, and returns them.
func (c *crew) next(n int) []contract.Task {
	c.Helper()
	var out []contract.Task
	c.await(fmt.Sprintf("%d more releases", n), func() bool {
		all := c.released()
		out = out[:0]
		for i := range all {
			if !c.done[i] && len(out) < n {
				out = append(out, all[i])
			}
		}
		return len(out) == n
	})
	left := n
	for i := 0; left > 0; i++ {
		if !c.done[i] {
			c.done[i] = true
			left--
		}
	}
	return out
}

// work finishes every release that comes, until the job has ended.
func (c *crew) work(job string) contract.JobEvent {
	c.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); {
		for i, t := range c.released() {
			if c.done[i] {
				continue
			}
			c.done[i] = true
			take := c.holder.Claim
			if t.Recover {
				take = c.holder.Recover
			}
			lease, err := take(c.Context(), &t, t.Commands, time.Now().Add(time.Minute))
			if err != nil {
				continue // a repeat
			}
			if err := lease.Finish(c.Context(), result("")); err != nil {
				c.Fatal(err)
			}
		}
		events := c.told(job)
		if n := len(events); n > 0 && events[n-1].State.Ended() {
			return events[n-1]
		}
		<-time.After(2 * time.Millisecond)
	}
	c.Fatalf("job %s does not end", job)
	return contract.JobEvent{}
}

func text(v any) string {
	data, _ := json.Marshal(v)
	return string(data)
}
