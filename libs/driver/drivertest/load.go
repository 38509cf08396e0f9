package drivertest

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/driver"
)

func itoa(n int) string { return strconv.Itoa(n) }

func concurrentSessions(t *testing.T, d Device) {
	n := d.Sessions
	if n == 0 {
		n = 8
	}
	target := d.target()
	errs := make(chan error, n)
	var sessions sync.WaitGroup
	ctx := soon(t)
	for range n {
		sessions.Go(func() { errs <- oneSession(ctx, d, target) })
	}
	sessions.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
}

func oneSession(ctx context.Context, d Device, target driver.Target) error {
	s, err := d.Driver.Open(ctx, target, driver.OpenOptions{Terminal: true})
	if err != nil {
		return err
	}
	defer s.Close()
	for range 3 {
		out, err := s.Run(ctx, driver.Command{Text: d.Read, Timeout: patience})
		if err != nil {
			return err
		}
		if !strings.Contains(out.Text, d.ReadHas) {
			return errors.New("a session got another answer: " + out.Text)
		}
	}
	return nil
}

func commandsAtOnce(t *testing.T, d Device) {
	if d.Endless == "" || d.EndlessHas == "" {
		return
	}
	s := d.terminal(t)
	var second error
	once := sync.OnceFunc(func() {
		_, second = s.Run(t.Context(), driver.Command{Text: d.Read, Timeout: patience})
	})
	_, err := s.Run(soon(t), driver.Command{Text: d.Endless, Timeout: shortly, Sink: func([]byte) { once() }})
	mustBe(t, err, contract.KindTimeout, contract.EffectPossible)
	mustBe(t, second, contract.KindBusy, contract.EffectNone)
}

func closedSession(t *testing.T, d Device) {
	s := d.terminal(t)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if s.Alive() {
		t.Error("a closed session is alive")
	}
	_, err := s.Run(soon(t), driver.Command{Text: d.Read, Timeout: patience})
	if !errors.Is(err, driver.ErrSessionClosed) || driver.EffectOf(err) != contract.EffectNone {
		t.Errorf("%v", err)
	}
}

// leavesNothing fails in every way that the device can, many times, and then counts goroutines and descriptors.
func leavesNothing(t *testing.T, d Device) {
	rounds := d.Failures
	if rounds == 0 {
		rounds = 200
	}
	port := silent(t)
	one := func(i int) {
		target := d.target()
		switch i % 4 {
		case 0:
			target.Address, target.Port, target.ConnectTimeout = "127.0.0.1", port, 5*time.Millisecond
		case 1:
			target.Password = driver.NewSecret("not-the-password")
		case 2:
			target.ConnectTimeout = time.Duration(i%20) * time.Millisecond
		}
		s, err := d.Driver.Open(soon(t), target, driver.OpenOptions{Terminal: true})
		if err != nil {
			return
		}
		if d.Drop != "" && i%8 == 3 {
			_, _ = s.Run(soon(t), driver.Command{Text: d.Drop, Timeout: patience})
		} else if d.Endless != "" {
			_, _ = s.Run(soon(t), driver.Command{Text: d.Endless, Timeout: 5 * time.Millisecond})
		}
		_ = s.Close()
	}
	for i := range 8 { // what is made once and kept
		one(i)
	}
	goroutines, descriptors := ours(), openFiles(t)
	for i := range rounds {
		one(i)
	}
	eventually(t, func() string {
		if now := ours(); now > goroutines {
			return "goroutines of ours rose from " + itoa(goroutines) + " to " + itoa(now) + "\n" + stacks()
		}
		return ""
	})
	// A silent listener keeps what it accepted; a server in this process closes its side a little later.
	eventually(t, func() string {
		if now := openFiles(t); now > descriptors+rounds/4+4 {
			return "descriptors rose from " + itoa(descriptors) + " to " + itoa(now)
		}
		return ""
	})
}

// eventually waits until the condition complains no more.
func eventually(t *testing.T, complaint func() string) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		text := complaint()
		if text == "" {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal(text)
		}
	}
}

func stacks() string {
	buffer := make([]byte, 1<<20)
	return string(buffer[:runtime.Stack(buffer, true)])
}

// ours counts the goroutines of drivers and of SSH connections, those of a server in the same process included: they end
// when its client is gone.
func ours() int {
	n := 0
	for stack := range strings.SplitSeq(stacks(), "\n\n") {
		driver := strings.Contains(stack, "libs/driver/") && !strings.Contains(stack, "libs/driver/drivertest")
		if driver || strings.Contains(stack, "x/crypto/ssh") {
			n++
		}
	}
	return n
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatalf("counting descriptors: %v", err)
	}
	return len(entries)
}
