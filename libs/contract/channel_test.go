package contract_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/schemas/asyncapi"
)

// params are the parameters of a channel's address, unescaped.
type params map[string]string

func (p params) taskKey() contract.TaskKey {
	return contract.TaskKey{Site: p["site"], Job: p["job"], Phase: p["phase"], Device: p["device"]}
}

// built says how libs/contract builds the subjects of each channel, by the name of the function.
var built = map[string]map[string]func(params) string{
	"jobCommands": {"JobCommandSubject": func(p params) string { return contract.JobCommandSubject(p["job"]) }},
	"jobEvents":   {"JobEventSubject": func(p params) string { return contract.JobEventSubject(p["job"]) }},
	"tasks":       {"TaskKey.Subject": func(p params) string { return p.taskKey().Subject(contract.Class(p["class"])) }},
	"deadLetters": {
		"TaskKey.DeadLetterSubject": func(p params) string { return p.taskKey().DeadLetterSubject() },
		"MessageLetterSubject":      func(p params) string { return contract.MessageLetterSubject(p["job"], p["phase"], p["device"]) },
	},
	"letterCommands": {"LetterCommandSubject": func(p params) string { return contract.LetterCommandSubject(p["letter"]) }},
	"letterEvents":   {"LetterEventSubject": func(p params) string { return contract.LetterEventSubject(p["letter"]) }},
	"liveOutput":     {"LiveOutputSubject": func(p params) string { return contract.LiveOutputSubject(p["job"], p["device"]) }},
	"follows":        {"FollowKey": func(p params) string { return contract.FollowKey(p["job"], p["device"]) }},
	"ledger":         {"TaskKey.RecordKey": func(p params) string { return p.taskKey().RecordKey() }},
	"gates":          {"GateKey": func(p params) string { return contract.GateKey(p["job"]) }},
	"executors":      {"ExecutorKey": func(p params) string { return contract.ExecutorKey(p["incarnation"]) }},
	"jobSummaries":   {"JobSummaryKey": func(p params) string { return contract.JobSummaryKey(p["job"]) }},
	"leader":         {"SchedulerLeaderKey": func(params) string { return contract.SchedulerLeaderKey }},
	"inventory":      {"InventoryKey": func(p params) string { return contract.InventoryKey(p["device"]) }},
	"tokens":         {"TokenKey": func(p params) string { return contract.TokenKey(p["digest"]) }},
	"hostKeys":       {"ObservedHostKey": func(p params) string { return contract.ObservedHostKey(p["device"]) }},
	"loginProofs":    {"LoginKey": func(p params) string { return contract.LoginKey(p["job"], p["device"]) }},
	"deviceLeases": {
		"DeviceKey":         func(p params) string { return contract.DeviceKey(p["site"], p["device"]) },
		"TaskKey.DeviceKey": func(p params) string { return p.taskKey().DeviceKey() },
	},
	"sessionAsks":    {"SessionAskSubject": func(p params) string { return contract.SessionAskSubject(p["incarnation"]) }},
	"sessionAnswers": {"SessionAnswerSubject": func(p params) string { return contract.SessionAnswerSubject(p["incarnation"]) }},
	"results":        {}, // objects are named by their SHA-256, not by us
	"raw":            {},
	"audit":          {"AuditSubject": func(p params) string { return contract.AuditSubject(p["noun"] + "." + p["verb"]) }},
	"auditIntake":    {"IntakeSubject": func(p params) string { return contract.IntakeSubject(p["service"]) }},
}

