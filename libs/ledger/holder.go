package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/servicekit/metric"
)

// DefaultLivenessTTL is how long a holder is believed alive after its last sign of life.
const DefaultLivenessTTL = 30 * time.Second

// MinLivenessTTL is the shortest: the server raises shorter ones to its marker's.
const MinLivenessTTL = 3 * time.Second

// DefaultLinger is how long a busy writer waits for company.
const DefaultLinger = 25 * time.Millisecond

// Config is optional.
type Config struct {
	// LivenessTTL defaults to [DefaultLivenessTTL].
	LivenessTTL time.Duration
	// Linger of a busy writer of the normal class; default [DefaultLinger], negative for none. Urgent operations never linger.
	Linger time.Duration
	// Metrics gets the sizes and times of what is written; nil for nobody.
	Metrics *metric.Registry
}

// Holder is one executor process in the ledger. Its methods are safe for concurrent use; they need [Holder.Run] running.
type Holder struct {
	conn     *bus.Conn
	log      zerolog.Logger
	ttl      time.Duration
	self     contract.Executor
	record   atomic.Pointer[[]byte]
	attempts atomic.Uint64
	since    atomic.Int64 // when signs began to come without a gap, as lastSign
	lastSign atomic.Int64 // wall clock, unix nanoseconds: a suspended machine must not believe that no time passed
	writers  map[contract.Class]*writer
}

// NewHolder makes a holder. It does no I/O.
func NewHolder(conn *bus.Conn, self contract.Executor, cfg Config, log zerolog.Logger) (*Holder, error) {
	if cfg.LivenessTTL == 0 {
		cfg.LivenessTTL = DefaultLivenessTTL
	}
	if cfg.LivenessTTL < MinLivenessTTL {
		return nil, fmt.Errorf("liveness_ttl %s is under %s", cfg.LivenessTTL, MinLivenessTTL)
	}
	if cfg.Linger == 0 {
		cfg.Linger = DefaultLinger
	}
	h := &Holder{conn: conn, log: log, ttl: cfg.LivenessTTL, self: self}
	h.writers = map[contract.Class]*writer{
		contract.Urgent: newWriter(conn, h, 0, newMeters(cfg.Metrics, contract.Urgent), log),
		contract.Normal: newWriter(conn, h, cfg.Linger, newMeters(cfg.Metrics, contract.Normal), log),
	}
	return h, h.setRecord(self)
}

func (h *Holder) setRecord(e contract.Executor) error {
	data, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encoding the executor's record: %w", err)
	}
	h.record.Store(&data)
	return nil
}

// Incarnation is the holder's name in the ledger.
func (h *Holder) Incarnation() string { return h.self.Incarnation }

// Run keeps the holder alive in the ledger and writes what the other methods hand in, until ctx ends. It then removes
// the liveness key, so that what is left is recovered at once.
func (h *Holder) Run(ctx context.Context) error {
	g, gctx := errgroup.WithContext(ctx)
	for _, w := range h.writers {
		g.Go(func() error { return w.run(gctx) })
	}
	g.Go(func() error { return h.keepAlive(gctx) })
	err := g.Wait()
	leave, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if _, leaveErr := h.conn.Publish(leave, bus.Message{Subject: Subject(contract.ExecutorKey(h.Incarnation())), Purge: true}); leaveErr != nil {
		h.log.Warn().Err(leaveErr).Msg("the liveness key stays until it expires")
	}
	return err
}

