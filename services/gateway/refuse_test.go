package gateway_test

import (
	"strings"
	"testing"

	"github.com/netrust/netrust/libs/contract/api"
)

func TestBadInputIsNamedAndPublishesNothing(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	c := f.gateway()
	c.importDevices(inventoryYAML)
	before := call[api.DeviceList](c, 200, "GET", api.PathDevices, "").Revision

	yaml := header{"Content-Type", "application/yaml"}
	for _, tc := range []struct {
		name, method, path, body string
		headers                  []header
		status                   int
		field, says              string // of the first fault, or of the detail where field is empty
	}{
		{"an unknown device", "POST", "/v1/jobs", `{"targets":{"ids":["core-9"]},"commands":["show version"]}`, nil, 422, "targets.ids", "core-9"},
		{"a tag that matches nothing", "POST", "/v1/jobs", `{"targets":{"tags":["cor"]},"commands":["show version"]}`, nil, 422, "targets.tags[0]", "cor"},
		{"a label expression that is none", "POST", "/v1/jobs", `{"targets":{"labels":"role=="},"commands":["show version"]}`, nil, 422, "targets.labels", "column"},
		{"no targets", "POST", "/v1/jobs", `{"commands":["show version"]}`, nil, 422, "targets", "nothing"},
		{"empty commands", "POST", "/v1/jobs", `{"targets":{"all":true},"commands":[]}`, nil, 422, "commands", "empty"},
		{"impossible limits", "POST", "/v1/jobs", `{"targets":{"all":true},"commands":["show version"],"limits":{"parallel":-1}}`, nil, 422, "limits.parallel", "bounds"},
		{"an unknown field", "POST", "/v1/jobs", `{"targets":{"all":true},"comands":["show version"]}`, nil, 400, "comands", ""},
		{"an unknown field inside", "POST", "/v1/jobs", `{"targets":{"al":true},"commands":["x"]}`, nil, 400, "targets.al", ""},
		{"malformed JSON", "POST", "/v1/jobs", "{\n  \"targets\": {,\n", nil, 400, "body", "line 2"},
		{"no body", "POST", "/v1/jobs", "", nil, 400, "body", ""},
		{"retry_of by hand", "POST", "/v1/jobs", `{"targets":{"all":true},"commands":["show version"],"retry_of":"x"}`, nil, 422, "retry_of", ""},
		{"a job that nobody knows", "POST", "/v1/jobs", `{"targets":{"not_reached_of":"nope"},"commands":["show version"]}`, nil, 422, "targets.not_reached_of", "nope"},
		{"an oversized job", "POST", "/v1/jobs", `{"name":"` + strings.Repeat("x", 1<<20) + `"}`, nil, 413, "body", "large"},
		{"an oversized import", "POST", "/v1/devices/import", strings.Repeat("# comment\n", 4<<20), []header{yaml}, 413, "body", "large"},
		{"a body of another type", "POST", "/v1/jobs", `<job/>`, []header{{"Content-Type", "application/xml"}}, 415, "Content-Type", "xml"},
		{"an answer of another type", "GET", "/v1/jobs", "", []header{{"Accept", "application/xml"}}, 406, "Accept", ""},
		{"a key of control characters", "POST", "/v1/jobs", showVersion, []header{{api.HeaderIdemKey, strings.Repeat("k", 300)}}, 422, api.HeaderIdemKey, ""},
		{"a wait that is no time", "POST", "/v1/jobs?wait=soon", showVersion, nil, 422, "wait", "soon"},
		{"a wait that is too long", "GET", "/v1/jobs/x?wait=2h", "", nil, 422, "wait", "2h"},
		{"an unknown parameter", "GET", "/v1/jobs?stat=running", "", nil, 422, "query.stat", ""},
		{"a limit of nothing", "GET", "/v1/jobs?limit=0", "", nil, 422, "query.limit", ""},
		{"a limit that is no number", "GET", "/v1/jobs?limit=many", "", nil, 422, "query.limit", ""},
		{"a state that is none", "GET", "/v1/jobs?state=done", "", nil, 422, "state", "done"},
		{"a label without a value", "GET", "/v1/jobs?label=ticket", "", nil, 422, "label", "ticket"},
		{"a cursor that is none", "GET", "/v1/jobs?cursor=%21%21", "", nil, 422, "cursor", ""},
		{"a cursor of another list", "GET", "/v1/jobs?cursor=WyJhIl0", "", nil, 422, "cursor", ""},
		{"a job that is not there", "GET", "/v1/jobs/nope", "", nil, 404, "", "nope"},
		{"tasks of a job that is not there", "GET", "/v1/jobs/nope/tasks", "", nil, 404, "", "nope"},
		{"events of a job that is not there", "GET", "/v1/jobs/nope/events", "", nil, 404, "", "nope"},
		{"an event id that is none", "GET", "/v1/jobs/nope/events", "", []header{{"Last-Event-ID", "yesterday"}}, 422, "Last-Event-ID", "yesterday"},
		{"a cancel of a job that is not there", "POST", "/v1/jobs/nope/cancel", "", nil, 404, "", "nope"},
		{"a cancel with a field that nobody knows", "POST", "/v1/jobs/nope/cancel", `{"why":"x"}`, nil, 400, "why", ""},
		{"a cancel with two values", "POST", "/v1/jobs/nope/cancel", `{} {}`, nil, 400, "body", ""},
		{"a retry with a wrong type", "POST", "/v1/jobs/nope/retry", `{"dry_run":"yes"}`, nil, 400, "dry_run", ""},
		{"a device that is not there", "GET", "/v1/devices/nope", "", nil, 404, "", "nope"},
		{"a label expression of devices that is none", "GET", "/v1/devices?label=role%3D%3D", "", nil, 422, "label", "column"},
		{"a corrupt inventory", "POST", "/v1/devices/import", "devices:\n  - id: a\n    platform: [\n", []header{yaml}, 400, "body", "line"},
		{"an inventory with a wrong port", "POST", "/v1/devices/import", "devices:\n  - {id: a, platform: frr, address: 192.0.2.1, credential: 'env:A', port: 99999}\n",
			[]header{yaml}, 400, "devices[0].port", "line 2"},
		{"a token of no role", "POST", "/v1/tokens", `{"name":"x","role":"root"}`, nil, 422, "role", "root"},
		{"a token of no name", "POST", "/v1/tokens", `{"role":"viewer"}`, nil, 422, "name", ""},
		{"a token that exists", "POST", "/v1/tokens", `{"name":"admin","role":"viewer"}`, nil, 409, "name", ""},
		{"the last admin token", "DELETE", "/v1/tokens/admin", "", nil, 409, "", "last"},
		{"a token that is not there", "DELETE", "/v1/tokens/nobody", "", nil, 404, "", ""},
		{"a path that is not there", "GET", "/v1/nothing", "", nil, 404, "path", ""},
		{"the root", "GET", "/", "", nil, 404, "path", ""},
		{"a method that is not possible", "PUT", "/v1/jobs", "{}", nil, 405, "", "GET"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := c.send(tc.method, tc.path, tc.body, tc.headers...)
			p := a.problem(t)
			if a.Status != tc.status {
				t.Fatalf("status %d, want %d: %s", a.Status, tc.status, a.Body)
			}
			if tc.field == "" {
				if !strings.Contains(p.Detail, tc.says) {
					t.Errorf("the detail does not say %q: %s", tc.says, a.Body)
				}
				return
			}
			if len(p.Errors) == 0 || p.Errors[0].Field != tc.field || !strings.Contains(p.Errors[0].Message+p.Errors[0].Remedy, tc.says) {
				t.Errorf("the first fault should be of %s and say %q: %s", tc.field, tc.says, a.Body)
			}
			if len(p.Errors) > 0 && p.Errors[0].Remedy == "" {
				t.Errorf("no remedy: %s", a.Body)
			}
		})
	}
	if n := f.jobsInLog(); n != 0 {
		t.Errorf("%d messages about jobs were published", n)
	}
	if now := call[api.DeviceList](c, 200, "GET", api.PathDevices, "").Revision; now != before {
		t.Errorf("the inventory went from revision %d to %d", before, now)
	}
}
