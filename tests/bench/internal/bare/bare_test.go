package bare_test

import (
	"context"
	"slices"
	"testing"

	"github.com/netrust/netrust/lab"
	"github.com/netrust/netrust/libs/driver/definition"
	"github.com/netrust/netrust/tests/bench/internal/bare"
)

// devices runs a lab as the benchmark has it, and returns addresses and login.
func devices(t *testing.T, n int) ([]string, bare.Login) {
	t.Helper()
	l, err := lab.New(lab.Config{
		Devices: n, Platforms: []string{bare.Platform}, Privileged: true, AddressBase: "127.93.0.1", Username: "bench", Password: "secret",
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	select {
	case <-l.Ready():
	case err := <-done:
		done <- err
		t.Fatal(err)
	}
	var addresses []string
	for _, d := range l.Devices() {
		addresses = append(addresses, d.Target())
	}
	return addresses, bare.Login{Username: "bench", Password: "secret"}
}

func TestTheTerminalIsSetUpAsNetrustDoesIt(t *testing.T) {
	t.Parallel()
	d, err := definition.For(bare.Platform)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(d.OnOpen, bare.SetUp()) {
		t.Errorf("netrust types %q first, the loop %q", d.OnOpen, bare.SetUp())
	}
}

func TestEveryLoopAsksEveryDevice(t *testing.T) {
	t.Parallel()
	addresses, login := devices(t, 6)
	for _, kind := range []string{bare.Exec, bare.PTY, bare.Scrapligo} {
		took, err := bare.Loop(t.Context(), kind, addresses, login, 3)
		if err != nil || took <= 0 {
			t.Errorf("%s: %v, %v", kind, took, err)
		}
		if _, err := bare.Loop(t.Context(), kind, addresses, bare.Login{Username: "bench", Password: "wrong"}, 3); err == nil {
			t.Errorf("%s: devices that refuse the login look like fast ones", kind)
		}
	}
	if _, err := bare.Loop(t.Context(), "telnet", addresses, login, 1); err == nil {
		t.Error("a loop that does not exist ran")
	}
}
