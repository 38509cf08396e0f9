package intake

import (
	"context"
	"sync"
	"time"
)

const (
	// maxAhead bounds the tasks that are claimed while all slots are at work. A large executor needs none: its claims and results
	// come in large groups anyway.
	maxAhead = 16
	// quickTask is how long a task's work on its device takes on average where tasks are claimed ahead: only there the claim's
	// own time counts, and one that waits for a slot waits for a moment only.
	quickTask = 250 * time.Millisecond
	// evidence is how many tasks tell what is average.
	evidence = 8
	// turnWithin is how long a task waits for a slot at most; it is then given back.
	turnWithin = time.Second
)

// slots bound what is at work on devices, and what is in hand: while the work is quick, a few tasks more, which are being claimed or
// recorded. Several fetchers share them.
type slots struct {
	size int
	work chan struct{} // one for each task at work
	wake chan struct{}

	mu   sync.Mutex
	free int // of size; below zero while tasks are in hand ahead
	seen int
	mean time.Duration
}

func newSlots(n int) *slots {
	return &slots{size: n, free: n, work: make(chan struct{}, n), wake: make(chan struct{}, 1)}
}

// room is how many tasks may be fetched. The mutex is held.
func (s *slots) room() int {
	if s.seen < evidence || s.mean > quickTask {
		return s.free
	}
	return s.free + min(s.size, maxAhead)
}

// take takes a fair part of the room among the fetchers, at least one, waiting until there is one.
func (s *slots) take(ctx context.Context, fetchers int) (int, error) {
	for {
		s.mu.Lock()
		if room := s.room(); room > 0 {
			n := max(1, room/fetchers)
			s.free -= n
			s.mu.Unlock()
			if room > n {
				s.signal()
			}
			return n, nil
		}
		s.mu.Unlock()
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-s.wake:
		}
	}
}

// give returns what was taken.
func (s *slots) give(n int) {
	if n <= 0 {
		return
	}
	s.mu.Lock()
	s.free += n
	s.mu.Unlock()
	s.signal()
}

func (s *slots) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// begin waits for a slot to work in, for a moment. It returns nil when none came free in time.
func (s *slots) begin(ctx context.Context) *turn {
	select {
	case s.work <- struct{}{}:
		return &turn{slots: s}
	default:
	}
	timer := time.NewTimer(turnWithin)
	defer timer.Stop()
	select {
	case s.work <- struct{}{}:
		return &turn{slots: s}
	case <-timer.C:
	case <-ctx.Done():
	}
	return nil
}

// note tells how long a task's work on its device took.
func (s *slots) note(took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen < evidence {
		s.seen++
		s.mean += (took - s.mean) / time.Duration(s.seen)
		return
	}
	s.mean += (took - s.mean) / evidence
}

// turn is a task's time in a slot.
type turn struct {
	slots *slots
	ended bool
}

// end gives the slot to the next task. It may be called again, and on nil.
func (t *turn) end() {
	if t != nil && !t.ended {
		t.ended = true
		<-t.slots.work
	}
}
