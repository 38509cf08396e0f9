// Package feed follows the streams and folds them into the view.
//
// It follows JOBS and the ledger at once, each in order from where the view's cursor stands, and hands both to one writer
// that commits in batches bounded by number, bytes and age. A job's end is held back until every record of its tasks is in
// the view, so that who sees a job ended also sees all its results. What cannot be folded (a message of a version that this
// process does not know) is logged and passed over; what cannot be written (a full disk) or read (a lost NATS) is tried
// again until it can, and [Feed.Ready] says so meanwhile.
package feed

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/servicekit/metric"
	"github.com/netrust/netrust/services/gateway/internal/view"
)

// retryAfter is the pause before something that failed is tried again.
const retryAfter = 500 * time.Millisecond

// Feed folds the streams into one view.
type Feed struct {
	conn     *bus.Conn
	view     *view.View
	log      zerolog.Logger
	maxBytes int64
	lag      *metric.Gauges

	items    chan item           // of this round
	room     *semaphore.Weighted // bytes that may be on their way in this round
	caughtUp atomic.Int32        // streams folded up to what they held at the start, of streamCount
	urgent   sync.Map            // ids of urgent jobs that have not ended, as far as this process has seen them submitted
	mu       sync.Mutex
	failing  error // why the newest attempt to write or to begin failed
}

const streamCount = 2

// trimEvery is how often the view's size is looked at.
const trimEvery = 10 * time.Second

// New makes a feed; [Feed.Run] starts it. maxBytes bounds the view's file.
func New(conn *bus.Conn, v *view.View, maxBytes int64, r *metric.Registry, log zerolog.Logger) *Feed {
	f := &Feed{conn: conn, view: v, maxBytes: maxBytes, log: log,
		lag: r.Gauges("netrust_gateway_view_lag_messages", "Messages of a stream that the read view does not show yet.", "stream")}
	r.GaugeFunc("netrust_gateway_view_ready", "1 when the read view shows what the streams held at its start, and can be written.", func() float64 {
		if f.Ready() != nil {
			return 0
		}
		return 1
	})
	return f
}

// Run folds until ctx ends, and then returns nil.
func (f *Feed) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		err := f.once(ctx)
		switch {
		case ctx.Err() != nil:
		case errors.Is(err, bus.ErrStreamReset):
			f.log.Warn().Err(err).Msg("a stream was made anew; the view is folded again")
		default:
			f.fail(err)
			f.log.Warn().Err(err).Msg("the view cannot follow the streams; trying again")
			pause(ctx)
		}
	}
	return nil
}

// Ready returns nil when the view shows at least what the streams held when the feed started, and can be written.
func (f *Feed) Ready() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failing != nil {
		return f.failing
	}
	if f.caughtUp.Load() < streamCount {
		return errors.New("the view is still being folded from the log")
	}
	return nil
}

func (f *Feed) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failing = err
}

// once follows both streams from the view's cursors until one fails.
func (f *Feed) once(ctx context.Context) error {
	f.caughtUp.Store(0)
	f.items, f.room = make(chan item, queueLength), semaphore.NewWeighted(queueBytes)
	if err := f.adopt(ctx); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return f.writeAll(ctx) })
	group.Go(func() error {
		return f.follow(ctx, contract.StreamJobs, []string{contract.JobCommandFilter, contract.JobEventFilter}, f.jobMessage)
	})
	group.Go(func() error {
		return f.follow(ctx, view.LedgerStream, []string{bus.KVSubject(contract.BucketExec, contract.TaskRecords)}, f.ledgerMessage)
	})
	group.Go(func() error { return f.olderJobs(ctx) })
	group.Go(func() error { return f.trim(ctx) })
	return group.Wait()
}

// adopt checks that the view continues the streams as they are now, and empties it otherwise.
func (f *Feed) adopt(ctx context.Context) error {
	for range 2 {
		complete := true
		for _, stream := range []string{contract.StreamJobs, view.LedgerStream} {
			s, err := f.conn.State(ctx, stream)
			if err != nil {
				return fmt.Errorf("beginning to fold: %w", err)
			}
			ok, err := f.view.Adopt(ctx, stream, s.Created, s.FirstSeq, s.LastSeq)
			if err != nil {
				return err
			}
			complete = complete && ok
		}
		if complete {
			return nil
		}
		f.log.Info().Msg("the view does not continue the log; folding it again from the start")
		if err := f.view.Reset(ctx); err != nil {
			return err
		}
	}
	return errors.New("the streams change while the view begins to fold them")
}

func (f *Feed) follow(ctx context.Context, stream string, filters []string, handle func(context.Context, bus.Stored) error) error {
	from, err := f.view.Cursor(ctx, stream)
	if err != nil {
		return err
	}
	lag := f.lag.WithLabelValues(stream)
	lag.Set(0)
	return f.conn.Follow(ctx, bus.FollowConfig{
		Stream: stream, Filters: filters, FromSeq: from + 1,
		CaughtUp: func() { f.push(ctx, item{done: func() { f.caughtUp.Add(1) }}) }, //nolint:errcheck // fails with ctx only, as what follows does
	}, func(s bus.Stored) error {
		lag.Set(float64(s.Behind) + 1)
		if err := handle(ctx, s); err != nil || s.Behind > 0 {
			return err
		}
		return f.push(ctx, item{done: func() { lag.Set(0) }}) // once it is written
	})
}

// olderJobs adds the jobs that the log no longer tells of from their summaries.
func (f *Feed) olderJobs(ctx context.Context) error {
	oldest := time.Now()
	first, err := f.conn.FirstFor(ctx, contract.StreamJobs, ">")
	switch {
	case err == nil:
		oldest = first.Time
	case !errors.Is(err, bus.ErrNotFound):
		return fmt.Errorf("looking for the oldest job: %w", err)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	err = f.conn.Follow(ctx, bus.FollowConfig{
		Stream: bus.KVStream(contract.BucketJobs), Filters: []string{bus.KVSubject(contract.BucketJobs, contract.JobSummaries)}, LastPerSubject: true, CaughtUp: stop,
	}, func(s bus.Stored) error { return f.summary(ctx, s, oldest) })
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// trim keeps the view's file within its bound.
func (f *Feed) trim(ctx context.Context) error {
	tick := time.NewTicker(trimEvery)
	defer tick.Stop()
	for {
		dropped, err := f.view.Trim(ctx, f.maxBytes)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			f.log.Warn().Err(err).Msg("the view cannot be trimmed; trying again")
		case dropped > 0:
			f.log.Info().Int("jobs", dropped).Msg("the view is full: results of the oldest jobs are dropped from it")
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func pause(ctx context.Context) {
	t := time.NewTimer(retryAfter)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
