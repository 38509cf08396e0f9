package lab_test

import (
	"crypto/ed25519"
	"net"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/netrust/netrust/lab"
)

func TestEveryPlatformTakesThePasswordAndCountsWrongOnes(t *testing.T) {
	t.Parallel()
	l := start(t, lab.Config{})
	for _, d := range l.Devices() {
		t.Run(d.Platform, func(t *testing.T) {
			t.Parallel()
			mustDial(t, l, d).Close()
			wrong := login(l, d)
			wrong.Auth = []ssh.AuthMethod{ssh.Password("wrong")}
			if _, err := dial(t, d, wrong); err == nil || !strings.Contains(err.Error(), "unable to authenticate") {
				t.Errorf("a wrong password gives %v", err)
			}
			if got := d.Counts(); got.LoginsOK != 1 || got.LoginsFailed != 1 || got.SessionsMax != 1 {
				t.Errorf("counts %+v, want one login and one failure", got)
			}
		})
	}
}

func TestKeyboardInteractiveAsksOneQuestion(t *testing.T) {
	t.Parallel()
	for platform, question := range map[string]string{"cisco_ios": "Password: ", "juniper_junos": "Password:"} {
		l, d := one(t, platform)
		config := login(l, d)
		config.Auth = []ssh.AuthMethod{ssh.KeyboardInteractive(func(_, _ string, questions []string, echos []bool) ([]string, error) {
			if len(questions) != 1 || questions[0] != question || echos[0] {
				t.Errorf("%s asks %q (echo %v)", platform, questions, echos)
			}
			return []string{l.CredentialEnv()["NETRUST_CREDENTIAL_LAB_PASSWORD"]}, nil
		})}
		if _, err := dial(t, d, config); err != nil {
			t.Errorf("%s: %v", platform, err)
		}
	}
}

func TestAuthorizedKeysLogIn(t *testing.T) {
	t.Parallel()
	signer := newSigner(t)
	l := start(t, lab.Config{Platforms: []string{"cisco_ios"}, AuthorizedKeys: []ssh.PublicKey{signer.PublicKey()}})
	d := l.Devices()[0]
	config := login(l, d)
	config.Auth = []ssh.AuthMethod{ssh.PublicKeys(signer)}
	if _, err := dial(t, d, config); err != nil {
		t.Errorf("the authorized key: %v", err)
	}
	config.Auth = []ssh.AuthMethod{ssh.PublicKeys(newSigner(t))}
	if _, err := dial(t, d, config); err == nil {
		t.Error("an unknown key logs in")
	}
	if failed := d.Counts().LoginsFailed; failed != 0 {
		t.Errorf("an unknown key counts as %d failed logins; clients try keys that are not meant for the device", failed)
	}
}

func newSigner(t *testing.T) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func TestTheSameSeedMakesTheSameLab(t *testing.T) {
	t.Parallel()
	build := func(seed uint64) *lab.Lab {
		l, err := lab.New(lab.Config{Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	a, b, other := build(7), build(7), build(8)
	if string(a.KnownHosts()) != string(b.KnownHosts()) || string(a.KnownHosts()) == string(other.KnownHosts()) {
		t.Error("host keys do not follow the seed")
	}
	for i, d := range a.Devices() {
		same, differ := b.Devices()[i].Secrets(), other.Devices()[i].Secrets()
		for j, secret := range d.Secrets() {
			if secret != same[j] {
				t.Errorf("%s: secret %d differs with the same seed", d.ID, j)
			}
			if secret == differ[j] {
				t.Errorf("%s: secret %d is the same with another seed", d.ID, j)
			}
		}
	}
}

func TestASecretIsUsedByOneDeviceOnly(t *testing.T) {
	t.Parallel()
	l, err := lab.New(lab.Config{Devices: 60})
	if err != nil {
		t.Fatal(err)
	}
	env := l.CredentialEnv()
	seen := map[string]string{env["NETRUST_CREDENTIAL_LAB_PASSWORD"]: "", env["NETRUST_CREDENTIAL_LAB_ENABLE"]: ""}
	for _, d := range l.Devices() {
		for _, secret := range d.Secrets() {
			if owner, known := seen[secret]; known && owner != "" && len(secret) > 8 {
				t.Errorf("%s and %s share %q", owner, d.ID, secret)
			} else if !known {
				seen[secret] = d.ID
			}
		}
	}
}

func TestDevicesListenOnLoopbackOnly(t *testing.T) {
	t.Parallel()
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, listen := range []string{lab.ListenEach, lab.ListenOne} {
		l := start(t, lab.Config{Devices: 3, Listen: listen})
		for _, addr := range addrs {
			network, ok := addr.(*net.IPNet)
			if !ok || network.IP.IsLoopback() || network.IP.To4() == nil {
				continue
			}
			target := net.JoinHostPort(network.IP.String(), portOf(l))
			if banner := firstByte(target); banner != "" {
				t.Errorf("listen %q: the lab speaks at %s: %q", listen, target, banner)
			}
		}
	}
}
