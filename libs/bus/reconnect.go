package bus

import (
	"context"
	"errors"
	"sync"
)

// errReconnected ends what stands on a connection that was lost.
var errReconnected = errors.New("the connection to NATS is a new one")

// renewal tells who waits that the connection was lost and is back. The zero value is ready.
type renewal struct {
	mu    sync.Mutex
	fresh chan struct{} // closed, and made anew, at each reconnect
}

func (r *renewal) wait() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fresh == nil {
		r.fresh = make(chan struct{})
	}
	return r.fresh
}

func (r *renewal) tell() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fresh != nil {
		close(r.fresh)
		r.fresh = nil
	}
}

// Renewed returns a channel that is closed when the connection was lost and is back: a server that was started anew has
// lost what it kept in memory.
func (c *Conn) Renewed() <-chan struct{} { return c.renewal.wait() }

// context gives a context that ends, because of [errReconnected], when the connection was lost and is back. done must be
// called; it returns when nothing waits any more.
func (r *renewal) context(ctx context.Context) (on context.Context, done func()) {
	fresh := r.wait()
	on, cancel := context.WithCancelCause(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-fresh:
			cancel(errReconnected)
		case <-on.Done():
		}
	}()
	return on, func() { cancel(nil); <-watched }
}
