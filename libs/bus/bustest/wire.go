package bustest

import (
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
)

// Wire is a network between a connection and its server on which a test can lose things.
type Wire struct {
	to    string
	l     net.Listener
	deaf  atomic.Bool
	pumps sync.WaitGroup
	held  sync.RWMutex // locked while what the server says is held back

	mu     sync.Mutex
	ends   []net.Conn
	closed bool
}

// Wired starts a server with the topology in place, and a connection to it that runs over the wire. All are gone when the
// test ends.
func Wired(t testing.TB) (*bus.Server, *bus.Conn, *Wire) {
	t.Helper()
	dir := t.TempDir()
	server, err := bus.StartServer(bus.ServerConfig{DataDir: dir, Listen: "127.0.0.1:0"}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	if err := Connect(t, server).Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := &Wire{to: strings.TrimPrefix(server.URL(), "nats://")}
	if w.l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	w.pumps.Go(w.accept)
	t.Cleanup(w.close)
	conn, err := bus.Connect(t.Context(), bus.Config{
		URL: "nats://" + w.l.Addr().String(), Name: t.Name(), User: bus.ServerUser, PasswordFile: bus.PasswordFile(dir),
	}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return server, conn, w
}

// Deafen lets nothing of what the server says arrive, until it is called with false.
func (w *Wire) Deafen(deaf bool) { w.deaf.Store(deaf) }

// Hold keeps back what the server says, until release is called: then all of it arrives. Release it before the test ends.
func (w *Wire) Hold() (release func()) {
	w.held.Lock()
	return sync.OnceFunc(w.held.Unlock)
}

// Cut ends all connections. New ones can be made.
func (w *Wire) Cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.ends {
		_ = c.Close()
	}
	w.ends = nil
}

func (w *Wire) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	_ = w.l.Close()
	w.Cut()
	w.pumps.Wait()
}

func (w *Wire) accept() {
	for {
		client, err := w.l.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", w.to)
		if err != nil {
			_ = client.Close()
			continue
		}
		w.mu.Lock()
		if w.closed {
			_, _ = client.Close(), server.Close()
		}
		w.ends = append(w.ends, client, server)
		w.mu.Unlock()
		w.pumps.Go(func() { pump(server, client) })
		w.pumps.Go(func() { pump(ear{client, w}, server) })
	}
}

func pump(to io.WriteCloser, from io.ReadCloser) {
	_, _ = io.Copy(to, from) // ends with either of the connections
	_, _ = to.Close(), from.Close()
}

// ear passes on what is said unless it is deaf, and once it is not held.
type ear struct {
	net.Conn
	wire *Wire
}

// Write implements io.Writer.
func (e ear) Write(p []byte) (int, error) {
	e.wire.held.RLock()
	defer e.wire.held.RUnlock()
	if e.wire.deaf.Load() {
		return len(p), nil
	}
	return e.Conn.Write(p)
}
