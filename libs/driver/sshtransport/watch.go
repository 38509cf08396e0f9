package sshtransport

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// settleWithin is how long the end of a connection is kept from the SSH layer while a command's answer may still lie in it.
const settleWithin = 250 * time.Millisecond

// watchedConn knows whether the peer ever said anything, and whether it went away.
//
// While a command runs by exec it also keeps the end of the connection back for a moment. The SSH layer ends every channel
// when the connection ends, just as when the peer ended the channel; so a reader that comes to a channel's end in that
// moment knows that it was the peer's doing, and that the answer is whole.
type watchedConn struct {
	net.Conn
	heard, broken atomic.Bool
	told          atomic.Bool // the SSH layer knows of the end
	gone          chan struct{}
	letGoOnce     sync.Once

	mu   sync.Mutex
	read chan struct{} // closed when the answer of the running command was read; nil: none runs
}

func watch(c net.Conn) *watchedConn { return &watchedConn{Conn: c, gone: make(chan struct{})} }

// Read notes what the peer does.
func (c *watchedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 && !c.heard.Load() {
		c.heard.Store(true)
	}
	if err != nil {
		c.broken.Store(true)
		c.settle()
		c.told.Store(true)
	}
	return n, err
}

// settle waits until the answer of a running command was read, or seems not to end.
func (c *watchedConn) settle() {
	c.mu.Lock()
	read := c.read
	c.mu.Unlock()
	if read == nil {
		return
	}
	timer := time.NewTimer(settleWithin)
	defer timer.Stop()
	select {
	case <-read:
	case <-c.gone:
	case <-timer.C:
	}
}

// ask says that a command runs.
func (c *watchedConn) ask() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read = make(chan struct{})
}

// answered says that its answer was read to the end, and reports whether it is whole.
func (c *watchedConn) answered() bool {
	whole := !c.told.Load()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.read != nil {
		close(c.read)
		c.read = nil
	}
	return whole
}

// letGo ends a wait: the connection is closed from this side.
func (c *watchedConn) letGo() { c.letGoOnce.Do(func() { close(c.gone) }) }
