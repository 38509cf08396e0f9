// Package mirror keeps what a stream says in memory, for stores that answer from there.
//
// A store embeds nothing of it: it holds a [State], which locks what the store keeps, says whether all of the stream is known, and wakes
// who waits for a change. What is kept is folded anew when following fails.
package mirror

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
)

// retryAfter is the pause before following is tried again.
const retryAfter = time.Second

// State is how far a mirror is. Its lock guards what the store keeps, too.
type State struct {
	sync.RWMutex
	what     string
	changed  chan struct{}
	caughtUp bool
	lost     error
}

// New makes a state; what names the mirrored in errors: "the tokens".
func New(what string) *State { return &State{what: what, changed: make(chan struct{})} }

// Follow folds the stream until ctx ends, and then returns nil. Before each beginning it calls restart, with the lock held, to empty what
// is kept; take gets the messages, without the lock. It is called once.
func (s *State) Follow(ctx context.Context, conn *bus.Conn, log zerolog.Logger, cfg bus.FollowConfig, restart func(), take func(bus.Stored) error) error {
	cfg.CaughtUp = s.ready
	for ctx.Err() == nil {
		s.Lock()
		s.caughtUp = false
		restart()
		s.Unlock()
		err := conn.Follow(ctx, cfg, take)
		if ctx.Err() != nil {
			break
		}
		s.Lock()
		s.lost = err
		s.Unlock()
		log.Error().Err(err).Msg("following " + s.what + " failed; trying again")
		select {
		case <-ctx.Done():
		case <-time.After(retryAfter):
		}
	}
	return nil
}

func (s *State) ready() {
	s.Lock()
	defer s.Unlock()
	s.caughtUp, s.lost = true, nil
	s.Notify()
}

// Notify wakes who waits for a change. The lock is held.
func (s *State) Notify() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// Changed is closed with the next change. The lock is held, for reading at least.
func (s *State) Changed() <-chan struct{} { return s.changed }

// CaughtUp reports whether all that was stored at the beginning is known. The lock is held, for reading at least.
func (s *State) CaughtUp() bool { return s.caughtUp }

// Ready returns nil when all of the stream is known.
func (s *State) Ready() error {
	s.RLock()
	defer s.RUnlock()
	switch {
	case s.lost != nil:
		return fmt.Errorf("following %s: %w", s.what, s.lost)
	case !s.caughtUp:
		return fmt.Errorf("%s: not all is read yet", s.what)
	}
	return nil
}
