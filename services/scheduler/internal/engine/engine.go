// Package engine is the leading scheduler at work: it follows the log, decides, and writes.
//
// One goroutine, the loop, owns all state: what comes from the streams and what effects (writes that take time) report is
// handed to it as functions. Everything it knows is rebuilt from the log by the next leader; every write carries the
// expectation of what it was decided from, so a deposed leader is refused ([ErrDeposed]).
package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/inventory"
	"github.com/netrust/netrust/libs/ledger"
	"github.com/netrust/netrust/libs/servicekit/tracing"
	"github.com/netrust/netrust/services/scheduler/internal/login"
	"github.com/netrust/netrust/services/scheduler/internal/measure"
)

// ErrDeposed: another scheduler has written what this one was about to.
var ErrDeposed = errors.New("another scheduler has taken over")

// Config bounds and times the engine.
type Config struct {
	// Incarnation is this scheduler's name in what it writes.
	Incarnation string
	// ReleaseEvery is the pace of releases.
	ReleaseEvery time.Duration
	// UnclaimedAfter is when a released task that nobody claimed is released again.
	UnclaimedAfter time.Duration
	// SilentAfter is when an executor that gave no sign of life is taken for gone, should its key's end be missed.
	SilentAfter time.Duration
	// MaxTasks bounds the tasks of all running jobs in memory; more jobs wait as submitted.
	MaxTasks int
	// HoldAside is how long a job of which only dead letters are left waits for somebody to replay or discard them.
	HoldAside time.Duration
	// KeepRecords is how long a job's ledger records stay after its end.
	KeepRecords time.Duration
	// KeepForAudit is how much longer they stay while no audit has recorded them.
	KeepForAudit time.Duration
	// TraceTasks is how many tasks of one job are in its trace.
	TraceTasks int
	// Tracer makes the spans, nil for none; Meters the counts, nil for those that nobody sees.
	Tracer *tracing.Tracer
	Meters *measure.Meters
	// RememberRefused is how long refused logins of one job count for the next in the same authentication domain.
	RememberRefused time.Duration
	// MaxPerSite and MaxPerDomain bound the tasks of all jobs at one site and in one authentication domain, LoginsPerMinute
	// the logins in one domain; 0: no limit.
	MaxPerSite, MaxPerDomain, LoginsPerMinute int
}

// Engine is one term of leadership. Make a new one for each.
type Engine struct {
	conn *bus.Conn
	cfg  Config
	log  zerolog.Logger

	events  chan func()
	failed  chan error
	effects sync.WaitGroup

	devices  *inventory.Set
	jobs     map[string]*active
	waiting  []*active // submitted, not planned yet
	tasks    int       // of all jobs in memory
	planning int       // effects that plan, under way

	fleet fleet
	// accounts is how the logins of all jobs went; recorded is the sequence of the newest task record seen.
	accounts *login.Accounts
	recorded uint64
	// waiters are the jobs that wait in an authentication domain for what others have, paced those that wait for their time.
	waiters map[string]map[*active]struct{}
	paced   map[paced]struct{}

	leases  map[deviceKey]*lease
	claims  map[claimKey]*claim
	timers  timers
	kept    retention
	release releaser
	letters letterDesk
	unread  []unread
	keeping bool // one of unread is being stored
	started bool // the log is replayed
	// read says that the events of the jobs are replayed: whatever comes later and is not this engine's own shows that
	// another leads.
	read    bool
	deposed bool
	term    string // unique to this term: a scheduler may lead twice
}

