package lab_test

import (
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/netrust/netrust/lab"
	"github.com/netrust/netrust/lab/fault"
)

func portOf(l *lab.Lab) string { return strconv.Itoa(l.Port()) }

// firstByte is what a server says at once, "" if nothing within a moment.
func firstByte(target string) string {
	conn, err := net.DialTimeout("tcp", target, time.Second)
	if err != nil {
		return ""
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(200 * time.Millisecond))
	byte := make([]byte, 1)
	n, _ := conn.Read(byte)
	return string(byte[:n])
}

// afflict sets faults on a device.
func afflict(t *testing.T, d *lab.Device, set fault.Set) {
	t.Helper()
	if err := d.SetFaults(set); err != nil {
		t.Fatal(err)
	}
}

func TestARefusedConnectionIsRefusedByTheKernel(t *testing.T) {
	t.Parallel()
	l, d := one(t, "cisco_ios")
	afflict(t, d, fault.Set{Refuse: true})
	if _, err := dial(t, d, login(l, d)); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v, want connection refused", err)
	}
	if err := d.ClearFaults(); err != nil {
		t.Fatal(err)
	}
	mustDial(t, l, d)
}

func TestWithOneSocketARefusedConnectionIsReset(t *testing.T) {
	t.Parallel()
	l := start(t, lab.Config{Devices: 2, Listen: lab.ListenOne})
	d := l.Devices()[0]
	afflict(t, d, fault.Set{Refuse: true})
	if _, err := dial(t, d, login(l, d)); err == nil {
		t.Error("the device accepts a login")
	}
	mustDial(t, l, l.Devices()[1])
	if err := d.ClearFaults(); err != nil {
		t.Fatal(err)
	}
	mustDial(t, l, d)
}

func TestASilentDeviceAcceptsAndSaysNothing(t *testing.T) {
	t.Parallel()
	_, d := one(t, "cisco_ios")
	afflict(t, d, fault.Set{SilentAfterAccept: true})
	conn, err := net.DialTimeout("tcp", d.Target(), patience)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(300 * time.Millisecond))
	if n, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read %d bytes, %v; want silence", n, err)
	}
}

func TestLoginFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		set  fault.Set
		says string
	}{
		{"the right password is refused", fault.Set{WrongPassword: true}, "unable to authenticate"},
		{"the host key has changed", fault.Set{ChangedHostKey: true}, "host key mismatch"},
		{"a busy device closes the connection", fault.Set{Busy: fault.BusyConnection}, "EOF"},
		{"passwords by their own method are refused", fault.Set{KeyboardInteractiveOnly: true}, "unable to authenticate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l, d := one(t, "cisco_ios")
			afflict(t, d, c.set)
			if _, err := dial(t, d, login(l, d)); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
			if err := d.ClearFaults(); err != nil {
				t.Fatal(err)
			}
			mustDial(t, l, d)
		})
	}
}

func TestABusyDeviceLogsInAndOpensNoSession(t *testing.T) {
	t.Parallel()
	for platform, reason := range map[string]ssh.RejectionReason{"cisco_ios": ssh.ResourceShortage, "arista_eos": ssh.ConnectionFailed} {
		l, d := one(t, platform)
		afflict(t, d, fault.Set{Busy: fault.BusySession})
		_, err := mustDial(t, l, d).NewSession()
		refusal := new(ssh.OpenChannelError)
		if !errors.As(err, &refusal) || refusal.Reason != reason {
			t.Errorf("%s: got %v, want reason %v", platform, err, reason)
		}
	}
}

func TestALimitOfSessionsMakesADeviceBusy(t *testing.T) {
	t.Parallel()
	l := start(t, lab.Config{Platforms: []string{"cisco_ios"}, MaxSessions: 1})
	d := l.Devices()[0]
	first := connect(t, l, d, 0, ">")
	if _, err := mustDial(t, l, d).NewSession(); !errors.As(err, new(*ssh.OpenChannelError)) {
		t.Errorf("the second session: %v", err)
	}
	first.ask("show clock", ">")
	if got := d.Counts().SessionsMax; got != 2 {
		t.Errorf("sessions at once: %d, want 2 (the second one had logged in)", got)
	}
}

