package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/netrust/netrust/libs/servicekit/metric"
)

// FollowConfig says what to follow.
type FollowConfig struct {
	Stream string
	// Filters are subjects of the stream; empty for all of it.
	Filters []string
	// FromSeq is the first sequence wanted; 0 and 1 mean the start.
	FromSeq uint64
	// LastPerSubject begins with the newest message of each subject instead of the whole history.
	LastPerSubject bool
	// CaughtUp, when set, is called once, when everything that was stored at the start has been given to the handler.
	CaughtUp func()
	// Idle, when set, is called whenever no further message is waiting: the moment to flush what was collected.
	Idle func() error
}

// ErrStreamReset says that the stream was made anew and no longer knows the sequences that were followed: what was built
// from it must be built again.
var ErrStreamReset = errors.New("the stream was made anew")

// Follow hands every message of the stream, in order and without a gap, to the handler, from FromSeq on until ctx ends
// (it then returns ctx's error) or the handler fails (it then returns that error). It survives reconnects, and rebuilds
// its consumer when that stalls while messages wait.
func (c *Conn) Follow(ctx context.Context, cfg FollowConfig, handle func(Stored) error) error {
	c.meters.rebuilt.WithLabelValues(c.meters.service, cfg.Stream)
	f := &follower{conn: c, cfg: cfg, handle: handle, next: max(cfg.FromSeq, 1), newest: cfg.LastPerSubject,
		behind: c.meters.behind.WithLabelValues(c.meters.service, cfg.Stream)}
	for {
		err := f.run(ctx)
		if f.consumed != "" {
			f.newest = false // what is left of the newest of each subject lies behind what was given
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, new(*handlerError)):
			return errors.Unwrap(err)
		case errors.Is(err, ErrStreamReset):
			return err
		case errors.Is(err, errSwitch), errors.Is(err, errReconnected):
			continue
		}
		c.meters.rebuilt.WithLabelValues(c.meters.service, cfg.Stream).Inc()
		c.log.Warn().Err(err).Str("stream", cfg.Stream).Uint64("next_seq", f.next).Msg("following is interrupted; trying again")
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// handlerError carries the handler's own error out of the loop.
type handlerError struct{ err error }

func (e *handlerError) Error() string { return e.err.Error() }
func (e *handlerError) Unwrap() error { return e.err }

type follower struct {
	conn     *Conn
	cfg      FollowConfig
	handle   func(Stored) error
	next     uint64
	behind   metric.Gauge
	newest   bool // the newest of each subject is still being read
	caughtUp bool
	created  time.Time // of the stream: one that was made anew has another
	stored   uint64    // the stream's last sequence at the start
	consumed string    // the consumer that gave the newest message
	taken    uint64    // that message's number in it
	missed   uint64    // how many it had sent when fewer had come, at the last look
}

// errSwitch ends a consumer that reads the newest of each subject. A plain one goes on from there, and decides when all is
// read, for two reasons. As long as one of the first kind exists, every purge of a key makes the server count all subjects
// again (measured: 5,000 tasks per second fell to 600). And the server (2.15.2) takes an older message that expires for
// one of those that wait: it says too early that none is left, or never sends the last ones.
var errSwitch = errors.New("the newest of each subject is read")

// run follows with one ordered consumer until it fails, or until the connection is a new one: left to itself, the client
// library makes its consumer anew after waits that grow, and a follower was blind for ten seconds after two restarts of the
// server (measured).
func (f *follower) run(ctx context.Context) error {
	on, done := f.conn.renewal.context(ctx)
	defer done()
	err := f.runOn(on)
	if ctx.Err() == nil && errors.Is(err, context.Canceled) && errors.Is(context.Cause(on), errReconnected) {
		return errReconnected
	}
	return err
}

func (f *follower) runOn(ctx context.Context) error {
	stream, consumer, err := f.consumer(ctx)
	if err != nil {
		return err
	}
	it, err := consumer.Messages(jetstream.PullMaxMessages(512), jetstream.PullExpiry(30*time.Second))
	if err != nil {
		return fmt.Errorf("following stream %s: %w", f.cfg.Stream, err)
	}
	defer it.Stop()
	if info := consumer.CachedInfo(); info != nil && info.NumPending == 0 {
		if f.newest {
			// Nothing matches; the plain consumer begins before that look, and misses nothing.
			f.next = stream.CachedInfo().State.LastSeq + 1
			return f.plain()
		}
		if err := f.idle(); err != nil {
			return err
		}
	}
	for {
		msg, err := nextWithin(ctx, it, f.patience())
		switch {
		case err == nil:
			if err := f.take(msg); err != nil {
				return err
			}
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, context.DeadlineExceeded) && f.newest:
			return f.plain()
		case errors.Is(err, context.DeadlineExceeded):
			if err := f.check(ctx, stream, consumer); err != nil {
				return err
			}
		default:
			return fmt.Errorf("following stream %s: %w", f.cfg.Stream, err)
		}
	}
}

