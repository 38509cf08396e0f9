package gateway_test

import (
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/services/gateway/internal/identity"
)

// operations are all operations of the API, each with the least role that may call it.
var operations = []struct {
	method, path, body string
	role               contract.Role
}{
	{"GET", "/healthz", "", ""},
	{"GET", "/readyz", "", ""},
	{"GET", "/openapi.yaml", "", contract.RoleViewer},
	{"GET", "/openapi.json", "", contract.RoleViewer},
	{"POST", "/v1/jobs", showVersion, contract.RoleOperator},
	{"GET", "/v1/jobs", "", contract.RoleViewer},
	{"GET", "/v1/jobs/JOB", "", contract.RoleViewer},
	{"GET", "/v1/jobs/JOB/tasks", "", contract.RoleViewer},
	{"GET", "/v1/jobs/JOB/results", "", contract.RoleViewer},
	{"GET", "/v1/jobs/JOB/results/core-1", "", contract.RoleViewer},
	{"GET", "/v1/jobs/JOB/output/core-1", "", contract.RoleViewer},
	{"GET", "/v1/jobs/JOB/output/core-1/live", "", contract.RoleViewer},
	{"GET", "/v1/jobs/JOB/events", "", contract.RoleViewer},
	{"GET", "/v1/jobs/JOB/raw/core-1", "", contract.RoleOperator},
	{"POST", "/v1/jobs/JOB/cancel", "{}", contract.RoleOperator},
	{"POST", "/v1/jobs/JOB/retry", "{}", contract.RoleOperator},
	{"POST", "/v1/devices/import", inventoryYAML, contract.RoleAdmin},
	{"GET", "/v1/devices", "", contract.RoleViewer},
	{"GET", "/v1/devices/core-1", "", contract.RoleViewer},
	{"GET", "/v1/status", "", contract.RoleViewer},
	{"GET", "/v1/deadletters", "", contract.RoleViewer},
	{"GET", "/v1/deadletters/none", "", contract.RoleViewer},
	{"POST", "/v1/deadletters/none/replay", "{}", contract.RoleOperator},
	{"POST", "/v1/deadletters/none/discard", "{}", contract.RoleOperator},
	{"POST", "/v1/tokens", `{"name":"x","role":"nobody"}`, contract.RoleAdmin},
	{"GET", "/v1/tokens", "", contract.RoleAdmin},
	{"DELETE", "/v1/tokens/nobody", "", contract.RoleAdmin},
	{"GET", "/v1/audit", "", contract.RoleApprover},
	{"GET", "/v1/audit/log", "", contract.RoleApprover},
}

func TestEveryOperationAsksForItsRole(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	c := f.gateway()
	c.importDevices(inventoryYAML)
	job := call[api.Job](c, 202, "POST", api.PathJobs, showVersion).ID
	f.plan(job, "core-1")
	f.succeed(job, "core-1", "ok")
	f.end(job, contract.JobSucceeded, contract.Counts{Total: 1, Succeeded: 1})
	call[api.Job](c, 200, "GET", "/v1/jobs/"+job+"?wait=10s", "")

	described := call[struct {
		OpenAPI    string `json:"openapi"`
		Info       any    `json:"info"`
		Components any    `json:"components"`
		Paths      map[string]map[string]any
	}](c, 200, "GET", "/openapi.json", "")
	n := 0
	for _, methods := range described.Paths {
		n += len(methods)
	}
	if n != len(operations) {
		t.Errorf("the API has %d operations and this test knows %d", n, len(operations))
	}

	secrets := map[contract.Role]string{contract.RoleAdmin: c.token, "nobody": "", "stranger": "nrt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
	for _, role := range []contract.Role{contract.RoleViewer, contract.RoleOperator, contract.RoleApprover} {
		secrets[role] = call[api.TokenCreated](c, 201, "POST", api.PathTokens, `{"name":"t-`+string(role)+`","role":"`+string(role)+`"}`).Secret
	}
	for _, op := range operations {
		for role, secret := range secrets {
			a := c.as(secret).send(op.method, strings.Replace(op.path, "JOB", job, 1), op.body)
			refused := a.Status == 401 || a.Status == 403
			switch {
			case op.role == "" || identity.May(role, op.role):
				if refused {
					t.Errorf("%s %s refuses role %s: %d", op.method, op.path, role, a.Status)
				}
			case identity.Rank(role) > 0:
				if p := a.problem(t); a.Status != 403 || !strings.Contains(p.Detail, string(op.role)) {
					t.Errorf("%s %s as %s: %d %s", op.method, op.path, role, a.Status, a.Body)
				}
			default:
				if a.problem(t); a.Status != 401 || !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Bearer") {
					t.Errorf("%s %s as %s: %d %s", op.method, op.path, role, a.Status, a.Body)
				}
			}
		}
	}
}

func TestTokensExpireAndAreRemovedEverywhere(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	a, b := f.gateway(), f.gateway()
	made := call[api.TokenCreated](a, 201, "POST", api.PathTokens, `{"name":"ci","role":"viewer"}`)
	if !strings.HasPrefix(made.Secret, "nrt_") {
		t.Errorf("the secret is %q", made.Secret)
	}
	short := call[api.TokenCreated](a, 201, "POST", api.PathTokens, `{"name":"short","role":"viewer","expires_in_ms":300}`)
	at := b.as(made.Secret)
	eventually(t, "the token works at the other gateway", func() bool { return at.send("GET", api.PathJobs, "").Status == 200 })
	if list := a.send("GET", api.PathTokens, ""); strings.Contains(string(list.Body), made.Secret) || !strings.Contains(string(list.Body), `"ci"`) {
		t.Errorf("the list of tokens is %s", list.Body)
	}
	call[struct{}](a, 204, "DELETE", api.PathTokens+"/ci", "")
	eventually(t, "the token works nowhere", func() bool {
		return at.send("GET", api.PathJobs, "").Status == 401 && a.as(made.Secret).send("GET", api.PathJobs, "").Status == 401
	})
	eventually(t, "the other token has expired", func() bool { return a.as(short.Secret).send("GET", api.PathJobs, "").Status == 401 })
	if time.Now().Before(short.ExpiresAt) {
		t.Errorf("the token expired before %s", short.ExpiresAt)
	}
}
