package system

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/lab"
)

// Lab is simulated devices in a process of their own.
type Lab struct {
	Process   *Process
	Inventory []byte
	// Env holds the credential that the inventory refers to.
	Env     []string
	control string
}

// StartLab starts the lab with the arguments of `netrust lab`, and waits until its devices answer.
func StartLab(t testing.TB, args ...string) *Lab {
	t.Helper()
	dir, control := t.TempDir(), "127.0.0.1:"+FreePort(t)
	l := &Lab{control: "http://" + control, Process: &Process{
		Name: "lab", bin: Binary(t),
		args: append([]string{"lab", "--dir", dir, "--control", control, "--port", "0"}, args...),
	}}
	l.Process.Start(t)
	t.Cleanup(l.Process.Kill)
	Eventually(t, 60*time.Second, "the lab is up", func() error { return contains(l.Process.Log(), "Ctrl-C ends it") })
	var err error
	if l.Inventory, err = os.ReadFile(filepath.Join(dir, "inventory.yaml")); err != nil {
		t.Fatal(err)
	}
	env, err := os.ReadFile(filepath.Join(dir, "credentials.env"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(env)) {
		l.Env = append(l.Env, strings.NewReplacer("'", "", "\n", "").Replace(line))
	}
	return l
}

// Counts asks what every device received.
func (l *Lab) Counts(t testing.TB) map[string]lab.Counts {
	t.Helper()
	resp, err := http.Get(l.control + "/counts")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end
	var out struct{ Devices map[string]lab.Counts }
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out.Devices
}
