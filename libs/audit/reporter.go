package audit

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
)

const (
	// queueLength bounds the reports that wait for NATS.
	queueLength = 4096
	// recordWithin bounds how long [Reporter.Record] keeps its caller waiting.
	recordWithin = 2 * time.Second
	// drainWithin bounds how long the queue is written after the end.
	drainWithin = 3 * time.Second
	retryAfter  = 500 * time.Millisecond
)

// publisher is what a reporter needs of the bus.
type publisher interface {
	Publish(ctx context.Context, m bus.Message) (uint64, error)
}

// Reporter reports to the audit for one service. Safe for concurrent use.
type Reporter struct {
	conn    publisher
	service string
	log     zerolog.Logger
	now     func() time.Time

	queue   chan bus.Message
	lost    atomic.Uint64 // not reported as a gap yet
	dropped atomic.Uint64 // since the start
}

// NewReporter makes a reporter. Reports wait until [Reporter.Run] works.
func NewReporter(conn publisher, service string, log zerolog.Logger) *Reporter {
	return &Reporter{conn: conn, service: service, log: log, now: time.Now, queue: make(chan bus.Message, queueLength)}
}

// Report hands an event over without waiting. At and the actor's service are filled in where they are empty; the event is
// cleaned ([Clean]).
func (r *Reporter) Report(e contract.AuditEvent) {
	m, err := r.message(e)
	if err != nil {
		r.log.Error().Err(err).Str("kind", e.Kind).Msg("a report to the audit cannot be written")
		r.drop()
		return
	}
	r.enqueue(m)
}

// Record waits until the event is stored, for two seconds at most. What could not be stored by then waits in the queue, and
// the error says why; the caller goes on.
func (r *Reporter) Record(ctx context.Context, e contract.AuditEvent) error {
	m, err := r.message(e)
	if err != nil {
		r.drop()
		return err
	}
	// The caller's own end (a client that hangs up) is no reason to leave it out.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	if _, err := r.conn.Publish(ctx, m); err != nil {
		r.log.Warn().Err(err).Str("kind", e.Kind).Msg("a report to the audit could not be stored in time; it waits")
		r.enqueue(m) // its id lets the stream drop it, should it stand already
		return fmt.Errorf("reporting %s to the audit: %w", e.Kind, err)
	}
	return nil
}

// Waiting is how many reports wait, and Dropped how many the queue could not hold since the start.
func (r *Reporter) Waiting() int { return len(r.queue) }

// Dropped is how many reports were lost since the start. They are reported as gaps.
func (r *Reporter) Dropped() uint64 { return r.dropped.Load() }

func (r *Reporter) enqueue(m bus.Message) {
	select {
	case r.queue <- m:
	default:
		r.log.Error().Str("subject", m.Subject).Msg("too many reports to the audit wait: one is lost, and will be counted as a gap")
		r.drop()
	}
}

func (r *Reporter) drop() {
	r.lost.Add(1)
	r.dropped.Add(1)
}

func (r *Reporter) message(e contract.AuditEvent) (bus.Message, error) {
	if e.At.IsZero() {
		e.At = r.now()
	}
	e.At = e.At.UTC()
	if e.Actor.Service == "" {
		e.Actor.Service = r.service
	}
	data, err := json.Marshal(Clean(e))
	if err != nil {
		return bus.Message{}, fmt.Errorf("encoding a report of %s: %w", e.Kind, err)
	}
	return bus.Message{
		Subject: contract.IntakeSubject(r.service), Type: contract.TypeAuditEvent, ID: r.service + "/" + rand.Text(), Dedup: true, Data: data,
	}, nil
}

// Run stores what is reported until ctx ends, and then what waits, for three seconds at most.
func (r *Reporter) Run(ctx context.Context) error {
	for {
		select {
		case m := <-r.queue:
			if !r.store(ctx, m) {
				r.drain(ctx, m)
				return ctx.Err()
			}
		case <-ctx.Done():
			r.drain(ctx)
			return ctx.Err()
		}
	}
}

// drain stores what was in hand and what waits, after the end of ctx.
func (r *Reporter) drain(ctx context.Context, inHand ...bus.Message) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainWithin)
	defer cancel()
	for {
		for i, m := range inHand {
			if !r.store(ctx, m) {
				r.log.Error().Int("lost", len(inHand)-i+len(r.queue)).Msg("NATS takes no reports to the audit: those that waited are lost")
				return
			}
		}
		select {
		case m := <-r.queue:
			inHand = []bus.Message{m}
		default:
			return
		}
	}
}

// store tries until the report is stored, or refused for good. It reports false when ctx ended before.
func (r *Reporter) store(ctx context.Context, m bus.Message) bool {
	for {
		_, err := r.conn.Publish(ctx, m)
		if err == nil {
			r.gap(ctx)
			return true
		}
		var refused *bus.ServerError
		if errors.As(err, &refused) && !refused.Storage() {
			r.log.Error().Err(err).Msg("NATS refuses a report to the audit; it is lost")
			r.drop()
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(retryAfter):
		}
	}
}

// gap reports how many reports were lost while none could be stored.
func (r *Reporter) gap(ctx context.Context) {
	n := r.lost.Swap(0)
	if n == 0 {
		return
	}
	m, err := r.message(contract.AuditEvent{
		Kind: contract.AuditLogGap, Outcome: contract.AuditFailed, Count: int(n),
		Reason:     strconv.FormatUint(n, 10) + " reports of the " + r.service + " were lost: NATS did not take them, and its queue was full",
		Parameters: map[string]string{"reporter": r.service},
	})
	if err == nil {
		_, err = r.conn.Publish(ctx, m)
	}
	if err != nil {
		r.lost.Add(n)
	}
}
