package system

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/lab"
	"github.com/netrust/netrust/lab/fault"
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

// Credential is one part of the credential that the inventory refers to: USERNAME, PASSWORD or ENABLE.
func (l *Lab) Credential(part string) string {
	for _, line := range l.Env {
		if value, ok := strings.CutPrefix(line, "NETRUST_CREDENTIAL_LAB_"+part+"="); ok {
			return value
		}
	}
	return ""
}

// Fault makes a device misbehave from now on; the zero set makes it healthy again.
func (l *Lab) Fault(t testing.TB, device string, faults fault.Set) {
	t.Helper()
	body, err := json.Marshal(faults)
	if err != nil {
		t.Fatal(err)
	}
	l.change(t, http.MethodPut, device, "faults", body)
}

// Reset makes a device as it was delivered, and ends its sessions: the next task has to log in.
func (l *Lab) Reset(t testing.TB, device string) {
	t.Helper()
	l.change(t, http.MethodPost, device, "reset", nil)
}

func (l *Lab) change(t testing.TB, method, device, what string, body []byte) {
	t.Helper()
	req, err := http.NewRequest(method, l.control+"/devices/"+device+"/"+what, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end
	if said, _ := io.ReadAll(resp.Body); resp.StatusCode/100 != 2 {
		t.Fatalf("the lab refuses %s of %s: %s", what, device, said)
	}
}

// Commands asks what a device was told to do.
func (l *Lab) Commands(t testing.TB, device string) lab.Commands {
	t.Helper()
	var out lab.Commands
	l.get(t, "/devices/"+device+"/commands", &out)
	return out
}

// Counts asks what every device received.
func (l *Lab) Counts(t testing.TB) map[string]lab.Counts {
	t.Helper()
	var out struct{ Devices map[string]lab.Counts }
	l.get(t, "/counts", &out)
	return out.Devices
}

func (l *Lab) get(t testing.TB, path string, out any) {
	t.Helper()
	resp, err := client.Get(l.control + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		t.Fatal(err)
	}
}
