// Package intake takes released tasks, claims them, has them run, and records how they ended.
//
// A message is acknowledged when the ledger says that it is done with, and left alone while another holder is at work.
// What cannot be processed is set aside as a dead letter. Slots bound what is in hand, urgent ones apart from normal ones.
package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
	"github.com/netrust/netrust/libs/netconfig/redact"
	"github.com/netrust/netrust/libs/sealed"
	"github.com/netrust/netrust/libs/servicekit/tracing"
	"github.com/netrust/netrust/services/executor/internal/measure"
	"github.com/netrust/netrust/services/executor/internal/run"
)

// Intake is an executor's work on tasks.
type Intake struct {
	conn   *bus.Conn
	holder *ledger.Holder
	runner *run.Runner
	log    zerolog.Logger
	cfg    Config

	meters *measure.Meters

	slots map[contract.Class]*slots
	tasks sync.WaitGroup

	mu      sync.Mutex
	inHand  map[*bus.Delivery]struct{}
	stopped map[string]*stopper // by job
	first   precedence
}

// Config is what an intake needs to know.
type Config struct {
	Sites          []string
	Slots          map[contract.Class]int
	ConnectTimeout time.Duration
	AckWait        time.Duration
	// RecordWithin bounds how long a result is kept in memory for a NATS that is away, when the executor must end.
	RecordWithin time.Duration
	// Raw encrypts raw outputs; nil: none are kept.
	Raw *sealed.Box
	// Meters measures what is in hand; nil for nobody.
	Meters *measure.Meters
}

// New makes an intake. It does no I/O.
func New(conn *bus.Conn, holder *ledger.Holder, runner *run.Runner, cfg Config, log zerolog.Logger) *Intake {
	in := &Intake{
		conn: conn, holder: holder, runner: runner, log: log, cfg: cfg, meters: cfg.Meters,
		slots: map[contract.Class]*slots{}, inHand: map[*bus.Delivery]struct{}{}, stopped: map[string]*stopper{},
	}
	for _, c := range contract.Classes {
		in.slots[c] = newSlots(cfg.Slots[c])
		in.meters.Slots(c, cfg.Slots[c])
	}
	return in
}

// Fetch takes tasks of one site and class until ctx ends. The tasks themselves run under work, which must outlive them.
func (in *Intake) Fetch(ctx, work context.Context, site string, class contract.Class) error {
	consumer, err := in.consumer(ctx, site, class)
	if err != nil {
		return err
	}
	slots := in.slots[class]
	for ctx.Err() == nil {
		n, err := slots.take(ctx, len(in.cfg.Sites))
		if err != nil {
			return err
		}
		got := 0
		err = consumer.Fetch(ctx, n, fetchWait, func(d *bus.Delivery) {
			got++
			if ctx.Err() != nil {
				_ = d.Return() // draining: another executor takes it; if this is lost, it comes again after the wait
				slots.give(1)
				return
			}
			in.tasks.Go(func() {
				defer slots.give(1)
				in.handle(work, d)
			})
		})
		slots.give(n - got)
		if err != nil && ctx.Err() == nil {
			in.log.Warn().Err(err).Msg("fetching tasks failed; trying again")
			pause(ctx, 250*time.Millisecond)
		}
	}
	return ctx.Err()
}

// fetchWait bounds one fetch, and so how long a drain waits for it.
const fetchWait = time.Second

// consumer opens the task consumer, trying until NATS gives it.
func (in *Intake) consumer(ctx context.Context, site string, class contract.Class) (*bus.TaskConsumer, error) {
	for {
		c, err := in.conn.Tasks(ctx, site, class, in.cfg.AckWait)
		if err == nil {
			return c, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		in.log.Warn().Err(err).Msg("opening the task consumer failed; trying again")
		pause(ctx, 500*time.Millisecond)
	}
}

// Wait waits for the tasks in hand.
func (in *Intake) Wait() { in.tasks.Wait() }

// KeepInHand tells NATS that the messages in hand are being worked on, until ctx ends.
func (in *Intake) KeepInHand(ctx context.Context) error {
	ticker := time.NewTicker(in.cfg.AckWait / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		in.mu.Lock()
		held := make([]*bus.Delivery, 0, len(in.inHand))
		for d := range in.inHand {
			held = append(held, d)
		}
		in.mu.Unlock()
		for _, d := range held {
			if err := d.InProgress(); err != nil {
				in.log.Debug().Err(err).Msg("a message in hand could not be kept; the ledger refuses its repeat")
			}
		}
	}
}

func (in *Intake) hold(d *bus.Delivery) (release func()) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.inHand[d] = struct{}{}
	return func() {
		in.mu.Lock()
		defer in.mu.Unlock()
		delete(in.inHand, d)
	}
}

