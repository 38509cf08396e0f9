package peers_test

import (
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/driver/drivertest"
	"github.com/netrust/netrust/libs/driver/hostkey"
	"github.com/netrust/netrust/libs/driver/sshdriver"
	"github.com/netrust/netrust/tests/peers"
)

func target(f *peers.FRR, r peers.Router) driver.Target {
	return driver.Target{DeviceID: r.Name, Address: r.Address, Port: r.Port, Platform: "frr", Username: f.Username,
		Password: driver.NewSecret(f.Password)}
}

// The suite counts goroutines and descriptors: it must run alone.
func TestConformanceWithFRRouting(t *testing.T) {
	f := peers.StartFRR(t, 2)
	d, err := sshdriver.New("frr")
	if err != nil {
		t.Fatal(err)
	}
	drivertest.Run(t, drivertest.Device{
		Driver: d, Target: target(f, f.Routers[0]), Prompt: "r1#",
		Read: "show version", ReadHas: "FRRouting",
		Rejected: "shwo nonsense", Words: "% Unknown command",
		Failing: "write memory", FailingHas: "Permission denied",
		Endless: "ping 127.0.0.1", EndlessHas: "PING",
		FailedLogins:  func() int64 { return f.FailedLogins(t) },
		ChangeHostKey: func() { f.ChangeHostKeys(t) },
		Failures:      60,
	})
}

func TestEveryRouterAnswersForItself(t *testing.T) {
	f := peers.StartFRR(t, 3)
	for _, r := range f.Routers {
		s := open(t, target(f, r))
		if s.Prompt() != r.Name+"#" {
			t.Errorf("%s shows the prompt %q", r.Name, s.Prompt())
		}
		out := run(t, s, "show running-config")
		if !strings.HasPrefix(out, "Building configuration...\n") || !strings.Contains(out, "hostname "+r.Name+"\n") || !strings.HasSuffix(out, "end\n") {
			t.Errorf("%s prints %q", r.Name, out)
		}
	}
}

func TestARealPagerIsLeafedThrough(t *testing.T) {
	f := peers.StartFRR(t, 1)
	whole := run(t, open(t, target(f, f.Routers[0])), "show running-config")
	paged := target(f, f.Routers[0])
	paged.Port = f.Routers[0].PagedPort
	if got := run(t, open(t, paged), "show running-config"); got != whole { // the driver turns the pager off
		t.Errorf("with a pager\n%q\nwithout\n%q", got, whole)
	}
	paged.Platform = "generic_ssh" // this one does not know how to
	s := open(t, paged)
	for range 2 {
		if got := run(t, s, "show running-config"); squeezed(got) != squeezed(whole) {
			t.Errorf("with a pager\n%q\nwithout\n%q", got, whole)
		}
	}
}

// squeezed drops empty lines: more(1) fills its last page with them.
func squeezed(text string) string {
	for strings.Contains(text, "\n\n") {
		text = strings.ReplaceAll(text, "\n\n", "\n")
	}
	return text
}

func TestConfigurationModeOfFRRouting(t *testing.T) {
	f := peers.StartFRR(t, 1)
	s := open(t, target(f, f.Routers[0]))
	for _, command := range []string{"configure terminal", "interface lo", "description set by a test", "exit"} {
		if out := run(t, s, command); out != "" {
			t.Errorf("%q prints %q", command, out)
		}
	}
	if s.Prompt() != "r1(config)#" {
		t.Errorf("the prompt is %q", s.Prompt())
	}
	_, err := s.Run(t.Context(), driver.Command{Text: "router", Timeout: 10 * time.Second})
	if driver.KindOf(err) != contract.KindRejected || driver.EffectOf(err) != contract.EffectNone {
		t.Errorf("an incomplete command: %v", err)
	}
	run(t, s, "end")
	if out := run(t, s, "show running-config"); !strings.Contains(out, " description set by a test\n") {
		t.Errorf("the description is missing in\n%s", out)
	}
}

func TestOnlyTheStoredTypeOfHostKeyIsAskedFor(t *testing.T) {
	f := peers.StartFRR(t, 1)
	for _, kind := range []string{"ed25519", "rsa"} {
		store, err := hostkey.NewKnownHosts(f.KnownHosts(t, kind))
		if err != nil {
			t.Fatal(err)
		}
		r := target(f, f.Routers[0])
		r.HostKeys = store
		run(t, open(t, r), "show version")
	}
	store, err := hostkey.NewKnownHosts(f.KnownHosts(t, "ed25519"))
	if err != nil {
		t.Fatal(err)
	}
	f.ChangeHostKeys(t)
	r := target(f, f.Routers[0])
	r.HostKeys = store
	d, err := sshdriver.New("frr")
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Open(t.Context(), r, driver.OpenOptions{})
	if driver.KindOf(err) != contract.KindHostKey {
		t.Errorf("a changed key: %v", err)
	}
}

func open(t *testing.T, r driver.Target) driver.Session {
	t.Helper()
	d, err := sshdriver.New(r.Platform)
	if err != nil {
		t.Fatal(err)
	}
	if r.HostKeys == nil {
		r.HostKeys = &hostkey.Memory{}
	}
	s, err := d.Open(t.Context(), r, driver.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func run(t *testing.T, s driver.Session, command string) string {
	t.Helper()
	out, err := s.Run(t.Context(), driver.Command{Text: command, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatalf("%q: %v", command, err)
	}
	return out.Text
}
