package gateway_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/audit"
	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/services/gateway/internal/refusal"
)

// reports reads what the gateways have reported, of a kind or of all, when there are so many.
func (f *fleet) reports(kind string, n int) (events []contract.AuditEvent) {
	f.t.Helper()
	eventually(f.t, fmt.Sprintf("%d reports of %s", n, kind), func() bool {
		events = nil
		stored, err := f.conn.Range(f.t.Context(), contract.StreamIntake, 1, bus.MaxRange)
		if err != nil {
			f.t.Fatal(err)
		}
		for _, m := range stored {
			var e contract.AuditEvent
			if err := json.Unmarshal(m.Data, &e); err != nil {
				f.t.Fatal(err)
			}
			if kind == "" || e.Kind == kind {
				events = append(events, e)
			}
		}
		return len(events) >= n
	})
	if len(events) != n {
		f.t.Errorf("%d reports of %s, want %d: %+v", len(events), kind, n, events)
	}
	return events
}

func TestWhatTheGatewayRefusesIsReported(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	c := f.gateway()
	c.importDevices(inventoryYAML)
	viewer := call[api.TokenCreated](c, 201, "POST", api.PathTokens, `{"name":"looker","role":"viewer"}`).Secret
	const secret = "hunter2secret"
	cases := []struct {
		as                 string
		method, path, body string
		status             int
		principal, object  string
		reason             string
	}{
		{"", "GET", "/v1/jobs", "", 401, "", "GET /v1/jobs", "no token"},
		{"nrt_" + secret + "aaaaaaaaaaaaaaaaaaa", "GET", "/v1/jobs", "", 401, "", "GET /v1/jobs", "another"},
		{viewer, "POST", "/v1/jobs", showVersion, 403, "looker", "POST /v1/jobs", "needs role operator"},
		{viewer, "GET", "/v1/tokens", "", 403, "looker", "GET /v1/tokens", "needs role admin"},
		{c.token, "POST", "/v1/jobs", `{"` + secret + `":1}`, 400, "admin", "POST /v1/jobs", "Bad Request"},
		{c.token, "POST", "/v1/jobs", `{"kind":"command","targets":{"ids":["` + secret + `"]},"commands":["show version"]}`, 422, "admin", "POST /v1/jobs", "targets.ids"},
		{c.token, "POST", "/v1/tokens", `{"name":"` + secret + `!","role":"viewer"}`, 422, "admin", "POST /v1/tokens", "name"},
		{c.token, "DELETE", "/v1/tokens/" + secret, "", 404, "admin", "DELETE /v1/tokens/{name}", "Not Found"},
		{c.token, "POST", "/v1/jobs/" + secret + "/cancel", "{}", 404, "admin", "POST /v1/jobs/{id}/cancel", "Not Found"},
		{c.token, "PUT", "/" + secret, "", 404, "", "PUT none", "path"},
	}
	for _, tc := range cases {
		if a := c.as(tc.as).send(tc.method, tc.path, tc.body); a.Status != tc.status {
			t.Fatalf("%s %s: %d %s, want %d", tc.method, tc.path, a.Status, a.Body, tc.status)
		}
	}
	// What is found wanting but changes nothing is no refusal.
	if a := c.send("GET", "/v1/jobs/nobody", ""); a.Status != 404 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	got := f.reports(contract.AuditRequestRefused, len(cases))
	for i, tc := range cases {
		e := got[i]
		if e.Actor.Principal != tc.principal || e.Object != tc.object || !strings.Contains(e.Reason, tc.reason) || e.Parameters["status"] != fmt.Sprint(tc.status) ||
			e.Outcome != contract.AuditRefused || e.Actor.Service != "gateway" || !strings.HasPrefix(e.Actor.Address, "127.0.0.1:") || e.TraceID == "" {
			t.Errorf("%s %s gives %+v", tc.method, tc.path, e)
		}
	}
	if text, _ := json.Marshal(got); strings.Contains(string(text), secret) {
		t.Errorf("a secret is in the reports: %s", text)
	}
}