// parsed says what libs/contract reads out of a subject of the channel, or of a key of its bucket.
var parsed = map[string]func(string) (params, error){
	"jobCommands": parseJob(true),
	"jobEvents":   parseJob(false),
	"tasks": func(s string) (params, error) {
		k, class, err := contract.ParseTaskSubject(s)
		return params{"site": k.Site, "class": string(class), "job": k.Job, "phase": k.Phase, "device": k.Device}, err
	},
	"deadLetters": func(s string) (params, error) {
		k, err := contract.ParseDeadLetterSubject(s)
		return params{"job": k.Job, "phase": k.Phase, "device": k.Device}, err
	},
	"letterCommands": parseLetter(true),
	"letterEvents":   parseLetter(false),
	"follows": func(s string) (params, error) {
		job, device, err := contract.ParseFollowKey(s)
		return params{"job": job, "device": device}, err
	},
	"ledger": func(s string) (params, error) {
		k, err := contract.ParseExecKey(s)
		if err != nil || k.Task == nil {
			return nil, err
		}
		return params{"site": k.Task.Site, "job": k.Task.Job, "phase": k.Task.Phase, "device": k.Task.Device}, nil
	},
	"deviceLeases": func(s string) (params, error) {
		k, err := contract.ParseExecKey(s)
		if err != nil || k.Device == nil {
			return nil, err
		}
		return params{"site": k.Device.Site, "device": k.Device.Device}, nil
	},
	"gates": func(s string) (params, error) {
		k, err := contract.ParseExecKey(s)
		return params{"job": k.Gate}, err
	},
	"executors": func(s string) (params, error) {
		k, err := contract.ParseExecKey(s)
		return params{"incarnation": k.Executor}, err
	},
	"loginProofs": func(s string) (params, error) {
		k, err := contract.ParseExecKey(s)
		if err != nil || k.Login == nil {
			return nil, err
		}
		return params{"job": k.Login.Job, "device": k.Login.Device}, nil
	},
	"audit": func(s string) (params, error) {
		kind, err := contract.ParseAuditSubject(s)
		noun, verb, _ := strings.Cut(kind, ".")
		return params{"noun": noun, "verb": verb}, err
	},
	"auditIntake": func(s string) (params, error) {
		service, err := contract.ParseIntakeSubject(s)
		return params{"service": service}, err
	},
	"inventory": func(s string) (params, error) {
		d, err := contract.ParseInventoryKey(s)
		return params{"device": d}, err
	},
}

func parseLetter(command bool) func(string) (params, error) {
	return func(s string) (params, error) {
		letter, isCommand, err := contract.ParseLetterSubject(s)
		if err == nil && isCommand != command {
			return nil, nil
		}
		return params{"letter": letter}, err
	}
}

func parseJob(command bool) func(string) (params, error) {
	return func(s string) (params, error) {
		job, isCommand, err := contract.ParseJobSubject(s)
		if err == nil && isCommand != command {
			return nil, nil
		}
		return params{"job": job}, err
	}
}

// example returns a subject of the channel (or, in a bucket, a key of it) and its parameters.
func example(t *testing.T, c asyncapi.Channel) (string, params) {
	t.Helper()
	p := params{}
	for name, def := range c.Parameters {
		value, err := contract.UnescapeToken(def.Examples[0])
		if err != nil {
			t.Fatalf("parameter %s of %s: %v", name, c.Name, err)
		}
		p[name] = value
	}
	subject := c.Subject()
	if bucket, ok := strings.CutPrefix(c.Home, "bucket "); ok {
		subject = strings.TrimPrefix(subject, "$KV."+bucket+".")
	}
	return subject, p
}

