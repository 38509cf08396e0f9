// Package writer is the audit's single writer: it follows the sources from where the log says that they are recorded, and
// appends to the log.
//
// Several may run. What keeps the log whole is not an election but the stream: an append expects the sequence that it
// was made for, so of two writers one is refused. The one that is refused stands by until the log has been quiet for a
// while, reads the head again, and goes on from there. Nothing is recorded twice, because the head itself says what is
// recorded; nothing is left out, because a source is followed from its cursor without a gap, or the gap is recorded.
package writer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/servicekit/metric"
	"github.com/netrust/netrust/services/audit/internal/chain"
	"github.com/netrust/netrust/services/audit/internal/source"
)

// Config is how the writer works.
type Config struct {
	// Linger is how long records are collected for one batch.
	Linger time.Duration
	// Takeover is how long the log must be quiet before a writer that stands by writes again.
	Takeover time.Duration
	// Metrics may be nil.
	Metrics *metric.Registry
}

// waiting bounds the messages that are read and not written yet.
const waiting = 2048

// retryAfter is the pause after a failure.
const retryAfter = 500 * time.Millisecond

// Writer is one writer.
type Writer struct {
	conn *bus.Conn
	cfg  Config
	log  zerolog.Logger

	records, batches, interrupted metric.Counter
	standing                      metric.Gauge

	mu     sync.Mutex
	status Status
}

// Status is how a writer is.
type Status struct {
	// Standby says that another one writes.
	Standby bool
	// Seq is the last record that this one has seen or written.
	Seq uint64
	// Failed is the error of the last try, nil after a success.
	Failed error
}

// New makes a writer.
func New(conn *bus.Conn, cfg Config, log zerolog.Logger) *Writer {
	return &Writer{
		conn: conn, cfg: cfg, log: log, status: Status{Failed: errors.New("not started")},
		records:     cfg.Metrics.Counter("netrust_audit_records_total", "Records appended to the audit log by this process."),
		batches:     cfg.Metrics.Counter("netrust_audit_batches_total", "Writes that these took."),
		interrupted: cfg.Metrics.Counter("netrust_audit_interruptions_total", "How often writing was interrupted by an error, not by another writer."),
		standing:    cfg.Metrics.Gauge("netrust_audit_standby", "1 while another process writes the audit log."),
	}
}

// Status says how the writer is. Safe for concurrent use.
func (w *Writer) Status() Status {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.status
}

func (w *Writer) set(change func(*Status)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.status)
}

// Run writes, or stands by, until ctx ends; it returns ctx's error.
func (w *Writer) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		err := w.write(ctx)
		switch {
		case ctx.Err() != nil:
		case errors.Is(err, bus.ErrConflict):
			w.log.Info().Msg("another audit writes; this one stands by")
			w.standby(ctx)
		default:
			// The head says what stands of a write without an answer.
			w.log.Warn().Err(err).Msg("writing the audit log is interrupted; trying again")
			w.set(func(s *Status) { s.Failed = err })
			w.interrupted.Inc()
			pause(ctx, retryAfter)
		}
	}
	return ctx.Err()
}

// standby returns when the log has been quiet for a while, or ctx ends.
func (w *Writer) standby(ctx context.Context) {
	w.set(func(s *Status) { s.Standby, s.Failed = true, nil })
	defer w.set(func(s *Status) { s.Standby = false })
	w.standing.Set(1)
	defer w.standing.Set(0)
	var last uint64
	quiet := time.Now()
	for ctx.Err() == nil && time.Since(quiet) < w.cfg.Takeover {
		pause(ctx, w.cfg.Takeover/5)
		state, err := w.conn.State(ctx, contract.StreamAudit)
		if err != nil {
			quiet = time.Now() // NATS is away: for the other one, too
			continue
		}
		if state.LastSeq != last {
			last, quiet = state.LastSeq, time.Now()
		}
	}
}

// head reads where the log stands.
func (w *Writer) head(ctx context.Context) (chain.Head, error) {
	state, err := w.conn.State(ctx, contract.StreamAudit)
	if err != nil || state.LastSeq == 0 {
		return chain.Empty(), err
	}
	last, err := w.conn.Range(ctx, contract.StreamAudit, state.LastSeq, 1)
	if err != nil {
		return chain.Head{}, err
	}
	if len(last) == 0 {
		return chain.Head{}, fmt.Errorf("the audit log ends at %d, and that record is not there: it was deleted; restore the stream", state.LastSeq)
	}
	return chain.Open(last[0].Seq, last[0].Data)
}

// write follows the sources from the head, and appends what they say, until something fails.
func (w *Writer) write(ctx context.Context) error {
	head, err := w.head(ctx)
	if err != nil {
		return err
	}
	w.set(func(s *Status) { s.Seq = head.Seq })
	items := make(chan chain.Item, waiting)
	r := &reader{conn: w.conn, items: items, moved: make(chan struct{})}
	var followers []*follower
	for _, s := range source.Sources() {
		f, err := r.prepare(ctx, s, &head)
		if err != nil {
			return err
		}
		followers = append(followers, f)
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, f := range followers { // which share what was prepared
		group.Go(func() error { return f.run(ctx) })
	}
	group.Go(func() error { return w.append(ctx, head, items) })
	w.set(func(s *Status) { s.Failed = nil })
	w.log.Info().Uint64("after", head.Seq).Msg("this audit writes the log")
	return group.Wait()
}

// append writes what comes, in batches. While one is being written, the next collects.
func (w *Writer) append(ctx context.Context, head chain.Head, items <-chan chain.Item) error {
	var batch []chain.Item
	for {
		if len(batch) == 0 {
			select {
			case i := <-items:
				batch = append(batch, i)
			case <-ctx.Done():
				return ctx.Err()
			}
			if len(items) < waiting/2 {
				pause(ctx, w.cfg.Linger)
			}
		}
		for more := true; more && len(batch) < waiting; {
			select {
			case i := <-items:
				batch = append(batch, i)
			default:
				more = false
			}
		}
		taken, next, err := w.store(ctx, head, batch)
		if err != nil {
			return err
		}
		head, batch = next, batch[taken:]
	}
}

// store appends what goes together of the items.
func (w *Writer) store(ctx context.Context, head chain.Head, items []chain.Item) (taken int, next chain.Head, err error) {
	records, next, taken, err := head.Extend(items)
	if err != nil || len(records) == 0 {
		return taken, next, err
	}
	messages := make([]bus.Message, len(records))
	for i, r := range records {
		messages[i] = bus.Message{Subject: r.Subject, Type: contract.TypeAuditRecord, ID: r.ID, Data: r.Data}
	}
	messages[0].ExpectLast = bus.Seq(head.Seq)
	last, err := w.conn.PublishBatch(ctx, messages)
	if err != nil {
		return 0, head, fmt.Errorf("appending audit records %d to %d: %w", head.Seq+1, next.Seq, err)
	}
	if last != next.Seq {
		return 0, head, fmt.Errorf("audit record %d was stored as %d: something else than this audit writes to the stream", next.Seq, last)
	}
	w.set(func(s *Status) {
		s.Seq, s.Failed = last, nil
	})
	w.records.Add(float64(len(records)))
	w.batches.Inc()
	return taken, next, nil
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
