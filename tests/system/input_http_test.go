package system

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

// inputInventory is devices that nobody serves: a job on them stays under way.
const inputInventory = `defaults: {platform: cisco_ios, site: lab, credential: "env:NONE"}
devices:
  - {id: core-1, address: 192.0.2.1, tags: ["role:core"]}
  - {id: core-2, address: 192.0.2.2, tags: ["role:core"]}
  - {id: edge-1, address: 192.0.2.3, platform: frr, labels: {role: edge}}
`

// front is a gateway and a scheduler without executors, with a job that is under way and tokens of lesser roles.
type front struct {
	*Cluster
	running string
	tokens  map[contract.Role]string
}

func startFront(t *testing.T) *front {
	c := Start(t, Options{Schedulers: 1})
	c.API.Import(t, []byte(inputInventory))
	f := &front{Cluster: c, tokens: map[contract.Role]string{}}
	f.running = c.API.Submit(t, "under way", contract.JobSpec{
		Kind: contract.JobKindCommand, Targets: contract.TargetSelector{All: true}, Commands: []string{"show version"},
	}).ID
	for _, role := range []contract.Role{contract.RoleViewer, contract.RoleOperator} {
		a := c.API.Send(t, "POST", api.PathTokens, nil, fmt.Sprintf(`{"name":"a-%s","role":%q}`, role, role))
		var made api.TokenCreated
		if err := json.Unmarshal(a.Body, &made); err != nil || made.Secret == "" {
			t.Fatalf("making a token: %d %s", a.Status, a.Body)
		}
		f.tokens[role] = made.Secret
	}
	Eventually(t, 10*time.Second, "the job is under way", func() error {
		var job api.Job
		if err := c.API.Do("GET", api.PathJobs+"/"+f.running, nil, nil, &job); err != nil || job.State == contract.JobRunning {
			return err
		}
		return fmt.Errorf("it is %s", job.State)
	})
	return f
}

// standing is where every stream stands that a request could write to.
func (f *front) standing(t *testing.T) map[string]uint64 {
	t.Helper()
	conn := f.Connect(t)
	last := map[string]uint64{}
	for _, stream := range []string{
		contract.StreamJobs, contract.StreamTasks, contract.StreamDLQ, bus.KVStream(contract.BucketInventory), bus.KVStream(contract.BucketIdentity),
	} {
		s, err := conn.State(t.Context(), stream)
		if err != nil {
			t.Fatal(err)
		}
		last[stream] = s.LastSeq
	}
	return last
}

