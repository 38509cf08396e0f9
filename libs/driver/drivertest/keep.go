package drivertest

import (
	"context"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/driver/platform"
)

// kept opens a session that is meant to be kept; nil when the driver has none of that kind.
func (d Device) kept(t *testing.T, target driver.Target) driver.Kept {
	t.Helper()
	s, err := d.Driver.Open(soon(t), target, driver.OpenOptions{Commands: []string{d.Read}, Keep: true})
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	k, _ := s.(driver.Kept)
	return k
}

// keepsReads: a session in which only was read is as it was opened, and can be used again.
func keepsReads(t *testing.T, d Device) {
	s := d.kept(t, d.target())
	if s == nil {
		return
	}
	reads := platform.ReadOnly(d.Driver.Platform(), d.Read)
	for range 3 {
		if err := s.Resume(soon(t), true); err != nil {
			t.Fatalf("resuming: %v", err)
		}
		checkRead(t, d, run(t, s, d.Read))
		if s.Fresh() != reads {
			t.Fatalf("after a read it is fresh: %v", s.Fresh())
		}
		if !reads {
			return
		}
	}
	s.Leave(soon(t))
	if s.Alive() || s.Fresh() || s.Ping(soon(t)) == nil || s.Resume(soon(t), false) == nil {
		t.Error("after it was left it seems alive")
	}
}

// tellsTraces: a session in which something else was typed is not as it was opened.
func tellsTraces(t *testing.T, d Device) {
	if d.Rejected == "" || platform.ReadOnly(d.Driver.Platform(), d.Rejected) {
		return
	}
	s := d.kept(t, d.target())
	if s == nil {
		return
	}
	_, err := s.Run(soon(t), driver.Command{Text: d.Rejected, Timeout: patience})
	if err == nil || s.Fresh() {
		t.Errorf("after %q (%v) it is fresh: %v", d.Rejected, err, s.Fresh())
	}
}

// tellsLoss: when the connection is lost between two uses, nothing is sent.
func tellsLoss(t *testing.T, d Device) {
	for name, lose := range map[string]func(w *wire){"cut": (*wire).cut, "silent": (*wire).silence} {
		w := newWire(t, d.Target)
		target := d.target()
		target.Address, target.Port = "127.0.0.1", w.port
		s := d.kept(t, target)
		if s == nil {
			return
		}
		run(t, s, d.Read)
		if name == "cut" {
			if err := s.Resume(soon(t), false); err != nil {
				t.Fatalf("resuming: %v", err)
			}
			lose(w)
			for end := time.Now().Add(patience); s.Alive() && time.Now().Before(end); {
				<-time.After(time.Millisecond)
			}
			_, err := s.Run(soon(t), driver.Command{Text: d.Read, Timeout: patience})
			mustBe(t, err, contract.KindUnreachable, contract.EffectNone)
			continue
		}
		lose(w)
		short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		err := s.Resume(short, true)
		cancel()
		mustBe(t, err, contract.KindUnreachable, contract.EffectNone)
		if s.Alive() {
			t.Error("a device that does not answer seems alive")
		}
	}
}

// wire is a connection to the device that can be cut, and that can fall silent.
type wire struct {
	port   int
	silent atomic.Bool

	mu    sync.Mutex
	conns []net.Conn
}

func newWire(t *testing.T, to driver.Target) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{port: l.Addr().(*net.TCPAddr).Port}
	var working sync.WaitGroup
	working.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", net.JoinHostPort(to.Address, strconv.Itoa(to.Port)))
			if err != nil {
				_ = near.Close()
				return
			}
			w.mu.Lock()
			w.conns = append(w.conns, near, far)
			w.mu.Unlock()
			working.Go(func() { w.carry(near, far) })
			working.Go(func() { w.carry(far, near) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); w.cut(); working.Wait() })
	return w
}

// carry takes bytes from one end to the other.
func (w *wire) carry(to io.WriteCloser, from io.Reader) {
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && !w.silent.Load() {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (w *wire) silence() { w.silent.Store(true) }

func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		_ = c.Close()
	}
}
