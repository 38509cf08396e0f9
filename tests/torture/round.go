package torture

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/kvstore"
)

// round is one run.
type round struct {
	Settings
	place place
	conn  *bus.Conn
	fleet *fleet
	seen  *watcher
	jobs  []Job
	note  func(string, ...any)
}

// Run makes a round in the empty directory dir and returns what it left behind. note is told what happens. The error says
// that the round could not be made, that a process ended by itself, or that jobs did not end.
func Run(ctx context.Context, s Settings, dir string, note func(string, ...any)) (*History, error) {
	rnd := rand.New(rand.NewPCG(s.Seed, 1))
	r := &round{Settings: s, jobs: s.jobs(rnd), note: note}
	plan := s.plan(rnd)
	var err error
	if r.place, err = newPlace(dir); err != nil {
		return nil, err
	}
	fleetCtx, end := context.WithCancel(ctx)
	r.fleet = newFleet(fleetCtx, r.place)
	defer r.fleet.close()
	defer end()
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	defer r.conn.Close()
	watchCtx, stop := context.WithCancel(ctx)
	r.seen = newWatcher(r.jobs)
	go r.seen.watch(watchCtx, r.conn)
	defer func() { stop(); <-r.seen.over }()
	if err := r.run(ctx, plan); err != nil {
		return nil, err
	}
	return r.collect(ctx)
}

// newPlace makes the directories and chooses an address. The port is below those that the system gives to outgoing
// connections: while the server is down, nobody else must get it, least of all a client that tries to reach it.
func newPlace(dir string) (place, error) {
	p := place{dir: dir}
	for _, d := range []string{p.nats(), p.effects(), p.logs()} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return p, err
		}
	}
	for range 100 {
		p.listen = fmt.Sprintf("127.0.0.1:%d", 12_000+rand.IntN(20_000))
		l, err := net.Listen("tcp", p.listen)
		if err == nil {
			return p, l.Close()
		}
	}
	return p, errors.New("no free port between 12000 and 32000 was found")
}

// prepare starts all processes and imports the devices.
func (r *round) prepare(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := r.fleet.add(RoleServer, processName(RoleServer, 0), 300*time.Millisecond); err != nil {
		return err
	}
	if err := r.awaitPassword(ctx); err != nil {
		return err
	}
	if r.conn, err = r.place.connect(ctx, "torture", zerolog.Nop()); err != nil {
		return err
	}
	if err := r.conn.Ensure(ctx); err != nil {
		return err
	}
	inventory := kvstore.Open[contract.Device](r.conn, contract.BucketInventory)
	for _, id := range r.deviceIDs() {
		device := contract.Device{
			ID: id, Name: id, Platform: platformName, Address: "127.0.0.1", Port: 22, Site: site, Status: contract.DeviceActive,
			Credential: "env:TORTURE", AuthDomain: "env:TORTURE",
		}
		if _, err := inventory.Create(ctx, contract.InventoryKey(id), device, 0); err != nil {
			return err
		}
	}
	for i := range r.Schedulers {
		if err := r.fleet.add(RoleScheduler, processName(RoleScheduler, i), 300*time.Millisecond); err != nil {
			return err
		}
	}
	for i := range r.Executors {
		if err := r.fleet.add(RoleExecutor, processName(RoleExecutor, i), 200*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

func (r *round) awaitPassword(ctx context.Context) error {
	for {
		if _, err := os.Stat(bus.PasswordFile(r.place.nats())); err == nil {
			return nil
		}
		if !pause(ctx, 20*time.Millisecond) {
			return errors.New("the server of the round did not start: its log is server-0.log")
		}
	}
}

// run submits and cancels jobs while things go wrong, then waits until all jobs have ended.
func (r *round) run(ctx context.Context, plan []planned) error {
	start := time.Now()
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { r.fleet.wreck(gctx, start, plan, r.note); return nil })
	for i := range r.jobs {
		g.Go(func() error { return r.drive(gctx, &r.jobs[i], start) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	r.note("%6.2fs no more faults", time.Since(start).Seconds())
	ctx, cancel := context.WithTimeout(ctx, r.Recover)
	defer cancel()
	// One more job must run through, on every device, now that nothing is wrong.
	last := Job{ID: contract.DeriveJobID("torture", "last"), Class: contract.Normal, Repeatable: true, Devices: r.deviceIDs(), Submit: time.Since(start)}
	last.Spec = spec(last.ID, 1, true)
	r.jobs = append(r.jobs, last)
	r.seen.expect(last.ID)
	if err := r.drive(ctx, &last, start); err != nil {
		return err
	}
	select {
	case <-r.seen.ended:
	case <-r.seen.over:
		return fmt.Errorf("following the ledger and the jobs: %w", r.seen.err)
	case <-ctx.Done():
		return fmt.Errorf("%s after the last fault these jobs have not ended: %s", r.Recover, r.seen.open())
	}
	r.note("%6.2fs all jobs have ended", time.Since(start).Seconds())
	_, err := r.fleet.told()
	return err
}

// drive submits a job at its time, and cancels it at its time.
func (r *round) drive(ctx context.Context, j *Job, start time.Time) error {
	if !pause(ctx, time.Until(start.Add(j.Submit))) {
		return ctx.Err()
	}
	err := r.command(ctx, j.ID, contract.TypeJobSubmit, contract.JobSubmit{JobID: j.ID, Principal: "torture", At: time.Now().UTC(), Spec: j.Spec}, bus.Seq(0))
	if err != nil || j.Cancel == 0 {
		return err
	}
	if !pause(ctx, time.Until(start.Add(j.Cancel))) {
		return ctx.Err()
	}
	r.note("%6.2fs cancel %s", time.Since(start).Seconds(), j.ID)
	return r.command(ctx, j.ID, contract.TypeJobCancel, contract.JobCancel{JobID: j.ID, Principal: "torture", At: time.Now().UTC()}, nil)
}

// command publishes a command until it stands.
func (r *round) command(ctx context.Context, job, kind string, value any, expect *uint64) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	m := bus.Message{Subject: contract.JobCommandSubject(job), Data: data, Type: kind, ID: job + "/" + kind, Dedup: true, Expect: expect}
	for {
		_, err := r.conn.Publish(ctx, m)
		if err == nil || expect != nil && errors.Is(err, bus.ErrConflict) {
			return nil // it stands already: an answer was lost
		}
		if !pause(ctx, 100*time.Millisecond) {
			return fmt.Errorf("publishing %s of job %s: %w", kind, job, err)
		}
	}
}

// pause waits, and reports whether the context still holds.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(max(d, 0)):
		return true
	}
}
