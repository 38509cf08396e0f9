package bus_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/bus/bustest"
	"github.com/netrust/netrust/libs/contract"
)

func start(t testing.TB, dir, listen string) *bus.Server {
	t.Helper()
	server, err := bus.StartServer(bus.ServerConfig{DataDir: dir, Listen: listen}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func TestServer(t *testing.T) {
	t.Parallel()

	t.Run("its password is in a file for its owner alone, and stays", func(t *testing.T) {
		t.Parallel()
		dir := filepath.Join(t.TempDir(), "data")
		start(t, dir, "127.0.0.1:0").Close()
		file := bus.PasswordFile(dir)
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Fatalf("the password file is %v, %v", info, err)
		}
		first, _ := os.ReadFile(file)
		if len(strings.TrimSpace(string(first))) < 20 {
			t.Errorf("the password has %d letters", len(first))
		}
		if d, err := os.Stat(dir); err != nil || d.Mode().Perm() != 0o700 {
			t.Errorf("the data directory is %v, %v", d, err)
		}
		start(t, dir, "127.0.0.1:0").Close()
		if again, _ := os.ReadFile(file); string(again) != string(first) {
			t.Error("the password changed with a restart")
		}
	})
	t.Run("addresses that others could reach are refused", func(t *testing.T) {
		t.Parallel()
		for _, listen := range []string{"0.0.0.0:0", ":0", "192.0.2.1:4222", "nonsense", "127.0.0.1"} {
			if server, err := bus.StartServer(bus.ServerConfig{DataDir: t.TempDir(), Listen: listen}, zerolog.Nop()); err == nil {
				server.Close()
				t.Errorf("listens on %s", listen)
			}
		}
	})
	t.Run("a port that is taken is named", func(t *testing.T) {
		t.Parallel()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() //nolint:errcheck // a test's own
		_, err = bus.StartServer(bus.ServerConfig{DataDir: t.TempDir(), Listen: l.Addr().String()}, zerolog.Nop())
		if err == nil || !strings.Contains(err.Error(), l.Addr().String()) {
			t.Errorf("got %v; want an error that names %s", err, l.Addr())
		}
	})
	t.Run("a wrong password is refused at once, and so is none", func(t *testing.T) {
		t.Parallel()
		server := start(t, t.TempDir(), "127.0.0.1:0")
		defer server.Close()
		file := filepath.Join(t.TempDir(), "password")
		if err := os.WriteFile(file, []byte("wrong\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, cfg := range []bus.Config{{URL: server.URL(), User: bus.ServerUser, PasswordFile: file}, {URL: server.URL()}} {
			conn, err := bus.Connect(t.Context(), cfg, zerolog.Nop())
			if err == nil {
				conn.Close()
			}
			if !errors.Is(err, nats.ErrAuthorization) {
				t.Errorf("got %v", err)
			}
		}
		if _, err := bus.Connect(t.Context(), bus.Config{URL: server.URL(), PasswordFile: file + ".none"}, zerolog.Nop()); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("a missing password file: %v", err)
		}
	})
	t.Run("what was acknowledged is there after a restart", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		server := start(t, dir, "127.0.0.1:0")
		listen := strings.TrimPrefix(server.URL(), "nats://")
		conn, err := bus.Connect(t.Context(), bus.Config{URL: server.URL(), User: bus.ServerUser, PasswordFile: bus.PasswordFile(dir)}, zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := conn.Ensure(t.Context()); err != nil {
			t.Fatal(err)
		}
		seq := write(t, conn, "kept", "x")
		if err := conn.Ready(t.Context()); err != nil {
			t.Error(err)
		}
		server.Close()
		await(t, "the connection to be lost", func() bool { return conn.Ready(t.Context()) != nil })
		if _, err := conn.Publish(t.Context(), bus.Message{Subject: key("lost")}); err == nil || errors.Is(err, bus.ErrUnknownOutcome) {
			t.Errorf("a publish without a server: %v; want a refusal at once", err)
		}
		server = start(t, dir, listen)
		defer server.Close()
		await(t, "the connection to be back", func() bool { return conn.Ready(t.Context()) == nil })
		last, err := conn.LastFor(t.Context(), exec, key("kept"))
		if err != nil || last.Seq != seq {
			t.Errorf("the message is %+v, %v", last, err)
		}
		if _, err := conn.Publish(t.Context(), bus.Message{Subject: key("kept"), Expect: bus.Seq(0)}); !errors.Is(err, bus.ErrConflict) {
			t.Errorf("an expectation after the restart: %v; want a conflict", err)
		}
	})
}

func TestConnectFindsAServerThatStartsLater(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := start(t, dir, "127.0.0.1:0")
	listen := strings.TrimPrefix(first.URL(), "nats://")
	first.Close()
	cfg := bus.Config{URL: "nats://" + listen, User: bus.ServerUser, PasswordFile: bus.PasswordFile(dir)}

	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := bus.Connect(short, cfg, zerolog.Nop()); err == nil || !strings.Contains(err.Error(), listen) {
		t.Errorf("got %v; want an error that names %s", err, listen)
	}
	connected := make(chan error, 1)
	go func() {
		conn, err := bus.Connect(t.Context(), cfg, zerolog.Nop())
		if err == nil {
			conn.Close()
		}
		connected <- err
	}()
	server := start(t, dir, listen)
	defer server.Close()
	if err := <-connected; err != nil {
		t.Error(err)
	}
}

func TestObjects(t *testing.T) {
	t.Parallel()
	_, conn := bustest.Server(t)
	data := []byte(strings.Repeat("an answer of a device\n", 50_000))
	ref, err := conn.PutObject(t.Context(), contract.ObjectsResults, data)
	if err != nil || ref.Size != int64(len(data)) || ref.SHA256 != contract.Digest(data) {
		t.Fatalf("stored as %+v, %v", ref, err)
	}
	modified := func() time.Time {
		store, err := conn.JetStream().ObjectStore(t.Context(), contract.ObjectsResults)
		if err != nil {
			t.Fatal(err)
		}
		info, err := store.GetInfo(t.Context(), ref.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		return info.ModTime
	}
	before := modified()
	if again, err := conn.PutObject(t.Context(), contract.ObjectsResults, data); err != nil || again != ref || !modified().Equal(before) {
		t.Errorf("stored again as %+v, %v, at %s after %s", again, err, modified(), before)
	}
	if got, err := conn.GetObject(t.Context(), ref, ref.Size); err != nil || string(got) != string(data) {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
	if _, err := conn.GetObject(t.Context(), ref, ref.Size-1); err == nil {
		t.Error("more than allowed was read")
	}
	none := ref
	none.SHA256 = contract.Digest([]byte("none"))
	if _, err := conn.GetObject(t.Context(), none, ref.Size); !errors.Is(err, bus.ErrNotFound) {
		t.Errorf("an object that is not there: %v", err)
	}
	// Somebody puts another content under the name.
	store, err := conn.JetStream().ObjectStore(t.Context(), contract.ObjectsResults)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.PutBytes(t.Context(), ref.SHA256, []byte("forged")); err != nil {
		t.Fatal(err)
	}
	if got, err := conn.GetObject(t.Context(), ref, ref.Size); err == nil || !strings.Contains(err.Error(), "altered") {
		t.Errorf("read %q, %v; want an error", got, err)
	}
}

func TestThePasswordFileIsNeverReadInHalf(t *testing.T) {
	t.Parallel()
	for range 20 {
		dir := t.TempDir()
		read := make(chan string, 1)
		go func() {
			for {
				if b, err := os.ReadFile(bus.PasswordFile(dir)); err == nil {
					read <- string(b)
					return
				}
			}
		}()
		start(t, dir, "127.0.0.1:0").Close()
		whole, err := os.ReadFile(bus.PasswordFile(dir))
		if first := <-read; err != nil || first != string(whole) {
			t.Fatalf("read %q at first and %q later, %v", first, whole, err)
		}
	}
}
