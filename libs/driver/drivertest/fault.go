package drivertest

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/driver/drivertest/replay"
	"github.com/netrust/netrust/libs/driver/hostkey"
)

// shortly is the connect timeout of cases that must run into it.
const shortly = 300 * time.Millisecond

// fails opens a target that must fail, within a second of its connect timeout.
func fails(t *testing.T, d Device, target driver.Target) error {
	t.Helper()
	started := time.Now()
	s, err := d.Driver.Open(soon(t), target, driver.OpenOptions{Terminal: true})
	if err == nil {
		_ = s.Close()
		t.Fatal("it opened")
	}
	if took := time.Since(started); took > target.ConnectTimeout+2*time.Second {
		t.Errorf("it took %s", took)
	}
	if strings.Contains(err.Error(), target.Password.Reveal()) {
		t.Errorf("the password is in the error: %v", err)
	}
	return err
}

func cancelWhileOpening(t *testing.T, d Device) {
	target := d.target()
	target.Address, target.Port = "127.0.0.1", silent(t)
	ctx, cancel := context.WithTimeout(t.Context(), shortly)
	defer cancel()
	started := time.Now()
	_, err := d.Driver.Open(ctx, target, driver.OpenOptions{Terminal: true})
	mustBe(t, err, contract.KindDeadline, contract.EffectNone)
	if took := time.Since(started); took > 2*time.Second {
		t.Errorf("it took %s", took)
	}
}

func dropInTheMiddle(t *testing.T, d Device) {
	if d.Drop == "" {
		return
	}
	s := d.terminal(t)
	out, err := s.Run(soon(t), driver.Command{Text: d.Drop, Timeout: patience})
	mustBe(t, err, contract.KindUnreachable, contract.EffectPossible)
	if !strings.Contains(out.Text, d.DropHas) {
		t.Errorf("what came before the cut is lost: %q", out.Text)
	}
	if s.Alive() {
		t.Error("the session is alive after the cut")
	}
}

func reconnect(t *testing.T, d Device) {
	target := d.target()
	for range 2 {
		s, err := d.Driver.Open(soon(t), target, driver.OpenOptions{Terminal: true})
		if err != nil {
			t.Fatal(err)
		}
		checkRead(t, d, run(t, s, d.Read))
		if d.Drop != "" {
			_, err = s.Run(soon(t), driver.Command{Text: d.Drop, Timeout: patience})
			mustBe(t, err, contract.KindUnreachable, contract.EffectPossible)
		}
		_ = s.Close()
	}
}

func wrongPassword(t *testing.T, d Device) {
	target := d.target()
	target.Password = driver.NewSecret("not-the-password")
	var before int64
	if d.FailedLogins != nil {
		before = d.FailedLogins()
	}
	err := fails(t, d, target)
	mustBe(t, err, contract.KindAuthentication, contract.EffectNone)
	if d.FailedLogins != nil && d.FailedLogins()-before != 1 {
		t.Errorf("the device counted %d failed logins; want 1", d.FailedLogins()-before)
	}
}

func changedHostKey(t *testing.T, d Device) {
	if d.ChangeHostKey == nil {
		return
	}
	target := d.target()
	target.HostKeys = &hostkey.Memory{}
	s, err := d.Driver.Open(soon(t), target, driver.OpenOptions{Terminal: true})
	if err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	d.ChangeHostKey()
	target.Password = driver.NewSecret("must-not-be-sent")
	var before int64
	if d.FailedLogins != nil {
		before = d.FailedLogins()
	}
	err = fails(t, d, target)
	mustBe(t, err, contract.KindHostKey, contract.EffectNone)
	var changed *driver.HostKeyError
	if !errors.As(err, &changed) || changed.Reason != driver.HostKeyChanged || len(changed.Stored) != 1 {
		t.Errorf("%v", err)
	}
	if d.FailedLogins != nil && d.FailedLogins() != before {
		t.Error("the password was sent to a stranger")
	}
}

func noAnswer(t *testing.T, d Device) {
	target := d.target()
	target.Address, target.Port, target.ConnectTimeout = "127.0.0.1", deaf(t), shortly
	mustBe(t, fails(t, d, target), contract.KindUnreachable, contract.EffectNone)
}

func closedPort(t *testing.T, d Device) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	target := d.target()
	target.Address, target.Port = "127.0.0.1", listener.Addr().(*net.TCPAddr).Port
	_ = listener.Close()
	mustBe(t, fails(t, d, target), contract.KindUnreachable, contract.EffectNone)
}

func silentAfterAccept(t *testing.T, d Device) {
	target := d.target()
	target.Address, target.Port, target.ConnectTimeout = "127.0.0.1", silent(t), shortly
	mustBe(t, fails(t, d, target), contract.KindUnreachable, contract.EffectNone)
}

func closedAfterAccept(t *testing.T, d Device) {
	target := d.target()
	target.Address, target.Port = "127.0.0.1", listen(t, func(c net.Conn) { _ = c.Close() })
	mustBe(t, fails(t, d, target), contract.KindBusy, contract.EffectNone)
}

func noPrompt(t *testing.T, d Device) {
	mute := replay.Preset(d.Driver.Platform())
	mute.Prompt, mute.EnableSecret = "", ""
	target := d.target()
	target.Username, target.Password = mute.Username, driver.NewSecret(mute.Password)
	target.PrivateKey = driver.Secret{}
	target.HostKeys = &hostkey.Memory{}
	target.Address, target.Port, target.ConnectTimeout = "127.0.0.1", replay.Start(t, mute).Port(), 2*shortly
	err := fails(t, d, target)
	mustBe(t, err, contract.KindTimeout, contract.EffectNone)
	var late *driver.TimeoutError
	if !errors.As(err, &late) || late.Stage != driver.StagePrompt {
		t.Errorf("%v", err)
	}
}

// silent listens, accepts, and never says a word.
func silent(t *testing.T) int {
	return listen(t, func(net.Conn) {})
}

func listen(t *testing.T, each func(net.Conn)) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns []net.Conn
	var accepting sync.WaitGroup
	accepting.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			each(c)
			conns = append(conns, c)
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		accepting.Wait()
		for _, c := range conns {
			_ = c.Close()
		}
	})
	return listener.Addr().(*net.TCPAddr).Port
}

// deaf listens with a queue that is full, so that a connection attempt gets no answer at all.
func deaf(t *testing.T) int {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	port := name.(*syscall.SockaddrInet4).Port
	for range 8 { // until one gets no answer
		c, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", itoa(port)), 200*time.Millisecond)
		if err != nil {
			return port
		}
		t.Cleanup(func() { _ = c.Close() })
	}
	t.Fatal("the listener's queue does not fill")
	return 0
}
