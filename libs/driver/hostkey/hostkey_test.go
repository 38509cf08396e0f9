package hostkey_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/driver/hostkey"
)

func newKey(t *testing.T) ssh.PublicKey {
	t.Helper()
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func of(key ssh.PublicKey) driver.HostKey {
	return driver.HostKey{Type: key.Type(), Blob: key.Marshal()}
}

func reason(err error) driver.HostKeyReason {
	var e *driver.HostKeyError
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

func TestMemoryTrustsTheFirstKeyOnly(t *testing.T) {
	t.Parallel()
	var m hostkey.Memory
	first, second := of(newKey(t)), of(newKey(t))
	if got := m.Algorithms("r1", "10.0.0.1"); len(got) != 0 {
		t.Errorf("before the first use: %v", got)
	}
	for range 2 {
		if err := m.Check(t.Context(), "r1", "10.0.0.1", first); err != nil {
			t.Fatal(err)
		}
	}
	err := m.Check(t.Context(), "r1", "10.0.0.1", second)
	if reason(err) != driver.HostKeyChanged || !strings.Contains(err.Error(), first.Fingerprint()) || !strings.Contains(err.Error(), second.Fingerprint()) {
		t.Errorf("another key: %v", err)
	}
	if err := m.Check(t.Context(), "r2", "10.0.0.1", second); err != nil {
		t.Errorf("another device: %v", err)
	}
	if got := m.Algorithms("r1", ""); len(got) != 1 || got[0] != "ssh-ed25519" {
		t.Errorf("types %v", got)
	}
}

func TestOfTwoFirstUsesAtOnceOneKeyIsStored(t *testing.T) {
	t.Parallel()
	var m hostkey.Memory
	keys := []driver.HostKey{of(newKey(t)), of(newKey(t))}
	errs := make([]error, len(keys))
	var uses sync.WaitGroup
	for i := range keys {
		uses.Go(func() { errs[i] = m.Check(t.Context(), "r1", "", keys[i]) })
	}
	uses.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Errorf("%v", errs)
	}
}

func TestKnownHosts(t *testing.T) {
	t.Parallel()
	plain, port, hashed, revoked := newKey(t), newKey(t), newKey(t), newKey(t)
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	second, err := ssh.NewPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "known_hosts")
	text := strings.Join([]string{
		knownhosts.Line([]string{"10.0.0.1"}, plain), knownhosts.Line([]string{"10.0.0.1"}, second), knownhosts.Line([]string{"[10.0.0.1]:2201"}, port),
		knownhosts.Line([]string{knownhosts.HashHostname("core.example.net")}, hashed), "@revoked * " + string(ssh.MarshalAuthorizedKey(revoked)),
	}, "\n")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	k, err := hostkey.NewKnownHosts(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		address string
		key     ssh.PublicKey
		want    driver.HostKeyReason
		types   string
	}{
		{"10.0.0.1", plain, "", "ssh-ed25519 ecdsa-sha2-nistp256"}, {"10.0.0.1", second, "", "ssh-ed25519 ecdsa-sha2-nistp256"},
		{"10.0.0.1", port, driver.HostKeyChanged, "ssh-ed25519 ecdsa-sha2-nistp256"},
		{"[10.0.0.1]:2201", port, "", "ssh-ed25519"}, {"[10.0.0.1]:2201", plain, driver.HostKeyChanged, "ssh-ed25519"},
		{"core.example.net", hashed, "", "ssh-ed25519"}, {"core.example.net", plain, driver.HostKeyChanged, "ssh-ed25519"},
		{"10.9.9.9", plain, driver.HostKeyUnknown, ""}, {"10.0.0.1", revoked, driver.HostKeyUnavailable, "ssh-ed25519 ecdsa-sha2-nistp256"},
		{"2001:db8::1", plain, driver.HostKeyUnknown, ""},
	} {
		err := k.Check(t.Context(), "r1", c.address, of(c.key))
		if reason(err) != c.want || c.want == "" && err != nil {
			t.Errorf("%s: %v; want %q", c.address, err, c.want)
		}
		if got := strings.Join(k.Algorithms("r1", c.address), " "); got != c.types {
			t.Errorf("%s: types %q; want %q", c.address, got, c.types)
		}
	}
	if _, err := hostkey.NewKnownHosts(file + ".missing"); err == nil {
		t.Error("a missing file was read")
	}
}
