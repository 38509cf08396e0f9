package session_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/services/executor/internal/session"
)

// device is a driver whose sessions can be dropped, and which counts those that are open at once.
type device struct {
	mu      sync.Mutex
	opened  int
	open    int
	highest int
	refuse  error
	last    *kept
	slow    chan struct{} // when set, a device closes its side only after this is closed
}

func (d *device) Platform() string { return "cisco_ios" }

func (d *device) Open(_ context.Context, _ driver.Target, o driver.OpenOptions) (driver.Session, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.refuse != nil {
		return nil, d.refuse
	}
	d.opened++
	d.open++
	d.highest = max(d.highest, d.open)
	d.last = &kept{device: d, options: o, alive: true, fresh: true, answers: true}
	return d.last, nil
}

// now is how many sessions were opened, and how many are.
func (d *device) now() (opened, open int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.opened, d.open
}

// kept is one session.
type kept struct {
	device  *device
	options driver.OpenOptions

	mu             sync.Mutex
	alive          bool
	fresh          bool
	answers        bool
	pings          int
	left, finished bool
	run            func() error
}

func (k *kept) set(change func(k *kept)) { k.mu.Lock(); defer k.mu.Unlock(); change(k) }

func (k *kept) Run(context.Context, driver.Command) (driver.Output, error) {
	if k.run != nil {
		return driver.Output{}, k.run()
	}
	return driver.Output{Text: "answer"}, nil
}
func (k *kept) Prompt() string { return "r1#" }
func (k *kept) Alive() bool    { k.mu.Lock(); defer k.mu.Unlock(); return k.alive && !k.finished }
func (k *kept) Fresh() bool    { k.mu.Lock(); defer k.mu.Unlock(); return k.fresh && k.alive }

func (k *kept) Resume(ctx context.Context, check bool) error {
	if !k.Alive() {
		return errLost
	}
	if check {
		return k.Ping(ctx)
	}
	return nil
}

func (k *kept) Ping(ctx context.Context) error {
	k.mu.Lock()
	k.pings++
	answers := k.answers
	k.mu.Unlock()
	if !answers {
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

func (k *kept) Leave(ctx context.Context) {
	k.set(func(k *kept) { k.left = true })
	if k.device.slow != nil {
		select {
		case <-k.device.slow:
		case <-ctx.Done():
		}
	}
	_ = k.Close()
}

func (k *kept) Close() error {
	k.mu.Lock()
	first := !k.finished
	k.finished = true
	k.mu.Unlock()
	if first {
		k.device.mu.Lock()
		defer k.device.mu.Unlock()
		k.device.open--
	}
	return nil
}

var errLost = &driver.UnreachableError{DeviceID: "r1", Stage: driver.StageChannel, Err: errors.New("the connection is lost")}

// lease is what the ledger says of who has sessions.
type lease struct{ before, after []string }

func (l *lease) Sessions() []string  { return l.before }
func (l *lease) Leave(list []string) { l.after = list }

// life is an executor's life as it knows it.
type life struct {
	mu    sync.Mutex
	dead  error
	since time.Time
}

func (l *life) Ready() error          { l.mu.Lock(); defer l.mu.Unlock(); return l.dead }
func (l *life) AliveSince() time.Time { l.mu.Lock(); defer l.mu.Unlock(); return l.since }

// fleet is executors that are asked without NATS.
type fleet struct {
	pools map[string]*session.Pool // those that answer
	alive map[string]bool          // those that are believed alive
	mu    sync.Mutex
	asked int
}

func (f *fleet) Ask(ctx context.Context, holder string, ask contract.SessionAsk) (contract.SessionState, error) {
	f.mu.Lock()
	f.asked++
	f.mu.Unlock()
	if p := f.pools[holder]; p != nil {
		return p.Release(ctx, session.Device{Site: ask.Site, ID: ask.DeviceID}), nil
	}
	<-ctx.Done()
	return contract.SessionUnknown, ctx.Err()
}

func (f *fleet) Alive(_ context.Context, holder string) (bool, error) { return f.alive[holder], nil }

// bench is one executor's pool and one device.
type bench struct {
	testing.TB
	*device
	life  *life
	fleet *fleet
	pool  *session.Pool
}

var usual = session.Config{Idle: time.Minute, Keepalive: 20 * time.Second, Limit: 10, PerDevice: 1}

func newBench(t testing.TB, cfg session.Config) *bench {
	f := &fleet{pools: map[string]*session.Pool{}, alive: map[string]bool{}}
	b := &bench{TB: t, device: &device{}, life: &life{since: time.Now()}, fleet: f}
	b.pool = b.executor("a", cfg)
	return b
}

// executor is another executor's pool.
func (b *bench) executor(name string, cfg session.Config) *session.Pool {
	p := session.New(name, cfg, b.life, b.fleet, zerolog.Nop())
	b.fleet.pools[name], b.fleet.alive[name] = p, true
	return p
}

// request is a task's that reads on r1.
func (b *bench) request(change ...func(*session.Request)) session.Request {
	r := session.Request{
		Device: session.Device{Site: "lab", ID: "r1"}, Driver: b.device, Keep: true, Lease: &lease{}, Policy: "strict",
		Target: driver.Target{DeviceID: "r1", Address: "192.0.2.1", Port: 22, Username: "netops", Password: driver.NewSecret("hunter2")},
	}
	for _, c := range change {
		c(&r)
	}
	return r
}

// take takes a session that must be given.
func (b *bench) take(p *session.Pool, change ...func(*session.Request)) *session.Use {
	b.Helper()
	u, err := p.Take(b.Context(), b.request(change...))
	if err != nil {
		b.Fatal(err)
	}
	return u
}

// task does a whole task, and reports whether it needed no login.
func (b *bench) task(p *session.Pool, change ...func(*session.Request)) (reused bool) {
	b.Helper()
	u := b.take(p, change...)
	if _, err := u.Run(b.Context(), driver.Command{Text: "show clock"}); err != nil {
		b.Fatal(err)
	}
	reused = u.Reused()
	u.Close()
	return reused
}

// wants checks how many sessions were opened, and how many are.
func (b *bench) wants(opened, open int) {
	b.Helper()
	if gotOpened, gotOpen := b.now(); gotOpened != opened || gotOpen != open {
		b.Errorf("%d sessions were opened and %d are; want %d and %d", gotOpened, gotOpen, opened, open)
	}
}