// handle does one message: decode, claim, run, record, acknowledge.
func (in *Intake) handle(ctx context.Context, d *bus.Delivery) {
	defer in.hold(d)()
	t, err := decode(d)
	if err != nil {
		in.setAside(ctx, d, err)
		return
	}
	trace := d.HeaderValue(contract.HeaderTraceparent)
	log := in.logOf(t, trace)
	ctx, ended := in.meters.Take(log.WithContext(ctx), t, trace, d.Deliveries())
	defer ended()
	if t.Class == contract.Urgent {
		defer in.first.begin()()
	} else {
		in.first.yield(ctx)
	}
	slots := in.slots[t.Class]
	var turn *turn
	if !t.Repeatable { // nobody could tell later whether it began: it is not claimed before it can
		if turn = slots.begin(ctx); turn == nil {
			_ = d.Return() // lost, it comes again by itself
			return
		}
		defer turn.end()
	}
	// Before the claim: a gate that closes after it is seen.
	stop, done := in.watchJob(t.JobID)
	defer done()
	claiming, span := in.meters.Step(ctx, "claim")
	lease, err := in.claim(claiming, t)
	span.End(reason(err))
	if err != nil {
		in.refused(ctx, t, d, err)
		return
	}
	in.meters.Claimed(t)
	if turn == nil {
		if turn = slots.begin(ctx); turn == nil {
			in.putOff(ctx, lease, d)
			return
		}
	}
	rep := in.runner.Run(ctx, t, lease, stop)
	turn.end()
	slots.note(rep.Ended.Sub(rep.Started))
	if err := in.record(ctx, t, lease, &rep); err != nil {
		// The claim stands without a result: it is recovered when this executor is gone.
		log.Error().Err(err).Msg("the result of a task could not be recorded")
		return
	}
	in.ack(ctx, d)
}

// putOff gives back a claimed task for which no slot came free: those at work take longer than they did.
func (in *Intake) putOff(ctx context.Context, lease *ledger.Lease, d *bus.Delivery) {
	ctx, cancel := withGrace(ctx, in.cfg.RecordWithin)
	defer cancel()
	err := lease.Delay(ctx, contract.Delay{Reason: "not started: no slot of the executor came free in time", NotBefore: time.Now().UTC()}, false)
	if err != nil && !errors.Is(err, ledger.ErrLost) {
		zerolog.Ctx(ctx).Error().Err(err).Msg("a task that did not begin could not be put off; it is recovered when this executor is gone")
		return
	}
	in.ack(ctx, d)
}

// logOf is the log of a task: which one, and in which trace.
func (in *Intake) logOf(t *contract.Task, trace string) zerolog.Logger {
	c := in.log.With().Str("job_id", t.JobID).Str("device_id", t.DeviceID).Int("attempt", t.Attempt)
	if id := tracing.IDOf(trace); id != "" {
		c = c.Str("trace_id", id)
	}
	return c.Logger()
}

func decode(d *bus.Delivery) (*contract.Task, error) {
	key, class, err := contract.ParseTaskSubject(d.Subject())
	if err != nil {
		return nil, err
	}
	var t contract.Task
	if err := json.Unmarshal(d.Data(), &t); err != nil {
		return nil, fmt.Errorf("the payload is not a task: %w", err)
	}
	if t.Key() != key || t.Class != class {
		return nil, fmt.Errorf("the payload names task %s of class %s, the subject another", t.Key().ID(), t.Class)
	}
	if !t.Recover && (len(t.Commands) == 0 || t.Attempt < 1 || t.DeviceTimeoutMS <= 0 || t.CommandTimeoutMS <= 0) {
		return nil, errors.New("the task has no commands, no attempt number or no time")
	}
	return &t, nil
}

