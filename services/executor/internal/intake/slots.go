package intake

import (
	"context"
	"sync"
)

// slots bound what is in hand. Several fetchers share them.
type slots struct {
	mu   sync.Mutex
	free int
	wake chan struct{}
}

func newSlots(n int) *slots { return &slots{free: n, wake: make(chan struct{}, 1)} }

// take takes a fair part of the free slots among the fetchers, at least one, waiting until there is one.
func (s *slots) take(ctx context.Context, fetchers int) (int, error) {
	for {
		s.mu.Lock()
		if s.free > 0 {
			n := max(1, s.free/fetchers)
			s.free -= n
			more := s.free > 0
			s.mu.Unlock()
			if more {
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

// give returns slots.
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