func TestAFloodOfRefusalsIsCounted(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	c := f.gateway()
	const sent = refusal.Allowance + 30
	for range sent {
		c.as("").send("GET", "/v1/jobs", "")
	}
	c.stop() // closes the window
	n := 0
	for _, e := range f.reports(contract.AuditRequestRefused, refusal.Allowance+1) {
		n += max(e.Count, 1)
	}
	if n != sent {
		t.Errorf("%d of %d refusals are counted", n, sent)
	}
}

func TestWhatTheGatewayChangesIsReported(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	c := f.gateway()
	first := f.reports(contract.AuditTokenCreated, 1)[0]
	if first.Object != "token/admin" || first.Actor.Principal != "" {
		t.Errorf("the first token is reported as %+v", first)
	}
	c.importDevices(inventoryYAML)
	secret := call[api.TokenCreated](c, 201, "POST", api.PathTokens, `{"name":"nightly","role":"operator"}`).Secret
	call[struct{}](c, 204, "DELETE", api.PathTokens+"/nightly", "")
	all := f.reports("", 4)
	for i, want := range []struct{ kind, object string }{
		{contract.AuditTokenCreated, "token/admin"}, {contract.AuditInventoryImported, "inventory"}, {contract.AuditTokenCreated, "token/nightly"},
		{contract.AuditTokenRevoked, "token/nightly"},
	} {
		if e := all[i]; e.Kind != want.kind || e.Object != want.object || e.Outcome != contract.AuditSucceeded || i > 0 && (e.Actor.Principal != "admin" || e.Actor.Role != "admin") {
			t.Errorf("report %d is %+v", i, e)
		}
	}
	if p := all[1].Parameters; p["created"] == "0" || p["sha256"] != contract.Digest([]byte(inventoryYAML)) {
		t.Errorf("the import is %v", p)
	}
	if text, _ := json.Marshal(all); strings.Contains(string(text), secret) || strings.Contains(string(text), c.token) {
		t.Errorf("a token is in the reports: %s", text)
	}
	// A preview changes nothing.
	c.send("POST", api.PathImport+"?preview=true", inventoryYAML, header{"Content-Type", "application/yaml"})
	f.reports("", 4)

	job := call[api.Job](c, 202, "POST", api.PathJobs, showVersion).ID
	stored, err := f.conn.FirstFor(t.Context(), contract.StreamJobs, contract.JobCommandSubject(job))
	if err != nil {
		t.Fatal(err)
	}
	var cmd contract.JobSubmit
	if err := json.Unmarshal(stored.Data, &cmd); err != nil || cmd.Role != "admin" || !strings.HasPrefix(cmd.Address, "127.0.0.1:") {
		t.Errorf("the submission is %s, %v", stored.Data, err)
	}
}

// append writes records as an audit would.
func (f *fleet) append(kind string, events ...contract.AuditEvent) {
	f.t.Helper()
	for _, e := range events {
		state, err := f.conn.State(f.t.Context(), contract.StreamAudit)
		if err != nil {
			f.t.Fatal(err)
		}
		prev := audit.FirstPrev
		if state.LastSeq > 0 {
			last, err := f.conn.Range(f.t.Context(), contract.StreamAudit, state.LastSeq, 1)
			if err != nil {
				f.t.Fatal(err)
			}
			prev = audit.Hash(last[0].Data)
		}
		e.Kind = kind
		source := contract.AuditSource{Stream: contract.StreamJobs, CreatedMS: 1, Seq: state.LastSeq + 1, StoredAt: f.at}
		data, err := json.Marshal(contract.AuditRecord{Seq: state.LastSeq + 1, Prev: prev, ID: source.ID(), Event: e, Source: source, Cursors: map[string]uint64{}})
		if err != nil {
			f.t.Fatal(err)
		}
		if _, err := f.conn.Publish(f.t.Context(), bus.Message{Subject: contract.AuditSubject(kind), Data: data, ExpectLast: bus.Seq(state.LastSeq)}); err != nil {
			f.t.Fatal(err)
		}
	}
}

