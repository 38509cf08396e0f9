package lab_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/netrust/netrust/lab"
)

// call asks the HTTP control and decodes its answer into v, if v is not nil.
func call(t *testing.T, l *lab.Lab, method, path, body string, v any) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, l.ControlURL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if v != nil {
		if err := json.Unmarshal(content, v); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, content)
		}
	}
	return response.StatusCode
}

func TestTheControlTellsWhatDevicesReceived(t *testing.T) {
	t.Parallel()
	l := start(t, lab.Config{Platforms: []string{"cisco_nxos"}, Devices: 2, CommandLog: 3})
	d := l.Devices()[1]
	client := mustDial(t, l, d)
	for _, command := range []string{"show clock", "test mark a", "test mark a", "show mark b"} {
		if _, _, err := run(t, client, command); err != nil {
			t.Fatal(err)
		}
	}

	var commands lab.Commands
	call(t, l, "GET", "/devices/lab-0002/commands", "", &commands)
	if commands.Total["test mark a"] != 2 || len(commands.Recent) != 3 || commands.Recent[2].Line != "show mark b" || commands.Recent[0].Sequence != 2 {
		t.Errorf("commands: %+v", commands)
	}
	var counts struct{ Devices map[string]lab.Counts }
	call(t, l, "GET", "/counts", "", &counts)
	if got := counts.Devices["lab-0002"]; got.Marks["a"] != 2 || got.Marks["b"] != 1 || got.SessionsOpen != 1 {
		t.Errorf("counts: %+v", got)
	}
	if got := counts.Devices["lab-0001"]; got.Commands != 0 || len(got.Marks) != 0 {
		t.Errorf("the other device counts %+v", got)
	}

	if status := call(t, l, "POST", "/reset", "", nil); status != http.StatusNoContent {
		t.Errorf("reset: %d", status)
	}
	call(t, l, "GET", "/devices/lab-0002/commands", "", &commands)
	if len(commands.Recent) != 0 || d.Counts().Commands != 0 {
		t.Errorf("after a reset: %+v, %+v", commands, d.Counts())
	}
}

func TestTheControlSetsAndClearsFaults(t *testing.T) {
	t.Parallel()
	l, d := one(t, "frr")
	if status := call(t, l, "PUT", "/devices/lab-0001/faults", `{"wrong_password": true}`, nil); status != http.StatusNoContent {
		t.Fatalf("setting a fault: %d", status)
	}
	if _, err := dial(t, d, login(l, d)); err == nil {
		t.Error("the fault does nothing")
	}
	var shown struct {
		HostKey string `json:"host_key"`
		Faults  struct {
			WrongPassword bool `json:"wrong_password"`
		}
	}
	call(t, l, "GET", "/devices/lab-0001", "", &shown)
	if !shown.Faults.WrongPassword || !strings.HasPrefix(shown.HostKey, "ssh-ed25519 ") {
		t.Errorf("the device is shown as %+v", shown)
	}
	if status := call(t, l, "DELETE", "/devices/lab-0001/faults", "", nil); status != http.StatusNoContent {
		t.Errorf("clearing faults: %d", status)
	}
	mustDial(t, l, d)
}

func TestTheControlExplainsWhatIsWrong(t *testing.T) {
	t.Parallel()
	l, _ := one(t, "frr")
	for _, c := range []struct {
		name, method, path, body, says string
		status                         int
	}{
		{"an unknown device", "GET", "/devices/nobody", "", "no such device", 404},
		{"faults of an unknown device", "PUT", "/devices/nobody/faults", "{}", "no such device", 404},
		{"an unknown fault", "PUT", "/devices/lab-0001/faults", `{"explode": true}`, "explode", 400},
		{"no JSON", "PUT", "/devices/lab-0001/faults", `refuse`, "JSON object", 400},
		{"an impossible value", "PUT", "/devices/lab-0001/faults", `{"busy": "very"}`, "busy", 422},
	} {
		var problem struct{ Detail string }
		if status := call(t, l, c.method, c.path, c.body, &problem); status != c.status || !strings.Contains(problem.Detail, c.says) {
			t.Errorf("%s: %d %q", c.name, status, problem.Detail)
		}
	}
}

func TestTheControlAnswersInTheNameOfLoopbackOnly(t *testing.T) {
	t.Parallel()
	l, _ := one(t, "frr")
	request, err := http.NewRequestWithContext(t.Context(), "GET", l.ControlURL()+"/devices", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "attacker.example"
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		t.Errorf("a request to another host's name: %s", response.Status)
	}
}