// Connect connects to the cluster's NATS, for looking into streams.
func (c *Cluster) Connect(t testing.TB) *bus.Conn {
	t.Helper()
	conn, err := bus.Connect(t.Context(), bus.Config{URL: c.NATSURL, User: bus.ServerUser, PasswordFile: c.PasswordFile, Name: t.Name()}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn
}

// bad is a request that makes no sense, and what must be answered.
type bad struct {
	name, method, path, body string
	header                   map[string]string
	status                   int
	field                    string // of the first fault; "" where no field is at fault
	says                     string // somewhere in the answer
}

// post is a submission; spec is its JSON but for targets.
func post(name, spec string, status int, field, says string) bad {
	return bad{name: name, method: "POST", path: api.PathJobs, body: spec, status: status, field: field, says: says}
}

func badRequests(f *front) []bad {
	const show = `"commands":["show version"]`
	yaml := map[string]string{"Content-Type": "application/yaml"}
	as := func(token string) map[string]string { return map[string]string{"Authorization": token} }
	running := api.PathJobs + "/" + f.running
	return []bad{
		post("an unknown device", `{"targets":{"ids":["core-9"]},`+show+`}`, 422, "targets.ids", "core-9"),
		post("a tag that matches nothing", `{"targets":{"tags":["role:spine"]},`+show+`}`, 422, "targets.tags[0]", "role:spine"),
		post("labels that match nothing", `{"targets":{"labels":"role=spine"},`+show+`}`, 422, "targets.labels", "spine"),
		post("labels that are no expression", `{"targets":{"labels":"role in ("},`+show+`}`, 422, "targets.labels", "column"),
		post("all and a tag", `{"targets":{"all":true,"tags":["role:core"]},`+show+`}`, 422, "targets.all", ""),
		post("no targets", `{`+show+`}`, 422, "targets", ""),
		post("no commands", `{"targets":{"all":true},"commands":[]}`, 422, "commands", "empty"),
		post("an empty command", `{"targets":{"all":true},"commands":[" "]}`, 422, "commands[0]", ""),
		post("a control character in a command", `{"targets":{"all":true},"commands":["show version\u0003reload"]}`, 422, "commands[0]", "control"),
		post("two commands in one", `{"targets":{"all":true},"commands":["show version\nreload"]}`, 422, "commands[0]", "line"),
		post("a command that breaks out of paging", `{"targets":{"all":true},"commands":["show\u001b[2Jclock"]}`, 422, "commands[0]", "control"),
		post("a limit of nothing", `{"targets":{"all":true},`+show+`,"limits":{"parallel":-1}}`, 422, "limits.parallel", "1 and 10000"),
		post("a command that may take longer than its device", `{"targets":{"all":true},`+show+`,"limits":{"command_timeout_ms":5000,"device_timeout_ms":1000}}`,
			422, "limits.device_timeout_ms", "5000"),
		post("a deadline of a month", `{"targets":{"all":true},`+show+`,"limits":{"deadline_ms":2678400000}}`, 422, "limits.deadline_ms", "14 days"),
		post("a thousand attempts", `{"targets":{"all":true},`+show+`,"retry":{"attempts":1000}}`, 422, "retry.attempts", "10"),
		post("a priority that is none", `{"targets":{"all":true},`+show+`,"priority":"asap"}`, 422, "priority", "urgent"),
		post("a kind that is none", `{"kind":"reboot","targets":{"all":true},`+show+`}`, 422, "kind", "command"),
		post("an unknown field", `{"targets":{"all":true},"comands":["show version"]}`, 400, "comands", ""),
		post("an unknown field inside", `{"targets":{"al":true},`+show+`}`, 400, "targets.al", ""),
		post("a field of another type", `{"targets":{"all":"yes"},`+show+`}`, 400, "targets.all", ""),
		post("malformed JSON", "{\n  \"targets\": {,\n", 400, "body", "line 2"),
		post("two JSON values", `{"targets":{"all":true},`+show+`}{}`, 400, "body", ""),
		post("a body that is no object", `["show version"]`, 400, "body", ""),
		post("no body", "", 400, "body", ""),
		post("an oversized body", `{"name":"`+strings.Repeat("x", 1<<20)+`"}`, 413, "body", "large"),
		post("a retry by hand", `{"targets":{"all":true},`+show+`,"retry_of":"x"}`, 422, "retry_of", "retry"),
		post("the rest of a job that nobody knows", `{"targets":{"not_reached_of":"nope"},`+show+`}`, 422, "targets.not_reached_of", "nope"),
		post("the rest of a job that is under way", `{"targets":{"not_reached_of":"`+f.running+`"},`+show+`}`, 422, "targets.not_reached_of", "wait"),
		{"another body under the same key", "POST", api.PathJobs, `{"targets":{"ids":["core-1"]},` + show + `}`,
			map[string]string{api.HeaderIdemKey: "under way"}, 422, api.HeaderIdemKey, "new key"},
		{"a key that is too long", "POST", api.PathJobs, `{"targets":{"all":true},` + show + `}`,
			map[string]string{api.HeaderIdemKey: strings.Repeat("k", 256)}, 422, api.HeaderIdemKey, "255"},
		{"a key that is not ASCII", "POST", api.PathJobs, `{"targets":{"all":true},` + show + `}`,
			map[string]string{api.HeaderIdemKey: "schlüssel"}, 422, api.HeaderIdemKey, "ASCII"},
		{"a wait that is no time", "POST", api.PathJobs + "?wait=soon", `{"targets":{"all":true},` + show + `}`, nil, 422, "wait", "5s"},
		{"a body of another type", "POST", api.PathJobs, "<job/>", map[string]string{"Content-Type": "application/xml"}, 415, "Content-Type", "application/json"},
		{"a job that nobody knows", "GET", api.PathJobs + "/nope", "", nil, 404, "", "nope"},
		{"results of a job that nobody knows", "GET", api.PathJobs + "/nope/results", "", nil, 404, "", "nope"},
		{"a cursor that is none", "GET", api.PathJobs + "?cursor=%21%21", "", nil, 422, "cursor", "next"},
		{"a cursor of another list", "GET", api.PathJobs + "?cursor=WyJhIl0", "", nil, 422, "cursor", "next"},
		{"a page of nothing", "GET", api.PathJobs + "?limit=0", "", nil, 422, "query.limit", ""},
		{"a retry of a job that is under way", "POST", running + "/retry", "{}", nil, 409, "state", "wait"},
		{"a cancel of a job that nobody knows", "POST", api.PathJobs + "/nope/cancel", "{}", nil, 404, "", "nope"},
		{"output of a device that is not in the job", "GET", running + "/tasks/nope/output", "", nil, 404, "", "nope"},
		{"no token", "GET", api.PathJobs, "", as(""), 401, "", "Authorization: Bearer"},
		{"a wrong token", "GET", api.PathJobs, "", as("Bearer nrt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), 401, "", "ask an admin"},
		{"another scheme than tokens", "GET", api.PathJobs, "", as("Basic YWRtaW46YWRtaW4="), 401, "", "Authorization: Bearer"},
		{"a viewer who submits", "POST", api.PathJobs, `{"targets":{"all":true},` + show + `}`, as("Bearer " + f.tokens[contract.RoleViewer]), 403, "", "operator"},
		{"a viewer who cancels", "POST", running + "/cancel", "{}", as("Bearer " + f.tokens[contract.RoleViewer]), 403, "", "operator"},
		{"an operator who imports", "POST", api.PathImport, inputInventory, map[string]string{
			"Authorization": "Bearer " + f.tokens[contract.RoleOperator], "Content-Type": "application/yaml"}, 403, "", "admin"},
		{"an operator who makes tokens", "POST", api.PathTokens, `{"name":"x","role":"admin"}`, as("Bearer " + f.tokens[contract.RoleOperator]), 403, "", "admin"},
		{"malformed YAML", "POST", api.PathImport, "devices:\n  - id: a\n    platform: [\n", yaml, 400, "body", "line"},
		{"an inventory with an unknown field", "POST", api.PathImport, "devices:\n  - {id: a, platform: frr, adress: 192.0.2.1}\n", yaml, 400, "devices[0].address", "did you mean address?"},
		{"an inventory with an impossible port", "POST", api.PathImport,
			"devices:\n  - {id: a, platform: frr, address: 192.0.2.1, credential: 'env:A'}\n  - {id: b, platform: frr, address: 192.0.2.2, credential: 'env:A', port: 99999}\n",
			yaml, 400, "devices[1].port", "line 3"},
		{"an inventory with a platform that is none", "POST", api.PathImport, "devices:\n  - {id: a, platform: cisco_oss, address: 192.0.2.1, credential: 'env:A'}\n",
			yaml, 400, "devices[0].platform", "cisco_ios"},
		{"an inventory with a device twice", "POST", api.PathImport,
			"devices:\n  - {id: a, platform: frr, address: 192.0.2.1, credential: 'env:A'}\n  - {id: a, platform: frr, address: 192.0.2.2, credential: 'env:A'}\n",
			yaml, 400, "devices[1].id", "line"},
		{"an inventory with a password in it", "POST", api.PathImport, "devices:\n  - {id: a, platform: frr, address: 192.0.2.1, credential: hunter2}\n",
			yaml, 400, "devices[0].credential", "env:"},
		{"an oversized inventory", "POST", api.PathImport, strings.Repeat("# comment\n", 4<<20), yaml, 413, "body", "large"},
		{"a path that is none", "GET", "/v1/nothing", "", nil, 404, "path", ""},
		{"a method that is none", "PUT", api.PathJobs, "{}", nil, 405, "", "GET"},
	}
}

func TestBadRequestsNameFieldAndRemedyAndPublishNothing(t *testing.T) {
	t.Parallel()
	f := startFront(t)
	before := f.standing(t)
	for _, tc := range badRequests(f) {
		t.Run(tc.name, func(t *testing.T) {
			a := f.API.Send(t, tc.method, tc.path, tc.header, tc.body)
			p := a.Problem(t)
			if a.Status != tc.status || p.Status != tc.status || p.Detail == "" {
				t.Errorf("%d, want %d with a detail: %s", a.Status, tc.status, a.Body)
			}
			if !strings.Contains(string(a.Body), tc.says) {
				t.Errorf("the answer does not say %q: %s", tc.says, a.Body)
			}
			if tc.field == "" {
				return
			}
			if len(p.Errors) == 0 || p.Errors[0].Field != tc.field || p.Errors[0].Message == "" || p.Errors[0].Remedy == "" {
				t.Errorf("the first fault does not name field %s, what is wrong and what to do: %s", tc.field, a.Body)
			}
		})
	}
	for stream, last := range f.standing(t) {
		if last != before[stream] {
			t.Errorf("stream %s went from sequence %d to %d", stream, before[stream], last)
		}
	}
}