// patience is how long nothing may come before something is done about it: not long where the newest of each subject is
// read, the last of which may not come.
func (f *follower) patience() time.Duration {
	if f.newest {
		return min(f.conn.stallAfter, time.Second)
	}
	return f.conn.stallAfter
}

// plain goes on with a plain consumer.
func (f *follower) plain() error {
	f.newest = false
	return errSwitch
}

func nextWithin(ctx context.Context, it jetstream.MessagesContext, d time.Duration) (jetstream.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return it.Next(jetstream.NextContext(ctx))
}

func (f *follower) consumer(ctx context.Context) (jetstream.Stream, jetstream.Consumer, error) {
	ctx, cancel := bounded(ctx, requestTimeout)
	defer cancel()
	begin := time.Now()
	stream, err := f.conn.js.Stream(ctx, f.cfg.Stream)
	if err != nil {
		return nil, nil, fmt.Errorf("following stream %s: %w", f.cfg.Stream, f.conn.explain(err, begin, "."+f.cfg.Stream))
	}
	if err := f.same(stream.CachedInfo()); err != nil {
		return nil, nil, err
	}
	cfg := jetstream.OrderedConsumerConfig{
		FilterSubjects: f.cfg.Filters,
		DeliverPolicy:  jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:    f.next,
	}
	if f.newest {
		cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverLastPerSubjectPolicy, 0
	}
	consumer, err := stream.OrderedConsumer(ctx, cfg)
	if err != nil {
		return nil, nil, fmt.Errorf("following stream %s: %w", f.cfg.Stream, f.conn.explain(err, begin, "."+f.cfg.Stream))
	}
	return stream, consumer, nil
}

// same refuses a stream that is not the one that was followed so far.
func (f *follower) same(info *jetstream.StreamInfo) error {
	if f.created.IsZero() {
		f.created, f.stored = info.Created, info.State.LastSeq
	}
	if !f.created.Equal(info.Created) || f.next > info.State.LastSeq+1 {
		return fmt.Errorf("following stream %s from %d, its last is %d: %w", f.cfg.Stream, f.next, info.State.LastSeq, ErrStreamReset)
	}
	return nil
}

func (f *follower) take(msg jetstream.Msg) error {
	meta, err := msg.Metadata()
	if err != nil {
		return fmt.Errorf("following stream %s: %w", f.cfg.Stream, err)
	}
	header := nats.Header(msg.Headers())
	f.behind.Set(float64(meta.NumPending))
	err = f.handle(Stored{
		Subject: msg.Subject(), Seq: meta.Sequence.Stream, Time: meta.Timestamp,
		Header: header, Data: msg.Data(), Deleted: deleted(header),
		Behind: meta.NumPending,
	})
	if err != nil {
		return &handlerError{err}
	}
	f.next, f.consumed, f.taken = meta.Sequence.Stream+1, meta.Consumer, meta.Sequence.Consumer
	// Under steady writing there may be more waiting at any time: what was stored at the start has been given all the same.
	end := meta.NumPending == 0 || !f.caughtUp && meta.Sequence.Stream >= f.stored
	switch {
	case end && f.newest:
		return f.plain()
	case end:
		return f.idle()
	}
	return nil
}

// idle notes that nothing more is waiting.
func (f *follower) idle() error {
	if !f.caughtUp {
		f.caughtUp = true
		if f.cfg.CaughtUp != nil {
			f.cfg.CaughtUp()
		}
	}
	if f.cfg.Idle != nil {
		if err := f.cfg.Idle(); err != nil {
			return &handlerError{err}
		}
	}
	return nil
}

// check asks the server whether messages wait that do not come.
func (f *follower) check(ctx context.Context, stream jetstream.Stream, consumer jetstream.Consumer) error {
	ctx, cancel := bounded(ctx, requestTimeout)
	defer cancel()
	info, err := stream.Info(ctx)
	if err != nil {
		return fmt.Errorf("checking stream %s: %w", f.cfg.Stream, err)
	}
	if err := f.same(info); err != nil {
		return err
	}
	ci, err := consumer.Info(ctx)
	if err != nil {
		return fmt.Errorf("checking the consumer on stream %s: %w", f.cfg.Stream, err)
	}
	if ci.NumPending > 0 {
		return fmt.Errorf("the consumer on stream %s stalled with %d messages waiting", f.cfg.Stream, ci.NumPending)
	}
	taken := f.taken
	if ci.Name != f.consumed {
		taken = 0 // a new consumer that has given nothing yet
	}
	if ci.Delivered.Consumer > taken {
		if f.missed != ci.Delivered.Consumer {
			f.missed = ci.Delivered.Consumer // it may be on its way: look again when nothing comes
			return nil
		}
		return fmt.Errorf("the consumer on stream %s has sent %d messages that did not arrive", f.cfg.Stream, ci.Delivered.Consumer-taken)
	}
	if !f.caughtUp {
		// What was waiting has expired or was purged meanwhile: no message will say that it was the last.
		return f.idle()
	}
	return nil
}
