// Package bustest starts a real JetStream server inside a test.
package bustest

import (
	"testing"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
)

// Server starts an embedded server in a temporary directory on a free port, with the topology in place, and returns a
// connection to it. Both are gone when the test ends.
func Server(t testing.TB) (*bus.Server, *bus.Conn) {
	t.Helper()
	log := zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel)
	server, err := bus.StartServer(bus.ServerConfig{DataDir: t.TempDir(), Listen: "127.0.0.1:0"}, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	conn := Connect(t, server)
	if err := conn.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	return server, conn
}

// Connect opens one more connection to the server; it is closed when the test ends.
func Connect(t testing.TB, server *bus.Server) *bus.Conn {
	t.Helper()
	conn, err := bus.Connect(t.Context(), bus.Config{Embedded: server, Name: t.Name()}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn
}
