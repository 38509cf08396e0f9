package system

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

var natsServer struct {
	once sync.Once
	path string
	err  error
	out  []byte
}

// NATSServer builds the nats-server that its makers publish, once for all tests of a package, and returns its path. It is the
// version that netrust embeds: that of Debian is too old for atomic batches.
func NATSServer(t testing.TB) string {
	t.Helper()
	dir := filepath.Dir(Binary(t))
	natsServer.once.Do(func() {
		natsServer.path = filepath.Join(dir, "nats-server")
		cmd := exec.Command("go", "build", "-o", natsServer.path, "github.com/nats-io/nats-server/v2")
		natsServer.out, natsServer.err = cmd.CombinedOutput()
	})
	if natsServer.err != nil {
		t.Fatalf("building nats-server: %v\n%s", natsServer.err, natsServer.out)
	}
	return natsServer.path
}

// outsideNATS is a nats-server with the settings that deploy/nats has, and the passwords that netrust nats users makes.
func outsideNATS(t testing.TB, dir, listen string) *Process {
	t.Helper()
	if out, err := exec.Command(Binary(t), "nats", "users", dir).CombinedOutput(); err != nil {
		t.Fatalf("making users: %v\n%s", err, out)
	}
	hashes, err := os.ReadFile(filepath.Join(dir, "nats.env"))
	if err != nil {
		t.Fatal(err)
	}
	p := &Process{
		Name: "nats-server", bin: NATSServer(t), args: []string{"-c", filepath.Join("..", "..", "deploy", "nats", "nats-server.conf")},
		env: []string{"NATS_LISTEN=" + listen, "NATS_STORE=" + filepath.Join(dir, "store")},
	}
	for line := range bytes.Lines(hashes) { // as a shell or systemd reads it
		p.env = append(p.env, strings.NewReplacer("'", "", "\n", "").Replace(string(line)))
	}
	t.Cleanup(func() {
		if p.Kill(); t.Failed() {
			t.Logf("nats-server wrote:\n%s", tail(p.Log(), 6000))
		}
	})
	return p
}

// setUp makes the streams, as an operator does.
func setUp(t testing.TB, c *Cluster) {
	t.Helper()
	cmd := exec.Command(Binary(t), "nats", "setup", "--url", c.NATSURL, "--password-file", c.PasswordFile)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("making the streams: %v\n%s", err, out)
	}
}
