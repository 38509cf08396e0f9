package peers_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/driver/hostkey"
	"github.com/netrust/netrust/libs/driver/sshdriver"
	"github.com/netrust/netrust/tests/peers"
)

func machine(s *peers.OpenSSH) driver.Target {
	return driver.Target{DeviceID: "host", Address: s.Address, Port: s.Port, Platform: "generic_ssh", Username: s.Username,
		HostKeys: &hostkey.Memory{}, ConnectTimeout: 20 * time.Second}
}

// hopOf is the server as a jump host, with its password.
func hopOf(s *peers.OpenSSH, name string) driver.Target {
	h := machine(s)
	h.DeviceID, h.Password = "jump host "+name, driver.NewSecret(s.Password)
	return h
}

// login opens a session, runs a command in it, and returns what it printed and how the login was counted.
func login(t *testing.T, target driver.Target) (string, *driver.Logins, error) {
	t.Helper()
	d, err := sshdriver.New(target.Platform)
	if err != nil {
		t.Fatal(err)
	}
	logins := &driver.Logins{}
	ctx := driver.RecordLogins(t.Context(), logins)
	s, err := d.Open(ctx, target, driver.OpenOptions{})
	if err != nil {
		return "", logins, err
	}
	defer s.Close()
	out, err := s.Run(ctx, driver.Command{Text: "echo $SSH_CONNECTION", Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return out.Text, logins, nil
}

func readKey(t *testing.T, file string) driver.Secret {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return driver.NewSecret(string(text))
}

func TestAKeyWithAPassphraseLogsIn(t *testing.T) {
	s := peers.StartOpenSSH(t, nil)
	for _, kind := range []string{"ed25519", "rsa", "ecdsa"} {
		file := peers.NewKey(t, kind, "open sesame", "")
		s.Authorize(t, file+".pub")
		target := machine(s)
		target.PrivateKey, target.Passphrase = readKey(t, file), driver.NewSecret("open sesame")
		if _, logins, err := login(t, target); err != nil || logins.Attempts() != 1 || logins.Method() != "publickey" {
			t.Errorf("%s: %d logins by %q: %v", kind, logins.Attempts(), logins.Method(), err)
		}
		target.Passphrase = driver.NewSecret("not it")
		_, logins, err := login(t, target)
		var fault *driver.CredentialError
		if !errors.As(err, &fault) || fault.Field != "passphrase" || logins.Attempts() != 0 || strings.Contains(err.Error(), "not it") {
			t.Errorf("%s: a wrong passphrase: %d logins, %v", kind, logins.Attempts(), err)
		}
	}
}

func TestAnAgentSignsTheLogin(t *testing.T) {
	s := peers.StartOpenSSH(t, nil)
	right, other := peers.NewKey(t, "ed25519", "", "right@desk"), peers.NewKey(t, "rsa", "", "other@desk")
	s.Authorize(t, right+".pub")
	target := machine(s)

	target.AgentSocket = peers.StartAgent(t, right)
	if _, logins, err := login(t, target); err != nil || logins.Method() != "agent" || logins.Attempts() != 1 {
		t.Errorf("an agent with one key: %d logins by %q: %v", logins.Attempts(), logins.Method(), err)
	}

	target.AgentSocket = peers.StartAgent(t, other, right)
	_, logins, err := login(t, target)
	var fault *driver.CredentialError
	if !errors.As(err, &fault) || fault.Field != "agent_key" || !strings.Contains(fault.Remedy, "right@desk") || logins.Attempts() != 0 {
		t.Errorf("two keys and no choice: %v", err)
	}
	list, err := exec.Command("ssh-keygen", "-l", "-f", right+".pub").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, choice := range []string{"right@desk", strings.Fields(string(list))[1]} {
		target.AgentKey = choice
		if _, logins, err := login(t, target); err != nil || logins.Attempts() != 1 {
			t.Errorf("chosen by %s: %v", choice, err)
		}
	}
	target.AgentKey = "other@desk"
	if _, _, err := login(t, target); driver.KindOf(err) != contract.KindAuthentication {
		t.Errorf("a key that the server does not know: %v", err)
	}
	if n := strings.Count(s.Log(), "Failed publickey"); n > 1 {
		t.Errorf("the server refused %d keys, one was offered", n)
	}
	target.AgentKey = "nobody@desk"
	if _, _, err := login(t, target); !errors.As(err, &fault) || fault.Field != "agent_key" {
		t.Errorf("a key that the agent does not have: %v", err)
	}
	target.AgentKey, target.AgentSocket = "", peers.StartAgent(t)
	if _, _, err := login(t, target); !errors.As(err, &fault) || fault.Field != "agent" {
		t.Errorf("an empty agent: %v", err)
	}
	target.AgentSocket += "-gone"
	if _, _, err := login(t, target); !errors.As(err, &fault) || fault.Field != "agent" || driver.EffectOf(err) != contract.EffectNone {
		t.Errorf("no agent: %v", err)
	}
}

func TestPAMAsksByKeyboardInteractive(t *testing.T) {
	notice := filepath.Join(t.TempDir(), "notice") // shown in a round without questions
	if err := os.WriteFile(notice, []byte("Authorised users only. Enter the code of conduct.\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := peers.StartOpenSSH(t, nil, "auth optional pam_echo.so file="+notice, "auth required pam_unix.so", "account required pam_permit.so",
		"session required pam_permit.so")
	target := machine(s)
	target.Password = driver.NewSecret(s.Password)
	if _, logins, err := login(t, target); err != nil || logins.Method() != "keyboard-interactive" || logins.Attempts() != 1 {
		t.Errorf("%d logins by %q: %v", logins.Attempts(), logins.Method(), err)
	}
	target.Password = driver.NewSecret("wrong")
	if _, logins, err := login(t, target); driver.KindOf(err) != contract.KindAuthentication || logins.Attempts() != 1 {
		t.Errorf("a wrong password: %d logins, %v", logins.Attempts(), err)
	}
}

func TestADeviceIsReachedThroughJumpHosts(t *testing.T) {
	first, second, device := peers.StartOpenSSH(t, nil), peers.StartOpenSSH(t, nil), peers.StartOpenSSH(t, nil)
	target := machine(device)
	target.Password = driver.NewSecret(device.Password)
	before := runtime.NumGoroutine()
	for _, chain := range [][]driver.Target{{hopOf(first, "one")}, {hopOf(first, "one"), hopOf(second, "two")}} {
		target.Jump = chain
		if _, logins, err := login(t, target); err != nil || logins.Attempts() != 1 {
			t.Errorf("through %d jump hosts: %d logins on the device, %v", len(chain), logins.Attempts(), err)
		}
	}
	if n := strings.Count(first.Log(), "Accepted password"); n != 2 {
		t.Errorf("the first jump host let us in %d times, want 2", n)
	}
	if n := strings.Count(second.Log(), "Accepted password"); n != 1 {
		t.Errorf("the second jump host let us in %d times, want 1", n)
	}
	for deadline := time.Now().Add(20 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines are left, there were %d", runtime.NumGoroutine(), before)
		}
	}
}

func TestAnErrorOnTheWayNamesTheJumpHost(t *testing.T) {
	first, second, device := peers.StartOpenSSH(t, nil), peers.StartOpenSSH(t, []string{"AllowTcpForwarding no"}), peers.StartOpenSSH(t, nil)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	try := func(change func(*driver.Target, []driver.Target)) error {
		target := machine(device)
		target.Password = driver.NewSecret(device.Password)
		target.Jump = []driver.Target{hopOf(first, "one"), hopOf(first, "two")}
		change(&target, target.Jump)
		_, logins, err := login(t, target)
		if err == nil || logins.Attempts() != 0 {
			t.Errorf("%d logins on the device, %v", logins.Attempts(), err)
		}
		return err
	}
	for name, c := range map[string]struct {
		change func(*driver.Target, []driver.Target)
		kind   driver.Kind
		says   []string
	}{
		"a wrong password of the second": {
			func(_ *driver.Target, hops []driver.Target) { hops[1].Password = driver.NewSecret("hunter2-wrong") },
			contract.KindAuthentication, []string{"on the way to host: jump host two", "refused the login"},
		},
		"a host key that changed": {
			func(_ *driver.Target, hops []driver.Target) {
				known := &hostkey.Memory{}
				key := driver.HostKey{Type: "ssh-ed25519", Blob: []byte("another")}
				if err := known.Check(t.Context(), hops[0].DeviceID, address(first), key); err != nil {
					t.Fatal(err)
				}
				hops[0].HostKeys = known
			},
			contract.KindHostKey, []string{"on the way to host: jump host one", "shows another host key"},
		},
		"one that forwards nothing": {
			func(target *driver.Target, _ []driver.Target) { target.Jump = []driver.Target{hopOf(second, "closed")} },
			contract.KindUnreachable, []string{"jump host closed does not forward"},
		},
		"a device that is not there": {
			func(target *driver.Target, _ []driver.Target) { target.Port = 1 },
			contract.KindUnreachable, []string{"host (127.0.0.1) is unreachable", "jump host two could not connect to it"},
		},
		"one that is not there": {
			func(_ *driver.Target, hops []driver.Target) { hops[0].Port = 1 },
			contract.KindUnreachable, []string{"on the way to host: jump host one"},
		},
		"one that never speaks": {
			func(target *driver.Target, hops []driver.Target) {
				hops[1].Port, target.ConnectTimeout = silent.Addr().(*net.TCPAddr).Port, 700*time.Millisecond
			},
			contract.KindUnreachable, []string{"on the way to host: jump host two", "no answer within"},
		},
	} {
		err := try(c.change)
		for _, says := range c.says {
			if err == nil || driver.KindOf(err) != c.kind || driver.EffectOf(err) != contract.EffectNone || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: %v, want %q and kind %s", name, err, says, c.kind)
			}
		}
	}
}

func address(s *peers.OpenSSH) string { return fmt.Sprintf("[%s]:%d", s.Address, s.Port) }
