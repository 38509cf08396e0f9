// Package leader lets one scheduler lead at a time, by a key that expires with its holder.
//
// It promises liveness only: a deposed leader may believe for a moment that it leads. What it writes then is refused
// by the expectations that every write of the scheduler carries, or is harmless (a task released twice).
package leader

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/kvstore"
)

// Election is one scheduler's part in it.
type Election struct {
	bucket *kvstore.Bucket[contract.Leader]
	self   contract.Leader
	ttl    time.Duration
	log    zerolog.Logger
}

// New makes an election. ttl is how long a leader that died is still believed in: whole seconds.
func New(conn *bus.Conn, self contract.Leader, ttl time.Duration, log zerolog.Logger) *Election {
	return &Election{bucket: kvstore.Open[contract.Leader](conn, contract.BucketJobs), self: self, ttl: ttl, log: log}
}

// Run waits to become the leader, calls lead, and ends lead's context when the leadership is lost; then it waits again.
// It returns when ctx ends, giving the leadership up.
func (e *Election) Run(ctx context.Context, lead func(context.Context) error) error {
	for {
		rev, err := e.acquire(ctx)
		if err != nil {
			return err
		}
		e.log.Info().Msg("this scheduler leads")
		err = e.term(ctx, rev, lead)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		e.log.Warn().Err(err).Msg("this scheduler no longer leads")
	}
}

// acquire waits until the key is free and takes it.
func (e *Election) acquire(ctx context.Context) (uint64, error) {
	for {
		rev, err := e.bucket.Create(ctx, contract.SchedulerLeaderKey, e.self, e.ttl)
		if err == nil {
			return rev, nil
		}
		if !errors.Is(err, bus.ErrConflict) && ctx.Err() == nil {
			e.log.Warn().Err(err).Msg("asking for the leadership failed; trying again")
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(e.ttl / 10):
		}
	}
}

// term leads for as long as the key can be renewed.
func (e *Election) term(ctx context.Context, rev uint64, lead func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan error, 1)
	go func() { done <- lead(ctx) }()
	renewed := time.Now()
	ticker := time.NewTicker(e.ttl / 4)
	defer ticker.Stop()
	for {
		select {
		case err := <-done:
			e.resign(ctx, rev)
			return err
		case <-ticker.C:
		}
		asked := time.Now() // the key's time runs from before the answer
		next, err := e.bucket.Update(ctx, contract.SchedulerLeaderKey, e.self, rev, e.ttl)
		switch {
		case err == nil:
			rev, renewed = next, asked
		case errors.Is(err, bus.ErrConflict):
			rev, err = e.mine(ctx)
		}
		if err != nil && (errors.Is(err, errNotMine) || time.Since(renewed) > e.ttl*3/4) {
			cancel(fmt.Errorf("the leadership could not be renewed: %w", err))
			return errors.Join(context.Cause(ctx), <-done)
		}
	}
}

var errNotMine = errors.New("another scheduler leads")

// mine looks whether a renewal whose answer was lost stands.
func (e *Election) mine(ctx context.Context) (uint64, error) {
	entry, err := e.bucket.Get(ctx, contract.SchedulerLeaderKey)
	if err == nil && entry.Value.Incarnation != e.self.Incarnation || errors.Is(err, bus.ErrNotFound) {
		return 0, errNotMine
	}
	return entry.Revision, err
}

func (e *Election) resign(ctx context.Context, rev uint64) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := e.bucket.Delete(ctx, contract.SchedulerLeaderKey, rev); err != nil {
		e.log.Debug().Err(err).Msg("the leadership expires by itself")
	}
}