func (in *Intake) setAside(ctx context.Context, d *bus.Delivery, reason error) {
	if err := d.SetAside(in.log.WithContext(ctx), reason.Error()); err != nil {
		in.log.Error().Err(err).Msg("a message that cannot be processed could not be set aside; it comes again")
	}
}

// claim claims the task, or recovers it when its holder is gone.
func (in *Intake) claim(ctx context.Context, t *contract.Task) (*ledger.Lease, error) {
	commands := redacted(t)
	until := time.Now().Add(in.exclusive(t))
	if t.Recover {
		return in.holder.Recover(ctx, t, commands, until)
	}
	lease, err := in.holder.Claim(ctx, t, commands, until)
	if errors.Is(err, ledger.ErrHeld) {
		// A redelivered message: its holder may be gone.
		return in.holder.Recover(ctx, t, commands, until)
	}
	return lease, err
}

// closing is what ending a session may take beyond the attempt's time.
const closing = 5 * time.Second

// exclusive is how long the attempt may take at most: nobody else touches the device before then, should this executor be
// lost and the task not be one to repeat.
func (in *Intake) exclusive(t *contract.Task) time.Duration {
	connect := in.cfg.ConnectTimeout
	if ms := t.Target.Options.ConnectTimeoutMS; ms > 0 {
		connect = time.Duration(ms) * time.Millisecond
	}
	steps := connect + time.Duration(len(t.Commands))*time.Duration(t.CommandTimeoutMS)*time.Millisecond
	until := min(time.Duration(t.DeviceTimeoutMS)*time.Millisecond, steps) + closing
	if t.Repeatable {
		until += turnWithin // which nobody waits for
	}
	return until
}

func redacted(t *contract.Task) []string {
	r := redact.New(t.Target.Platform)
	out := make([]string, len(t.Commands))
	for i, c := range t.Commands {
		out[i] = r.Command(c)
	}
	return out
}

// refused ends a message whose claim was not granted.
func (in *Intake) refused(ctx context.Context, t *contract.Task, d *bus.Delivery, err error) {
	log := zerolog.Ctx(ctx)
	in.meters.Refused(reason(err))
	held := errors.Is(err, ledger.ErrHeld) || errors.Is(err, ledger.ErrTooEarly)
	switch {
	case held && !t.Recover:
		log.Debug().Err(err).Msg("another holder is at work; the message comes again")
	case held, errors.Is(err, ledger.ErrFinished), errors.Is(err, ledger.ErrStale), errors.Is(err, ledger.ErrGateClosed),
		errors.Is(err, ledger.ErrDeviceBusy), errors.Is(err, ledger.ErrSettled):
		log.Debug().Err(err).Msg("nothing to run")
		in.ack(ctx, d)
	default:
		log.Warn().Err(err).Msg("claiming a task failed; the message comes again")
	}
}

// reason is why a claim was not granted, in a word; "" when it was.
func reason(err error) string {
	if err == nil {
		return ""
	}
	for _, r := range []struct {
		err  error
		word string
	}{
		{ledger.ErrHeld, "held"}, {ledger.ErrTooEarly, "too_early"}, {ledger.ErrFinished, "finished"}, {ledger.ErrStale, "stale"},
		{ledger.ErrGateClosed, "gate_closed"}, {ledger.ErrDeviceBusy, "device_busy"}, {ledger.ErrSettled, "settled"},
	} {
		if errors.Is(err, r.err) {
			return r.word
		}
	}
	return "failed"
}

func (in *Intake) ack(ctx context.Context, d *bus.Delivery) {
	if err := d.Ack(); err != nil {
		zerolog.Ctx(ctx).Debug().Err(err).Msg("an acknowledgement was lost; the ledger refuses the repeat")
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