func TestSessionFaultsThatEndIt(t *testing.T) {
	t.Parallel()
	l, d := one(t, "arista_eos")
	afflict(t, d, fault.Set{CloseOnLogin: true})
	session, err := mustDial(t, l, d).NewSession()
	if err == nil {
		_, err = session.Output("show version")
	}
	if err == nil {
		t.Error("a device that closes on login runs a command")
	}

	afflict(t, d, fault.Set{Drop: &fault.Drop{Command: "show version", AfterBytes: 30}})
	out, _, err := run(t, mustDial(t, l, d), "show version")
	if !errors.As(err, new(*ssh.ExitMissingError)) || len(out) != 30 {
		t.Errorf("dropped in mid-output: %d bytes, %v; want 30 and no exit status", len(out), err)
	}
	if out, _, err := run(t, mustDial(t, l, d), "show clock"); err != nil || out == "" {
		t.Errorf("another command is cut too: %q, %v", out, err)
	}
}

func TestADeviceThatNeverPrompts(t *testing.T) {
	t.Parallel()
	l, d := one(t, "cisco_ios")
	afflict(t, d, fault.Set{SilentAfterLogin: true})
	term := shell(t, mustDial(t, l, d), 24)
	term.send("show version\r")
	silent(t, term)
}

// silent checks that nothing is printed for a moment.
func silent(t *testing.T, term *terminal) {
	t.Helper()
	got := make(chan string, 1)
	go func() {
		byte := make([]byte, 1)
		n, err := io.ReadFull(term.out, byte)
		if err == nil {
			got <- string(byte[:n])
		}
	}()
	select {
	case text := <-got:
		t.Errorf("the device printed %q", text)
	case <-time.After(300 * time.Millisecond):
	}
}

func TestCommandFaults(t *testing.T) {
	t.Parallel()
	l, d := one(t, "cisco_ios")
	term := connect(t, l, d, 24, "ios-0001>")
	term.ask("terminal length 0", ">")

	afflict(t, d, fault.Set{Invalid: []string{"show version"}, Prompt: "{hostname}-new>"})
	if out := term.ask("show version", "ios-0001-new>"); !strings.Contains(out, "% Invalid input detected at '^' marker.") {
		t.Errorf("a command made invalid prints %q", out)
	}

	afflict(t, d, fault.Set{ForcePaging: true})
	term.ask("show version", "\r\n --More-- ")
	if out := term.ask(" ", ">"); !strings.HasPrefix(out, "\b\b\b\b\b\b\b\b\b        \b\b\b\b\b\b\b\b\b") {
		t.Errorf("after a page comes %q", out)
	}

	afflict(t, d, fault.Set{Huge: map[string]int{"show tech": 300_000}})
	out := term.ask("show tech", ">")
	if size := strings.Count(out, "") - 1 - strings.Count(out, "\r"); size < 300_000 || size > 300_100 {
		t.Errorf("huge output has %d bytes, want 300000 and the prompt", size)
	}

	began := time.Now()
	afflict(t, d, fault.Set{CommandDelayMS: 100})
	term.ask("show clock", ">")
	if took := time.Since(began); took < 100*time.Millisecond {
		t.Errorf("a delayed command took %s", took)
	}

	began = time.Now()
	afflict(t, d, fault.Set{DripBytes: 500, DripIntervalMS: 20})
	term.ask("show version", ">") // 1800 bytes: three pauses
	if took := time.Since(began); took < 60*time.Millisecond {
		t.Errorf("dripping output took %s", took)
	}

	afflict(t, d, fault.Set{Hang: []string{"show clock"}})
	term.send("show clock\r")
	if got := readAll(term, "show clock\r\n"); got != "show clock\r\n" {
		t.Errorf("echo %q", got)
	}
	silent(t, term)
}

func TestALongBannerComesBeforeThePrompt(t *testing.T) {
	t.Parallel()
	l, d := one(t, "arista_eos")
	afflict(t, d, fault.Set{BannerBytes: 100_000})
	term := shell(t, mustDial(t, l, d), 0)
	if out := term.expect("eos-0001>"); len(out) < 100_000 || strings.Contains(out, "--More--") {
		t.Errorf("the banner has %d bytes", len(out))
	}
}

func TestFaultsAreChecked(t *testing.T) {
	t.Parallel()
	_, d := one(t, "frr")
	for name, set := range map[string]fault.Set{
		"busy":             {Busy: "very"},
		"command_delay_ms": {CommandDelayMS: -1},
		"drip_interval_ms": {DripBytes: 3},
		"huge[x]":          {Huge: map[string]int{"x": 1 << 40}},
	} {
		if err := d.SetFaults(set); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