// New makes an engine. It does no I/O.
func New(conn *bus.Conn, cfg Config, log zerolog.Logger) *Engine {
	if cfg.Meters == nil {
		cfg.Meters = measure.New(nil)
	}
	return &Engine{
		conn: conn, cfg: cfg, log: log,
		events: make(chan func(), 4096), failed: make(chan error, 1),
		devices: inventory.NewSet(nil), jobs: map[string]*active{},
		term: cfg.Incarnation + "/" + rand.Text(),
		kept: newRetention(), leases: map[deviceKey]*lease{}, claims: map[claimKey]*claim{},
		fleet: newFleet(), release: newReleaser(), letters: newLetterDesk(),
		accounts: login.New(cfg.RememberRefused, cfg.LoginsPerMinute),
		waiters:  map[string]map[*active]struct{}{}, paced: map[paced]struct{}{},
	}
}

// Run leads until ctx ends or the leadership shows to be lost.
func (e *Engine) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	ready := make(chan struct{})
	g.Go(func() error { return e.follow(ctx, g, ready) })
	g.Go(func() error { return e.loop(ctx, ready) })
	g.Go(func() error { return e.watchTasks(ctx) })
	for class, l := range e.release.lanes {
		g.Go(func() error { return e.publishReleases(ctx, class, l) })
	}
	g.Go(func() error {
		return e.conn.Observe(ctx, contract.StreamJobs, contract.StreamTasks, ledger.Stream, contract.StreamDLQ)
	})
	err := g.Wait()
	e.effects.Wait()
	e.cfg.Meters.Show(measure.Standing{})
	return err
}

// loop runs what is handed in, and releases tasks at its pace. Until the log is replayed it only takes in.
func (e *Engine) loop(ctx context.Context, ready <-chan struct{}) error {
	ticker := time.NewTicker(e.cfg.ReleaseEvery)
	defer ticker.Stop()
	housekeeping := time.NewTicker(time.Second)
	defer housekeeping.Stop()
	for {
		var begun time.Time
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-e.failed:
			return err
		case <-ready:
			begun = time.Now()
			ready, e.started = nil, true
			e.resume(ctx)
		case f := <-e.events:
			begun = time.Now()
			f()
			e.drainEvents()
		case now := <-housekeeping.C:
			begun = time.Now()
			e.cfg.Meters.Show(e.standing())
			if e.started && !e.deposed {
				e.housekeep(ctx, now)
			}
		case <-ticker.C:
			begun = time.Now()
		}
		if e.started && !e.deposed {
			e.advance(ctx)
		}
		e.cfg.Meters.Busy.Add(time.Since(begun).Seconds())
	}
}

// drainEvents takes in what else is waiting, so that decisions are made once for all of it.
func (e *Engine) drainEvents() {
	for range cap(e.events) {
		select {
		case f := <-e.events:
			f()
		default:
			return
		}
	}
}

// advance does what can be done now.
func (e *Engine) advance(ctx context.Context) {
	now := time.Now()
	e.fire(now)
	e.missClaims(now)
	e.planNext(ctx)
	e.answerLetters(ctx)
	e.keepUnread(ctx)
	for _, a := range e.jobs {
		e.step(ctx, a, now)
	}
	e.releaseTasks(now)
}

// post hands a function to the loop. It gives up when ctx ends.
func (e *Engine) post(ctx context.Context, f func()) error {
	select {
	case e.events <- f:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fail ends the term.
func (e *Engine) fail(err error) {
	select {
	case e.failed <- err:
	default:
	}
}

// effect runs do outside the loop, again and again until it succeeds, then done in the loop. A job has one effect at a time.
func (e *Engine) effect(ctx context.Context, a *active, what string, do func(context.Context) error, done func()) {
	a.busy = true
	e.effects.Go(func() {
		for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
			err := do(ctx)
			if err == nil {
				break
			}
			if errors.Is(err, ErrDeposed) {
				e.fail(fmt.Errorf("%s job %s: %w", what, a.ID, err))
				return
			}
			if ctx.Err() != nil {
				return
			}
			a.log.Warn().Err(err).Str("step", what).Msg("a step of a job failed; trying again")
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
		}
		_ = e.post(ctx, func() { a.busy = false; done() }) // refused only when the term ends
	})
}