func channels(t *testing.T) []asyncapi.Channel {
	t.Helper()
	list, err := asyncapi.Read()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestEveryChannelIsBuiltAndParsedByAFunction(t *testing.T) {
	t.Parallel()
	var names []string
	for _, c := range channels(t) {
		names = append(names, c.Name)
		subject, p := example(t, c)
		for fn, build := range built[c.Name] {
			if got := build(p); got != subject {
				t.Errorf("channel %s is %s, but %s builds %s", c.Name, subject, fn, got)
			}
		}
		if parse, ok := parsed[c.Name]; ok {
			if got, err := parse(subject); err != nil || !maps.Equal(got, p) {
				t.Errorf("channel %s: %s parses as %v (%v), want %v", c.Name, subject, got, err, p)
			}
		}
	}
	if want := slices.Sorted(maps.Keys(built)); !slices.Equal(names, want) {
		t.Errorf("asyncapi.yaml has the channels %v, the functions of contract are for %v", names, want)
	}
}

func TestEveryFunctionThatBuildsASubjectHasAChannel(t *testing.T) {
	t.Parallel()
	has := map[string]bool{}
	for _, fns := range built {
		for name := range fns {
			has[name] = true
		}
	}
	found := builders(t)
	if len(found) == 0 {
		t.Fatal("no functions found")
	}
	for _, fn := range found {
		if !has[fn] {
			t.Errorf("%s builds a subject or key of no channel in asyncapi.yaml", fn)
		}
	}
}

func TestStreamsBucketsAndTypesAreThoseOfAsyncAPI(t *testing.T) {
	t.Parallel()
	homes, types := map[string]bool{}, map[string]bool{}
	for _, c := range channels(t) {
		homes[c.Home] = true
		for _, m := range c.Messages {
			if m.Type == "" {
				continue
			}
			types[m.Type] = true
			if headers := slices.Sorted(maps.Values(namedConstants(t, "Header"))); !slices.Equal(m.Headers, headers) {
				t.Errorf("asyncapi.yaml gives %s the headers %v, contract has %v", m.Schema, m.Headers, headers)
			}
		}
	}
	want := map[string]bool{}
	for prefix, kind := range map[string]string{"Stream": "stream ", "Bucket": "bucket ", "Objects": "objects "} {
		for _, name := range namedConstants(t, prefix) {
			want[kind+name] = true
		}
	}
	if !maps.Equal(homes, want) {
		t.Errorf("asyncapi.yaml has %v, contract has %v", homes, want)
	}
	wantTypes := map[string]bool{}
	for _, name := range namedConstants(t, "Type") {
		wantTypes[name] = true
	}
	if !maps.Equal(types, wantTypes) {
		t.Errorf("asyncapi.yaml has the types %v, contract has %v", types, wantTypes)
	}
}

// Filters select what they say and nothing else: of all channels' examples, those named.
func TestFiltersSelectTheirChannels(t *testing.T) {
	t.Parallel()
	site := "köln" // as in the example of parameter site
	for filter, want := range map[string][]string{
		contract.JobCommandFilter:                           {"jobCommands"},
		contract.JobEventFilter:                             {"jobEvents"},
		contract.TasksFilter:                                {"tasks"},
		contract.DLQFilter:                                  {"deadLetters"},
		contract.LetterCommandFilter:                        {"letterCommands"},
		contract.LetterEventFilter:                          {"letterEvents"},
		contract.LiveOutputFilter:                           {"liveOutput"},
		contract.Follows:                                    {"follows"},
		contract.AuditFilter:                                {"audit"},
		contract.IntakeFilter:                               {"auditIntake"},
		contract.TasksOf(site, contract.Normal):             {"tasks"},
		contract.TasksOf(site, contract.Urgent):             nil,
		contract.TasksOf("paris", contract.Normal):          nil,
		contract.TasksOf(contract.AnySite, contract.Normal): {"tasks"},
		contract.TasksOfJob("k3v7q2mzp5xd4hra"):             {"tasks"},
		contract.TasksOfJob("another"):                      nil,
		contract.TaskRecords:                                {"ledger"},
		contract.Gates:                                      {"gates"},
		contract.Executors:                                  {"executors"},
		contract.JobTaskRecords("k3v7q2mzp5xd4hra"):         {"ledger"},
		contract.JobTaskRecords("another"):                  nil,
	} {
		var got []string
		for _, c := range channels(t) {
			if subject, _ := example(t, c); selects(filter, subject) {
				got = append(got, c.Name)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s selects %v, want %v", filter, got, want)
		}
	}
}

// selects is how NATS matches a subject with a filter.
func selects(filter, subject string) bool {
	f, s := strings.Split(filter, "."), strings.Split(subject, ".")
	for i, token := range f {
		switch {
		case token == ">":
			return len(s) > i
		case i >= len(s) || token != "*" && token != s[i]:
			return false
		}
	}
	return len(f) == len(s)
}
