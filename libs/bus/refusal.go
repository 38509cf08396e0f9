package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	// stateLife is how long a word of the server counts: it speaks every second.
	stateLife = 5 * time.Second
	// failureLife is how long a write without an answer makes the connection not ready, unless one succeeds before.
	failureLife = 10 * time.Second
)

// refusal is what a connection knows about whether writes are taken.
type refusal struct {
	said   atomic.Pointer[heard]
	failed atomic.Pointer[heard]
}

type heard struct {
	what string
	at   time.Time
}

func (h *heard) within(d time.Duration) bool { return h != nil && time.Since(h.at) < d }

// listen follows what an embedded server says. Others say nothing.
func (c *Conn) listen() error {
	_, err := c.nc.Subscribe(stateSubject, func(msg *nats.Msg) {
		var s serverState
		if err := json.Unmarshal(msg.Data, &s); err == nil {
			c.refusal.said.Store(&heard{s.Refuses, time.Now()})
		}
	})
	if err != nil {
		return fmt.Errorf("listening to the state of NATS: %w", err)
	}
	return nil
}

// refused returns an error that is [ErrNoWrites] while the server has said that it takes none.
func (c *Conn) refused() error {
	if s := c.refusal.said.Load(); s.within(stateLife) && s.what != "" {
		return fmt.Errorf("%w: %s", ErrNoWrites, s.what)
	}
	return nil
}

// noteWrite remembers how the last write ended, for [Conn.Ready]. What the caller gave up says nothing about the server.
func (c *Conn) noteWrite(ctx context.Context, err error) {
	var refused *ServerError
	var denied *DeniedError
	switch {
	case err == nil, errors.Is(err, ErrConflict): // it was decided by a server that writes
		c.refusal.failed.Store(nil)
	case errors.As(err, &denied), errors.Is(err, ErrUnknownOutcome) && ctx.Err() == nil, errors.As(err, &refused) && refused.Storage():
		c.refusal.failed.Store(&heard{err.Error(), time.Now()})
	}
}

// writable is nil when the server has not refused a write lately, nor left one without an answer.
func (c *Conn) writable() error {
	if err := c.refused(); err != nil {
		return err
	}
	if f := c.refusal.failed.Load(); f.within(failureLife) {
		return fmt.Errorf("the last write failed %s ago (%s); if that names no cause: is the server's disk full?", time.Since(f.at).Round(time.Second), f.what)
	}
	return nil
}
