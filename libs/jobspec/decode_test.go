package jobspec_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/driver/platform"
	"github.com/netrust/netrust/libs/inventory"
	"github.com/netrust/netrust/libs/jobspec"
)

// full has a value in every field.
var full = contract.JobSpec{
	Kind: contract.JobKindCommand, Name: "n",
	Targets:  contract.TargetSelector{IDs: []string{"r1"}, Tags: []string{"a"}, Labels: "role=core", NotReachedOf: "abc"},
	Commands: []string{"show version"}, Repeatable: true, Priority: contract.PriorityHigh,
	Limits: contract.Limits{
		Parallel: 5, CommandTimeoutMS: 1000, DeviceTimeoutMS: 2000, DeadlineMS: 3000, AuthFailures: 2,
		PerSite: 3, PerGroup: 1, PerPlatform: 4, PerDomain: 5, LoginsPerMinute: 60,
	},
	Rollout: contract.Rollout{
		Canary:  contract.Canary{Count: 1},
		Batches: []contract.Batch{{Count: 1}, {Percent: 2}, {Label: "site"}}, PauseMS: 1000, FailureThreshold: contract.Threshold{Count: 1},
	},
	Retry:  contract.RetryPolicy{Attempts: 2, BackoffMS: 10, MaxBackoffMS: 20},
	Labels: map[string]string{"ticket": "CHG-1"}, DryRun: true, RetryOf: "abc",
}

const fullJSON = `{"kind": "command", "name": "n",
 "targets": {"ids": ["r1"], "tags": ["a"], "labels": "role=core", "not_reached_of": "abc"},
 "commands": ["show version"], "repeatable": true, "priority": "high",
 "limits": {"parallel": 5, "command_timeout_ms": 1000, "device_timeout_ms": 2000, "deadline_ms": 3000, "auth_failures": 2,
  "per_site": 3, "per_group": 1, "per_platform": 4, "per_domain": 5, "logins_per_minute": 60},
 "rollout": {"canary": {"count": 1},
  "batches": [{"count": 1}, {"percent": 2}, {"label": "site"}], "pause_ms": 1000, "failure_threshold": {"count": 1}},
 "retry": {"attempts": 2, "backoff_ms": 10, "max_backoff_ms": 20},
 "labels": {"ticket": "CHG-1"}, "dry_run": true, "retry_of": "abc"}`

func TestDecodeReadsEveryField(t *testing.T) {
	t.Parallel()
	for name, decode := range map[string]func([]byte) (contract.JobSpec, []contract.Problem){"JSON": jobspec.Decode, "YAML": jobspec.DecodeYAML} {
		got, problems := decode([]byte(fullJSON))
		if problems != nil || !reflect.DeepEqual(got, full) {
			t.Errorf("%s: %+v %v, want %+v", name, got, problems, full)
		}
	}
}

func TestDecodeReportsEveryProblem(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		want []string
	}{
		"nothing":                   {"", []string{"body: line 1, column 1: is empty; send one JSON value"}},
		"text":                      {"show version", []string{"body: line 1, column 1: is not JSON: invalid character 's'"}},
		"an end too early":          {`{"kind": "command",` + "\n" + `"commands": [`, []string{"body: line 2, column 13: is not JSON: it ends too early; send all of it"}},
		"a comma too many":          {"{\n\"kind\": \"command\",}", []string{"body: line 2, column 18: is not JSON: "}},
		"two values":                {`{} {}`, []string{"body: line 1, column 4: has something after the end of the JSON value; send exactly one value"}},
		"a brace too many":          {`{}}`, []string{"body: line 1, column 3: has something after the end"}},
		"a list":                    {`[1]`, []string{"body: line 1, column 1: must be a map of fields, not a list"}},
		"null":                      {`null`, []string{"body: line 1, column 1: has no value"}},
		"unknown fields":            {`{"comands": [], "limits": {"paralel": 1}, "x": 1, "Kind": "command"}`, []string{"comands: is not a known field; did you mean commands?", "limits.paralel: is not a known field; did you mean parallel?", "x: is not a known field; the fields are kind, name, targets", "Kind: is not a known field; did you mean kind?"}},
		"wrong types":               {`{"targets": "all", "commands": "show version", "repeatable": "yes", "priority": 1, "name": null, "limits": {"parallel": "5"}, "labels": {"ticket": 5}}`, []string{"targets: must be a map of fields, not text", "commands: must be a list, not text", "repeatable: must be true or false, not text", "priority: must be text, not a number", "name: has no value", "limits.parallel: must be a number, not text", "labels.ticket: must be text, not a number"}},
		"wrong types deep inside":   {`{"commands": ["a", 1, ["b"]], "targets": {"ids": [{}]}}`, []string{"commands[1]: must be text, not a number", "commands[2]: must be text, not a list", "targets.ids[0]: must be text, not a map of fields"}},
		"a duration":                {`{"limits": {"command_timeout_ms": "30s"}}`, []string{`limits.command_timeout_ms: must be a number of milliseconds, not "30s"; write 30000`}},
		"numbers that are no whole": {`{"limits": {"parallel": 1.5, "deadline_ms": 1e3, "auth_failures": 99999999999999999999}}`, []string{"limits.parallel: must be a whole number", "limits.deadline_ms: must be a whole number", "limits.auth_failures: must be a whole number"}},
		"a field twice":             {`{"kind": "command", "kind": "config"}`, []string{"kind: is given twice; remove one"}},
		"deep nesting":              {strings.Repeat("[", 5000), []string{"body: line 1, column 33: is nested more than 32 deep"}},
		"an enormous body":          {strings.Repeat(" ", jobspec.MaxSize+1), []string{"body: is 262145 bytes long; at most 262144 are read"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, problems := jobspec.Decode([]byte(c.body))
			compare(t, problems, c.want)
		})
	}
}

