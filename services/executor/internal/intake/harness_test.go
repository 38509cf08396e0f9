package intake_test

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
	"github.com/netrust/netrust/libs/credential"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/ledger"
	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/services/executor/internal/intake"
	"github.com/netrust/netrust/services/executor/internal/measure"
	"github.com/netrust/netrust/services/executor/internal/run"
)

// device is a driver whose sessions answer by a function; it counts what reached it.
type device struct {
	answer func(ctx context.Context, device, command string) (string, error)

	mu      sync.Mutex
	sent    map[string]int // by device
	open    int
	highest int // sessions at once
}

type session struct {
	*device
	id string
}

func (d *device) Platform() string { return "cisco_ios" }

func (d *device) Open(_ context.Context, t driver.Target, _ driver.OpenOptions) (driver.Session, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open++
	d.highest = max(d.highest, d.open)
	return session{d, t.DeviceID}, nil
}

func (s session) Run(ctx context.Context, c driver.Command) (driver.Output, error) {
	s.mu.Lock()
	s.sent[s.id]++
	s.mu.Unlock()
	if s.answer == nil {
		return driver.Output{Text: "answer to " + c.Text}, nil
	}
	text, err := s.answer(ctx, s.id, c.Text)
	return driver.Output{Text: text}, err
}

func (s session) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	return nil
}

func (s session) Prompt() string { return "" }
func (s session) Alive() bool    { return true }

// got is how many commands reached a device.
func (d *device) got(id string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sent[id]
}

type anyone struct{}

func (anyone) Resolve(context.Context, string) (credential.Credential, error) {
	return credential.Credential{Username: "netops"}, nil
}

// floor is an intake at work on a real server.
type floor struct {
	testing.TB
	server *bus.Server
	conn   *bus.Conn
	in     *intake.Intake
	device *device
	// drain ends the fetching and waits for what is in hand; cut ends that too.
	drain func()
	cut   context.CancelCauseFunc
}

const ackWait = time.Second

func newFloor(t testing.TB, normal int, answer func(ctx context.Context, device, command string) (string, error), watched ...servicekit.Observe) *floor {
	t.Helper()
	meters := measure.New(append(watched, servicekit.Observe{})[0])
	server, conn := bustest.Server(t)
	f := &floor{TB: t, server: server, conn: conn, device: &device{answer: answer, sent: map[string]int{}}}
	drivers, err := driver.NewRegistry(f.device)
	if err != nil {
		t.Fatal(err)
	}
	mine := bustest.Connect(t, server)
	h, err := ledger.NewHolder(mine, contract.Executor{Incarnation: "x", Sites: []string{"lab"}, NormalSlots: normal}, ledger.Config{}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	runner := &run.Runner{
		Meters:  meters,
		Drivers: drivers, Credentials: anyone{}, HostKeys: func(string) driver.HostKeys { return nil }, ConnectTimeout: time.Second, MaxOutput: 4 << 20,
	}
	f.in = intake.New(mine, h, runner, intake.Config{
		Meters: meters,
		Sites:  []string{"lab"}, ConnectTimeout: time.Second, AckWait: ackWait, RecordWithin: 2 * time.Second,
		Slots: map[contract.Class]int{contract.Normal: normal, contract.Urgent: 2},
	}, zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.ErrorLevel))

	base, leave := context.WithCancel(context.Background())
	fetching, stop := context.WithCancel(context.Background())
	work, cut := context.WithCancelCause(base)
	f.cut = cut
	var below, fetchers sync.WaitGroup
	for _, part := range []func(context.Context) error{h.Run, f.in.FollowGates, f.in.KeepInHand} {
		below.Go(func() {
			if err := part(base); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
	f.await("a sign of life", func() bool { return h.Ready() == nil })
	for _, class := range contract.Classes {
		fetchers.Go(func() {
			if err := f.in.Fetch(fetching, work, "lab", class); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
	f.drain = sync.OnceFunc(func() { stop(); fetchers.Wait(); f.in.Wait() })
	t.Cleanup(func() { cut(run.ErrShutdown); f.drain(); leave(); below.Wait() })
	return f
}

func (f *floor) await(what string, holds func() bool) {
	f.Helper()
	for end := time.Now().Add(30 * time.Second); !holds(); {
		if time.Now().After(end) {
			f.Fatalf("waited in vain for %s", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

// task is a first attempt of a task of job j1, whose gate it opens.
func (f *floor) task(id string, repeatable bool, commands ...string) *contract.Task {
	f.Helper()
	gate, err := ledger.OpenGate(f.Context(), f.conn, "j1", time.Now())
	if err != nil {
		f.Fatal(err)
	}
	if len(commands) == 0 {
		commands = []string{"show clock"}
	}
	return &contract.Task{
		JobID: "j1", Phase: contract.PhaseRun, DeviceID: id, Site: "lab", Class: contract.Normal, Attempt: 1, GateSeq: gate, Commands: commands,
		Repeatable: repeatable, ReadOnly: repeatable, CommandTimeoutMS: 10_000, DeviceTimeoutMS: 20_000, Deadline: time.Now().Add(time.Hour),
		Target: contract.Target{Address: "127.0.0.1", Platform: "cisco_ios", Credential: "env:LAB"}, Retry: contract.RetryPolicy{Attempts: 3},
	}
}

func (f *floor) release(t *contract.Task) {
	f.Helper()
	data, err := json.Marshal(t)
	if err != nil {
		f.Fatal(err)
	}
	f.publish(t.Key().Subject(t.Class), data, t.Trace)
}

func (f *floor) publish(subject string, data []byte, trace ...string) {
	f.Helper()
	m := bus.Message{Subject: subject, Data: data, Type: contract.TypeTask, ID: subject}
	if len(trace) > 0 && trace[0] != "" {
		m.Header = map[string]string{contract.HeaderTraceparent: trace[0]}
	}
	if _, err := f.conn.Publish(f.Context(), m); err != nil {
		f.Fatal(err)
	}
}

// record is a task's newest record, or nil.
func (f *floor) record(t *contract.Task) *contract.TaskRecord {
	f.Helper()
	stored, err := f.conn.LastFor(f.Context(), ledger.Stream, ledger.Subject(t.Key().RecordKey()))
	if errors.Is(err, bus.ErrNotFound) {
		return nil
	}
	if err != nil {
		f.Fatal(err)
	}
	e, err := ledger.Decode(stored)
	if err != nil {
		f.Fatal(err)
	}
	return e.Task
}

// state waits until a task's newest record is of the state.
func (f *floor) state(t *contract.Task, want contract.RecordState) (r *contract.TaskRecord) {
	f.Helper()
	f.await("task "+t.DeviceID+" to be "+string(want), func() bool {
		r = f.record(t)
		return r != nil && r.State == want
	})
	return r
}

// unacknowledged is how many messages of the consumer are in somebody's hands or waiting.
func (f *floor) unacknowledged() int {
	f.Helper()
	c, err := f.conn.JetStream().Consumer(f.Context(), contract.StreamTasks, "tasks-at-lab-normal")
	if err != nil {
		f.Fatal(err)
	}
	return c.CachedInfo().NumAckPending + int(c.CachedInfo().NumPending)
}