func TestTheAuditLogIsRead(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	c := f.gateway()
	empty := call[api.AuditList](c, 200, "GET", "/v1/audit", "")
	if len(empty.Records) != 0 || empty.Head.Seq != 0 || empty.Head.Hash != audit.FirstPrev {
		t.Errorf("an empty log is %+v", empty)
	}
	if a := c.send("GET", "/v1/audit/log", ""); a.Status != 200 || len(a.Body) != 0 || a.Header.Get(api.HeaderAuditHead) != "0:"+audit.FirstPrev {
		t.Errorf("an empty log is %q, head %s", a.Body, a.Header.Get(api.HeaderAuditHead))
	}
	for i := range 7 {
		f.append("job.submitted", contract.AuditEvent{JobID: fmt.Sprint("j", i%2), DeviceID: fmt.Sprint("dev<", i%3), Actor: contract.AuditActor{Principal: "alice"}})
	}
	f.append("job.ended", contract.AuditEvent{JobID: "j1"})
	seqs := func(query string) string {
		t.Helper()
		var list []string
		for _, r := range call[api.AuditList](c, 200, "GET", "/v1/audit"+query, "").Records {
			list = append(list, fmt.Sprint(r.Seq))
		}
		return strings.Join(list, " ")
	}
	for query, want := range map[string]string{
		"":                              "1 2 3 4 5 6 7 8",
		"?limit=3":                      "1 2 3",
		"?after=3&limit=3":              "4 5 6",
		"?after=8":                      "",
		"?job=j1":                       "2 4 6 8",
		"?job=j1&after=4":               "6 8",
		"?device=dev%3C2":               "3 6",
		"?principal=alice&job=j1":       "2 4 6",
		"?kind=job.ended":               "8",
		"?last=true&limit=2":            "7 8",
		"?last=true&limit=2&job=j0":     "5 7",
		"?last=true&limit=1000&job=j0":  "1 3 5 7",
		"?last=true&limit=5&job=nobody": "",
	} {
		if got := seqs(query); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	for _, query := range []string{"?after=-1", "?limit=0", "?limit=1001", "?last=true&after=1", "?wait=2h", "?jop=j1", "?after=x"} {
		if a := c.send("GET", "/v1/audit"+query, ""); a.Status != 422 {
			t.Errorf("%s: %d %s", query, a.Status, a.Body)
		}
	}
	lines := c.send("GET", "/v1/audit/log?after=5", "")
	parts := strings.SplitAfter(string(lines.Body), "\n")
	if len(parts) != 4 || parts[3] != "" || !strings.HasPrefix(parts[0], `{"seq":6,`) || !strings.Contains(parts[0], `dev\u003c`) {
		t.Errorf("the lines are %q", lines.Body)
	}
	if head := lines.Header.Get(api.HeaderAuditHead); head != "8:"+audit.Hash([]byte(strings.TrimSuffix(parts[2], "\n"))) {
		t.Errorf("the head is %s", head)
	}
	if a := c.send("GET", "/v1/audit/log?after=9", ""); a.Status != 422 {
		t.Errorf("beyond the end: %d %s", a.Status, a.Body)
	}
	if got := f.reports(contract.AuditLogExported, 2)[1]; got.Parameters["after"] != "5" || got.Parameters["last"] != "8" || got.Actor.Principal != "admin" {
		t.Errorf("the reading is reported as %+v", got)
	}
}

func TestAReaderOfTheAuditLogWaitsForMore(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	c := f.gateway()
	f.append("job.submitted", contract.AuditEvent{JobID: "j1"})
	if list := call[api.AuditList](c, 200, "GET", "/v1/audit?after=1&wait=300ms", ""); len(list.Records) != 0 || list.Next != 1 {
		t.Errorf("a wait in vain gives %+v", list)
	}
	got := make(chan api.AuditList, 1)
	go func() { got <- call[api.AuditList](c, 200, "GET", "/v1/audit?after=1&wait=30s", "") }()
	f.append("job.ended", contract.AuditEvent{JobID: "j1"})
	select {
	case list := <-got:
		if len(list.Records) != 1 || list.Records[0].Seq != 2 {
			t.Errorf("it got %+v", list)
		}
	case <-time.After(20 * time.Second):
		t.Error("it waits on")
	}
}