func (h *Holder) keepAlive(ctx context.Context) error {
	for {
		wait := h.ttl / 3
		asked := time.Now()
		if _, err := h.conn.Publish(ctx, h.liveness()); err == nil {
			h.renewed(asked)
		} else if ctx.Err() == nil {
			h.log.Warn().Err(err).Msg("renewing the liveness key failed; trying again")
			wait = min(wait, 500*time.Millisecond)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// Drain tells the scheduler that the holder takes no more tasks.
func (h *Holder) Drain(ctx context.Context) error {
	self := h.self
	self.Draining = true
	if err := h.setRecord(self); err != nil {
		return err
	}
	_, err := h.conn.Publish(ctx, h.liveness())
	return err
}

func (h *Holder) liveness() bus.Message {
	return bus.Message{Subject: Subject(contract.ExecutorKey(h.Incarnation())), Data: *h.record.Load(), TTL: h.ttl}
}

// renewed notes a sign of life. at is from before it was sent: between the write and its answer the process may have been
// stopped for longer than the TTL.
func (h *Holder) renewed(at time.Time) {
	for sign := at.UnixNano(); ; {
		last := h.lastSign.Load()
		if last >= sign {
			return
		}
		if time.Duration(sign-last) > h.surely() {
			h.since.Store(sign) // before the sign itself: nobody may see the one without the other
		}
		if h.lastSign.CompareAndSwap(last, sign) {
			return
		}
	}
}

// surely is for how long after a sign of life the holder is believed alive by everybody.
func (h *Holder) surely() time.Duration { return h.ttl - h.ttl/4 }

// AliveSince is since when the holder has surely been believed alive without a break, if it is now ([Holder.Ready]). What it
// has that only the living may have, such as idle sessions on devices, is not to be relied on from before.
func (h *Holder) AliveSince() time.Time { return time.Unix(0, h.since.Load()) }

// aliveUntil is until when the holder is surely believed alive.
func (h *Holder) aliveUntil() time.Time {
	return time.Unix(0, h.lastSign.Load()).Add(h.surely())
}

// Ready returns an error when the holder has not given a sign of life for so long that others may take it for dead.
func (h *Holder) Ready() error {
	if time.Now().After(h.aliveUntil()) {
		return errors.New("ledger: no sign of life could be written for a while")
	}
	return nil
}

// Claim claims the attempt that the message releases. commands are what the record shows (redacted); exclusiveUntil is
// when the attempt has stopped touching the device, whatever happens. Errors: see errors.go.
func (h *Holder) Claim(ctx context.Context, t *contract.Task, commands []string, exclusiveUntil time.Time) (*Lease, error) {
	if t.GateSeq == 0 {
		// To expect that nothing was ever written would hold for a job without a gate.
		return nil, fmt.Errorf("claiming task %s: %w", t.Key().ID(), ErrGateClosed)
	}
	o, err := h.claim(t, t.Attempt, commands, exclusiveUntil)
	if err != nil {
		return nil, err
	}
	o.taskSeq, o.deviceSeq, o.gateSeq = t.TaskSeq, t.DeviceSeq, t.GateSeq
	o.sessions = others(t.Sessions, h.Incarnation())
	lease, err := h.grant(ctx, t, o)
	if errors.Is(err, ErrDeviceBusy) {
		return nil, h.postpone(ctx, t)
	}
	return lease, err
}

func (h *Holder) claim(t *contract.Task, attempt int, commands []string, until time.Time) (*operation, error) {
	key := t.Key()
	record := h.newRecord(key, contract.Claimed, attempt)
	record.Claim = &contract.Claim{
		Principal: t.Principal, Commands: commands, Address: t.Target.Address, Platform: t.Target.Platform,
		Credential: t.Target.Credential, Jump: t.Target.Options.Jump, Repeatable: t.Repeatable, ClaimedAt: time.Now().UTC(), ExclusiveUntil: until.UTC(),
	}
	o, err := newOperation(key, record)
	if err != nil {
		return nil, err
	}
	o.claims = true
	o.lease = &contract.DeviceLease{Holder: h.Incarnation(), TaskID: key.ID(), AttemptID: record.AttemptID, ExclusiveUntil: until.UTC()}
	return o, nil
}

func (h *Holder) grant(ctx context.Context, t *contract.Task, o *operation) (*Lease, error) {
	v, err := h.writers[t.Class].do(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("claiming task %s: %w", o.key.ID(), err)
	}
	return &Lease{
		holder: h, class: t.Class, key: o.key, record: o.record, taskSeq: v.taskSeq, deviceSeq: v.deviceSeq, sessions: v.sessions,
	}, nil
}

func (h *Holder) newRecord(key contract.TaskKey, s contract.RecordState, attempt int) contract.TaskRecord {
	return contract.TaskRecord{
		State: s, JobID: key.Job, Phase: key.Phase, DeviceID: key.Device, Site: key.Site, Attempt: attempt,
		AttemptID: h.Incarnation() + "/" + strconv.FormatUint(h.attempts.Add(1), 10), Holder: h.Incarnation(),
	}
}

// deviceBusyDelay is how long a task whose device was leased waits at least.
const deviceBusyDelay = 200 * time.Millisecond

// postpone records that the task is to be released again: the scheduler did not know that the device is leased.
func (h *Holder) postpone(ctx context.Context, t *contract.Task) error {
	record := h.newRecord(t.Key(), contract.Retry, t.Attempt-1)
	record.Retry = &contract.Delay{Reason: "the device is busy with another task", NotBefore: time.Now().Add(deviceBusyDelay).UTC()}
	o, err := newOperation(t.Key(), record)
	if err != nil {
		return err
	}
	o.keepDevice, o.claims = true, true
	o.taskSeq, o.gateSeq = t.TaskSeq, t.GateSeq
	if _, err := h.writers[t.Class].do(ctx, o); err != nil {
		return fmt.Errorf("postponing task %s: %w", t.Key().ID(), err)
	}
	return ErrDeviceBusy
}