// compare holds problems against the beginnings of what they should say, in order.
func compare(t *testing.T, problems []contract.Problem, want []string) {
	t.Helper()
	for i, p := range problems {
		if i >= len(want) || !strings.HasPrefix(p.Error(), want[i]) {
			t.Errorf("problem %d is %q, want %q", i, p.Error(), want)
		}
		if p.Field == "" || p.Remedy == "" {
			t.Errorf("%+v has no field or no remedy", p)
		}
	}
	if len(problems) < len(want) {
		t.Errorf("%d problems, want %q", len(problems), want)
	}
}

func TestAWrittenZeroIsNoDefault(t *testing.T) {
	t.Parallel()
	_, problems := jobspec.Decode([]byte(`{"targets":{"all":true},"commands":["show version"],"limits":{"parallel":0,"deadline_ms":5},"retry":{"attempts":0}}`))
	if len(problems) != 2 || problems[0].Field != "limits.parallel" || problems[1].Field != "retry.attempts" {
		t.Errorf("got %v, want problems of limits.parallel and retry.attempts", problems)
	}
}

func TestDecodeYAMLNamesTheLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file string
		want []string
	}{
		"nothing":          {"# empty\n", []string{"body: is empty; write targets and commands"}},
		"an unknown field": {"targets: {all: true}\ncommand:\n  - show version\n", []string{"command: line 2: is not a known field; did you mean commands?"}},
		"a duration":       {"limits:\n  deadline_ms: 1h\n", []string{`limits.deadline_ms: line 2: must be a number of milliseconds, not "1h"; write 3600000`}},
		"broken YAML":      {"targets: {all: true\ncommands: [\n", []string{"body: line "}},
		"an anchor":        {"targets: &t {all: true}\n", []string{"body: line 1: uses a YAML anchor or alias"}},
		"two documents":    {"targets: {all: true}\n---\nname: x\n", []string{"body: line 3: is a second document"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, problems := jobspec.DecodeYAML([]byte(c.file))
			compare(t, problems, c.want)
		})
	}
	spec, problems := jobspec.DecodeYAML([]byte("labels: {ticket: 1042, urgent: true}\ncommands: [show version]\n"))
	if problems != nil || spec.Labels["ticket"] != "1042" || spec.Labels["urgent"] != "true" {
		t.Errorf("plain scalars are not taken as text: %+v %v", spec, problems)
	}
}

func TestExamplesAreJobs(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../examples/inventories/mixed-vendors.yaml")
	if err != nil {
		t.Fatal(err)
	}
	more, err := os.ReadFile("../../examples/inventories/multi-site.yaml")
	if err != nil {
		t.Fatal(err)
	}
	set := &inventory.Set{}
	for _, file := range [][]byte{data, more} {
		devices, err := inventory.Parse(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := range devices {
			set.Put(&devices[i], 1)
		}
	}
	files, err := filepath.Glob("../../examples/jobs/*.yaml")
	if err != nil || len(files) < 6 {
		t.Fatalf("%d examples, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(text), "# ") {
			t.Errorf("%s does not begin with a comment", file)
		}
		spec, problems := jobspec.DecodeYAML(text)
		if problems == nil {
			problems = jobspec.Validate(spec)
		}
		if problems != nil {
			t.Errorf("%s: %v", file, problems)
			continue
		}
		plan, problems := jobspec.MakePlan(spec, set, nil)
		if problems != nil {
			t.Errorf("%s on the example inventories: %v", file, problems)
			continue
		}
		// generic_ssh has no grammar of reads.
		want := strings.Contains(file, "clear-") || strings.Contains(file, "save-") || spec.DryRun
		for _, target := range plan.Targets {
			if target.Device.Platform != platform.GenericSSH && target.ReadOnly == want {
				t.Errorf("%s only reads on %s: %v", file, target.Device.ID, target.ReadOnly)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{fullJSON, "{}", `{"a":`, `{"limits":{"parallel":1e5}}`, `[[[]]]`, `{"commands":["\u0000"]} x`, "\"\xff\""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		spec, problems := jobspec.Decode(data)
		for _, p := range problems {
			if p.Field == "" || p.Message == "" {
				t.Fatalf("problem %+v", p)
			}
		}
		jobspec.DecodeYAML(data)
		if problems != nil {
			return
		}
		// What was decoded is checked without failing, and what is valid stays so with its defaults and has one digest.
		if jobspec.Validate(spec) != nil {
			return
		}
		filled := jobspec.WithDefaults(spec)
		if problems := jobspec.Validate(filled); problems != nil {
			t.Fatalf("valid, and with defaults not: %v", problems)
		}
		if again := jobspec.WithDefaults(filled); !reflect.DeepEqual(again, filled) {
			t.Fatal("the defaults of the defaults differ")
		}
		encoded, err := json.Marshal(spec)
		if err != nil {
			t.Fatal(err)
		}
		if again, problems := jobspec.Decode(encoded); problems != nil && spec.Commands != nil || jobspec.Digest(again) != jobspec.Digest(spec) {
			t.Fatalf("sent on as %s it is another: %v", encoded, problems)
		}
	})
}
