package sshdriver_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/driver/drivertest/replay"
	"github.com/netrust/netrust/libs/driver/hostkey"
	"github.com/netrust/netrust/libs/driver/platform"
	"github.com/netrust/netrust/libs/driver/sshdriver"
)

const patience = 20 * time.Second

func targetOf(s *replay.Server, d replay.Device) driver.Target {
	return driver.Target{DeviceID: "dev-1", Address: "127.0.0.1", Port: s.Port(), Username: d.Username,
		Password: driver.NewSecret(d.Password), HostKeys: &hostkey.Memory{}, ConnectTimeout: patience}
}

func open(t *testing.T, name string, target driver.Target, o driver.OpenOptions) (driver.Session, error) {
	t.Helper()
	d, err := sshdriver.New(name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := d.Open(t.Context(), target, o)
	if err == nil {
		t.Cleanup(func() { _ = s.Close() })
	}
	return s, err
}

func mustOpen(t *testing.T, name string, target driver.Target, o driver.OpenOptions) driver.Session {
	t.Helper()
	s, err := open(t, name, target, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func run(t *testing.T, s driver.Session, command string) string {
	t.Helper()
	out, err := s.Run(t.Context(), driver.Command{Text: command, Timeout: patience})
	if err != nil {
		t.Fatalf("%q: %v", command, err)
	}
	return out.Text
}

func simple(name string) replay.Device {
	d := replay.Preset(name)
	d.Answers["show version"] = replay.Answer{Text: "Version 1\nUptime 2\n"}
	d.Answers["show clock"] = replay.Answer{Text: "12:00\n"}
	return d
}

const version = "Version 1\nUptime 2\n"

func TestReadsThatWereAnnouncedNeedNoTerminal(t *testing.T) {
	t.Parallel()
	for _, name := range []string{platform.CiscoNXOS, platform.AristaEOS, platform.JuniperJunos} {
		d := simple(name)
		server := replay.Start(t, d)
		s := mustOpen(t, name, targetOf(server, d), driver.OpenOptions{Commands: []string{"show version", "show clock"}})
		if run(t, s, "show version") != version || run(t, s, "show clock") != "12:00\n" || s.Prompt() != "" {
			t.Errorf("%s: the prompt is %q", name, s.Prompt())
		}
		if server.Logins.Load() != 1 || server.Count("show version") != 1 {
			t.Errorf("%s: %d logins, %d commands", name, server.Logins.Load(), server.Count("show version"))
		}
	}
}

func TestIOSRunsOneReadWithoutTerminal(t *testing.T) {
	t.Parallel()
	d := simple(platform.CiscoIOS)
	server := replay.Start(t, d)
	one := mustOpen(t, platform.CiscoIOS, targetOf(server, d), driver.OpenOptions{Commands: []string{"show version"}})
	if run(t, one, "show version") != version || one.Prompt() != "" {
		t.Errorf("one read opened a terminal: %q", one.Prompt())
	}
	// The device has hung up; another command costs another login, and nobody needs to know.
	if run(t, one, "show clock") != "12:00\n" || one.Prompt() != "r1#" || server.Logins.Load() != 2 {
		t.Errorf("prompt %q, %d logins", one.Prompt(), server.Logins.Load())
	}
	two := mustOpen(t, platform.CiscoIOS, targetOf(server, d), driver.OpenOptions{Commands: []string{"show version", "show clock"}})
	if two.Prompt() != "r1#" {
		t.Errorf("two reads opened no terminal: %q", two.Prompt())
	}
}

func TestWhatIsNoReadNeedsATerminal(t *testing.T) {
	t.Parallel()
	d := simple(platform.AristaEOS)
	server := replay.Start(t, d)
	for _, o := range []driver.OpenOptions{{}, {Commands: []string{"show version", "reload"}}, {Commands: []string{"show version | redirect flash:x"}}, {Commands: []string{"show version"}, Terminal: true}} {
		if s := mustOpen(t, platform.AristaEOS, targetOf(server, d), o); s.Prompt() != "leaf1#" {
			t.Errorf("%+v: the prompt is %q", o, s.Prompt())
		}
	}
	target := targetOf(server, d)
	target.EnableSecret = driver.NewSecret("x")
	if s := mustOpen(t, platform.AristaEOS, target, driver.OpenOptions{Commands: []string{"show version"}}); s.Prompt() != "leaf1#" {
		t.Error("with an enable secret no terminal was opened")
	}
}

func TestADeviceWithoutExecGetsATerminal(t *testing.T) {
	t.Parallel()
	d := simple(platform.AristaEOS)
	d.NoExec = true
	server := replay.Start(t, d)
	s := mustOpen(t, platform.AristaEOS, targetOf(server, d), driver.OpenOptions{Commands: []string{"show version"}})
	if run(t, s, "show version") != version || s.Prompt() != "leaf1#" || server.Logins.Load() != 1 {
		t.Errorf("prompt %q, %d logins", s.Prompt(), server.Logins.Load())
	}
}

func TestADeviceThatHangsUpAfterExecIsAskedAgainInATerminal(t *testing.T) {
	t.Parallel()
	d := simple(platform.CiscoIOS)
	d.HangsUp = true
	server := replay.Start(t, d)
	s := mustOpen(t, platform.CiscoIOS, targetOf(server, d), driver.OpenOptions{Commands: []string{"show version"}})
	var shown strings.Builder
	out, err := s.Run(t.Context(), driver.Command{Text: "show version", Timeout: patience, Sink: func(b []byte) { shown.Write(b) }})
	if err != nil || out.Text != version || shown.String() != version {
		t.Errorf("%v: %q, shown %q", err, out.Text, shown.String())
	}
}

func TestExecIsLeftWhereDevicesHangUpEachTime(t *testing.T) {
	t.Parallel()
	d := simple(platform.CiscoIOS)
	d.HangsUp = true
	server := replay.Start(t, d)
	drv, err := sshdriver.New(platform.CiscoIOS)
	if err != nil {
		t.Fatal(err)
	}
	const sessions = 10
	for range sessions {
		s, err := drv.Open(t.Context(), targetOf(server, d), driver.OpenOptions{Commands: []string{"show version"}})
		if err != nil {
			t.Fatal(err)
		}
		if got := run(t, s, "show version"); got != version {
			t.Errorf("got %q", got)
		}
		_ = s.Close()
	}
	if logins := server.Logins.Load(); logins != sessions+3 {
		t.Errorf("%d sessions took %d logins", sessions, logins)
	}
}

func TestAnExecThatNeverEndsTimesOut(t *testing.T) {
	t.Parallel()
	d := simple(platform.AristaEOS)
	d.Answers["show forever"] = replay.Answer{Text: "begun\n", Hang: true}
	server := replay.Start(t, d)
	s := mustOpen(t, platform.AristaEOS, targetOf(server, d), driver.OpenOptions{Commands: []string{"show forever"}})
	_, err := s.Run(t.Context(), driver.Command{Text: "show forever", Timeout: 200 * time.Millisecond})
	if driver.KindOf(err) != contract.KindTimeout || s.Alive() {
		t.Errorf("%v, alive %v", err, s.Alive())
	}
}

func TestAWrongEnableSecretIsGivenOnce(t *testing.T) {
	t.Parallel()
	d := simple(platform.CiscoIOS)
	d.EnableSecret = "right"
	server := replay.Start(t, d)
	target := targetOf(server, d)
	target.EnableSecret = driver.NewSecret("wrong")
	_, err := open(t, platform.CiscoIOS, target, driver.OpenOptions{})
	var denied *driver.AuthenticationError
	if !errors.As(err, &denied) || denied.Stage != driver.StageEnable || server.FailedLogins.Load() != 1 {
		t.Errorf("%v, %d failed", err, server.FailedLogins.Load())
	}
	target.EnableSecret = driver.Secret{}
	s := mustOpen(t, platform.CiscoIOS, target, driver.OpenOptions{})
	if s.Prompt() != "r1>" || run(t, s, "show version") != version {
		t.Errorf("without a secret the session is at %q", s.Prompt())
	}
}

func TestAWrongInteractivePasswordCostsOneFailedLogin(t *testing.T) {
	t.Parallel()
	d := simple(platform.CiscoIOS)
	d.Interactive = true
	server := replay.Start(t, d)
	target := targetOf(server, d)
	target.Password = driver.NewSecret("wrong")
	_, err := open(t, platform.CiscoIOS, target, driver.OpenOptions{})
	if driver.KindOf(err) != contract.KindAuthentication || server.FailedLogins.Load() != 1 {
		t.Errorf("%v, %d failed", err, server.FailedLogins.Load())
	}
}

func TestAKeyLogsInWithoutThePassword(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	locked, err := ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte("open sesame"))
	if err != nil {
		t.Fatal(err)
	}
	d := simple(platform.CiscoIOS)
	d.AuthorizedKey = key.Marshal()
	server := replay.Start(t, d)
	target := targetOf(server, d)
	target.Password = driver.Secret{}
	for _, c := range []struct {
		pem        []byte
		passphrase string
		kind       driver.Kind
	}{
		{pem.EncodeToMemory(plain), "", ""}, {pem.EncodeToMemory(locked), "open sesame", ""},
		{pem.EncodeToMemory(locked), "wrong", contract.KindCredential}, {pem.EncodeToMemory(locked), "", contract.KindCredential},
		{[]byte("no key"), "", contract.KindCredential},
	} {
		target.PrivateKey, target.Passphrase = driver.NewSecret(string(c.pem)), driver.NewSecret(c.passphrase)
		_, err := open(t, platform.CiscoIOS, target, driver.OpenOptions{})
		if err != nil && driver.KindOf(err) != c.kind || err == nil && c.kind != "" {
			t.Errorf("passphrase %q: %v", c.passphrase, err)
		}
	}
	// A key that the server refuses is the one failed login: the password is not tried after it.
	_, other, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := ssh.MarshalPrivateKey(other, "")
	if err != nil {
		t.Fatal(err)
	}
	before := server.FailedLogins.Load()
	target.PrivateKey, target.Passphrase, target.Password = driver.NewSecret(string(pem.EncodeToMemory(foreign))), driver.Secret{}, driver.NewSecret(d.Password)
	_, err = open(t, platform.CiscoIOS, target, driver.OpenOptions{})
	if driver.KindOf(err) != contract.KindAuthentication || server.FailedLogins.Load()-before != 1 {
		t.Errorf("%v, %d failed", err, server.FailedLogins.Load()-before)
	}
}

func TestNothingIsSentWithoutAHostKeyStore(t *testing.T) {
	t.Parallel()
	d := simple(platform.CiscoIOS)
	server := replay.Start(t, d)
	target := targetOf(server, d)
	target.HostKeys = nil
	_, err := open(t, platform.CiscoIOS, target, driver.OpenOptions{})
	if !errors.As(err, new(*driver.RefusedError)) || server.Connections.Load() != 0 {
		t.Errorf("%v, %d connections", err, server.Connections.Load())
	}
}

func TestUnusualTerminals(t *testing.T) {
	t.Parallel()
	cases := map[string]func(*replay.Device){
		"no echo": func(d *replay.Device) { d.NoEcho = true },
		"a log line before the echo": func(d *replay.Device) {
			d.Answers["show version"] = replay.Answer{Text: version, Noise: "*Mar  1 00:00:01.000: %SYS-5-CONFIG_I: Configured from console"}
		},
		"a banner that ends like a prompt": func(d *replay.Device) { d.Banner = "Welcome\nsite1#\n" },
		"a prompt after a blank line":      func(d *replay.Device) { d.Lead = "" },
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := simple(platform.CiscoIOS)
			change(&d)
			server := replay.Start(t, d)
			s := mustOpen(t, platform.CiscoIOS, targetOf(server, d), driver.OpenOptions{})
			for range 2 {
				if got := run(t, s, "show version"); got != version {
					t.Errorf("got %q", got)
				}
			}
			if server.Count("show version") != 2 {
				t.Errorf("the device got it %d times", server.Count("show version"))
			}
		})
	}
}

