package intake

import (
	"context"
	"sync"
	"time"
)

const (
	// yieldAtMost bounds how long a normal task waits for urgent ones: they go first, and do not stop the others.
	yieldAtMost = 250 * time.Millisecond
	// urgentPause is how long after the last urgent task another one may follow: a job's first login comes before its others.
	urgentPause = 50 * time.Millisecond
)

// precedence lets urgent tasks go before normal ones that are about to begin. Classes have slots and messages of their own,
// but not processors: behind 256 logins at once, each step of an urgent one waited for all of theirs. The zero value is
// ready.
type precedence struct {
	mu     sync.Mutex
	urgent int
	ended  time.Time     // when the last one ended
	none   chan struct{} // closed when the urgent ones have ended
}

// begin notes an urgent task; end is called when it has ended.
func (p *precedence) begin() (end func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.urgent++; p.urgent == 1 && p.none == nil {
		p.none = make(chan struct{})
	}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.ended = time.Now()
		if p.urgent--; p.urgent == 0 {
			close(p.none)
			p.none = nil
		}
	}
}

// yield waits while urgent tasks are at work, or were a moment ago, but not for long.
func (p *precedence) yield(ctx context.Context) {
	var most *time.Timer
	for {
		p.mu.Lock()
		none, left := p.none, urgentPause-time.Since(p.ended)
		p.mu.Unlock()
		if none == nil && left <= 0 {
			return
		}
		if most == nil {
			most = time.NewTimer(yieldAtMost)
			defer most.Stop()
		}
		var paused <-chan time.Time
		if none == nil {
			paused = time.After(left)
		}
		select {
		case <-none:
		case <-paused:
		case <-most.C:
			return
		case <-ctx.Done():
			return
		}
	}
}