func TestTheModeOfASessionIsItsPrompt(t *testing.T) {
	t.Parallel()
	d := simple(platform.CiscoIOS)
	d.Answers["configure terminal"] = replay.Answer{Text: "Enter configuration commands, one per line.  End with CNTL/Z.\n", Mode: "r1(config)#"}
	d.Answers["interface Gi1"] = replay.Answer{Mode: "r1(config-if)#"}
	d.Answers["end"] = replay.Answer{Mode: "r1#"}
	d.Answers["hostname core"] = replay.Answer{Mode: "core(config)#"}
	d.Answers["exit"] = replay.Answer{Leave: true}
	server := replay.Start(t, d)
	s := mustOpen(t, platform.CiscoIOS, targetOf(server, d), driver.OpenOptions{})
	for _, step := range [][2]string{{"configure terminal", "r1(config)#"}, {"interface Gi1", "r1(config-if)#"}, {"hostname core", "core(config)#"}, {"end", "r1#"}} {
		run(t, s, step[0])
		if s.Prompt() != step[1] {
			t.Errorf("after %q the prompt is %q", step[0], s.Prompt())
		}
	}
	_, err := s.Run(t.Context(), driver.Command{Text: "exit", Timeout: patience})
	if driver.KindOf(err) != contract.KindUnreachable || driver.EffectOf(err) != contract.EffectPossible {
		t.Errorf("exit: %v", err)
	}
}

func TestAQuestionMarkIsNotTyped(t *testing.T) {
	t.Parallel()
	d := simple(platform.CiscoIOS)
	server := replay.Start(t, d)
	s := mustOpen(t, platform.CiscoIOS, targetOf(server, d), driver.OpenOptions{})
	_, err := s.Run(t.Context(), driver.Command{Text: "show ?", Timeout: patience})
	if !errors.As(err, new(*driver.RefusedError)) || run(t, s, "show version") != version {
		t.Errorf("%v", err)
	}
}

func TestOldDevicesNeedPermission(t *testing.T) {
	t.Parallel()
	d := simple(platform.CiscoIOS)
	d.Legacy = true
	server := replay.Start(t, d)
	target := targetOf(server, d)
	_, err := open(t, platform.CiscoIOS, target, driver.OpenOptions{})
	if driver.KindOf(err) != contract.KindUnreachable || !strings.Contains(err.Error(), "legacy_algorithms") {
		t.Errorf("without permission: %v", err)
	}
	target.LegacyAlgorithms = true
	if got := run(t, mustOpen(t, platform.CiscoIOS, target, driver.OpenOptions{}), "show version"); got != version {
		t.Errorf("got %q", got)
	}
}
