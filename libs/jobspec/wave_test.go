package jobspec_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/inventory"
	"github.com/netrust/netrust/libs/jobspec"
)

// rack makes n devices on three sites; every second one has the label ring, whose values are a and b.
func rack(n int) *inventory.Set {
	list := make([]contract.Device, n)
	for i := range list {
		id := fmt.Sprintf("d%04d", i+1)
		list[i] = contract.Device{
			ID: id, Name: "name-" + id, Platform: "cisco_ios", Address: "192.0.2.1", Port: 22, Status: contract.DeviceActive,
			Site: []string{"paris", "oslo", "rome"}[i%3], Credential: "env:LAB", AuthDomain: "env:LAB",
		}
		if i%2 == 0 {
			list[i].Labels = map[string]string{"ring": []string{"a", "b"}[i/2%2]}
		}
	}
	return inventory.NewSet(list)
}

// rolled plans a job on the rack and returns its waves as "name:targets".
func rolled(n int, r contract.Rollout, among []string) (jobspec.Plan, []string, []contract.Problem) {
	spec := contract.JobSpec{Kind: contract.JobKindCommand, Targets: contract.TargetSelector{All: true}, Commands: []string{"show clock"}, Rollout: r}
	if among != nil {
		spec.Targets = contract.TargetSelector{NotReachedOf: "x"}
	}
	problems := jobspec.Validate(spec)
	if problems != nil {
		return jobspec.Plan{}, nil, problems
	}
	plan, problems := jobspec.MakePlan(spec, rack(n), among)
	var names []string
	for _, w := range plan.Waves {
		names = append(names, fmt.Sprintf("%s:%d", w.Name, w.Targets))
	}
	return plan, names, problems
}

func TestWaves(t *testing.T) {
	t.Parallel()
	canary := func(n int) contract.Canary { return contract.Canary{Count: n} }
	percent := func(p int) contract.Batch { return contract.Batch{Percent: p} }
	count := func(n int) contract.Batch { return contract.Batch{Count: n} }
	for name, c := range map[string]struct {
		devices int
		rollout contract.Rollout
		want    string
	}{
		"none":                                {24, contract.Rollout{}, ""},
		"a threshold alone divides nothing":   {24, contract.Rollout{FailureThreshold: contract.Threshold{Count: 24}}, ""},
		"a canary and the rest":               {24, contract.Rollout{Canary: canary(1)}, "canary:1 batch 1:23"},
		"percents are rounded up":             {24, contract.Rollout{Canary: contract.Canary{Percent: 5}, Batches: []contract.Batch{percent(25)}}, "canary:2 batch 1:6 batch 2:6 batch 3:6 batch 4:4"},
		"one percent of few is one device":    {3, contract.Rollout{Canary: contract.Canary{Percent: 1}}, "canary:1 batch 1:2"},
		"the last batch is repeated":          {24, contract.Rollout{Batches: []contract.Batch{count(1), count(5), count(10)}}, "batch 1:1 batch 2:5 batch 3:10 batch 4:8"},
		"batches without a canary":            {10, contract.Rollout{Batches: []contract.Batch{percent(50)}}, "batch 1:5 batch 2:5"},
		"one batch of all":                    {10, contract.Rollout{Batches: []contract.Batch{percent(100)}}, "batch 1:10"},
		"a batch larger than the job":         {10, contract.Rollout{Batches: []contract.Batch{count(5000)}}, "batch 1:10"},
		"a wave for each site, in order":      {10, contract.Rollout{Batches: []contract.Batch{{Label: "site"}}}, "site=oslo:3 site=paris:4 site=rome:3"},
		"a canary by id and by name":          {10, contract.Rollout{Canary: contract.Canary{IDs: []string{"d0003", "name-d0001"}}, Batches: []contract.Batch{{Label: "site"}}}, "canary:2 site=oslo:3 site=paris:3 site=rome:2"},
		"a canary by labels":                  {10, contract.Rollout{Canary: contract.Canary{Labels: "site=oslo"}}, "canary:3 batch 1:7"},
		"a label, then those without it":      {10, contract.Rollout{Batches: []contract.Batch{{Label: "ring"}, count(4)}}, "ring=a:3 ring=b:2 batch 1:4 batch 2:1"},
		"a batch between a canary and labels": {10, contract.Rollout{Canary: canary(2), Batches: []contract.Batch{count(3), {Label: "site"}}}, "canary:2 batch 1:3 site=oslo:1 site=paris:2 site=rome:2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan, names, problems := rolled(c.devices, c.rollout, nil)
			if got := strings.Join(names, " "); got != c.want || problems != nil {
				t.Fatalf("waves %q %v, want %q", got, problems, c.want)
			}
			size := make([]int, len(plan.Waves)+1)
			for _, target := range plan.Targets {
				size[target.Wave]++
			}
			for i, w := range plan.Waves {
				if size[i+1] != w.Targets {
					t.Errorf("wave %d says %d targets and has %d", i+1, w.Targets, size[i+1])
				}
			}
			if len(plan.Waves) > 0 && size[0] > 0 {
				t.Errorf("%d targets are in no wave", size[0])
			}
			m := plan.Manifest("j")
			if !slices.EqualFunc(m.Targets, plan.Targets, func(a contract.ManifestTarget, b jobspec.Target) bool { return a.Wave == b.Wave }) {
				t.Error("the manifest has other waves")
			}
		})
	}
}

func TestARolloutThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	canary := func(n int) contract.Canary { return contract.Canary{Count: n} }
	batch := func(b ...contract.Batch) []contract.Batch { return b }
	for name, c := range map[string]struct {
		rollout contract.Rollout
		want    []string // beginnings
	}{
		"a canary of less than nothing":      {contract.Rollout{Canary: canary(-1)}, []string{"rollout.canary.count: -1 is out of bounds"}},
		"a canary of everything":             {contract.Rollout{Canary: contract.Canary{Percent: 100}}, []string{"rollout.canary.percent: 100 is out of bounds; set it between 1 and 99 percent"}},
		"a canary as large as the job":       {contract.Rollout{Canary: canary(24)}, []string{"rollout.canary.count: takes all 24 devices of the job: no wave after the canary can ever be reached"}},
		"a canary of two kinds":              {contract.Rollout{Canary: contract.Canary{Count: 1, Labels: "site=oslo"}}, []string{"rollout.canary: chooses devices in several ways; keep one"}},
		"a canary that nobody is":            {contract.Rollout{Canary: contract.Canary{Labels: "role=canary"}}, []string{"rollout.canary.labels: matches none of the job's devices"}},
		"a canary that is everybody":         {contract.Rollout{Canary: contract.Canary{Labels: "platform=cisco_ios"}}, []string{"rollout.canary.labels: takes all 24 devices"}},
		"a canary by an expression of words": {contract.Rollout{Canary: contract.Canary{Labels: "role=="}}, []string{"rollout.canary.labels: column "}},
		"a canary that is no target":         {contract.Rollout{Canary: contract.Canary{IDs: []string{"d0001", "x"}}}, []string{"rollout.canary.ids: names x, on which the job does not run"}},
		"an empty id":                        {contract.Rollout{Canary: contract.Canary{IDs: []string{""}}}, []string{"rollout.canary.ids[0]: "}},
		"an empty batch":                     {contract.Rollout{Batches: batch(contract.Batch{})}, []string{"rollout.batches[0]: says nothing about its devices; give it count, percent or label"}},
		"a batch of two kinds":               {contract.Rollout{Batches: batch(contract.Batch{Count: 1, Percent: 2})}, []string{"rollout.batches[0]: goes by several things"}},
		"a batch of less than nothing":       {contract.Rollout{Batches: batch(contract.Batch{Count: -5}, contract.Batch{Percent: 101})}, []string{"rollout.batches[0].count: -5", "rollout.batches[1].percent: 101"}},
		"a batch after the last device":      {contract.Rollout{Batches: batch(contract.Batch{Percent: 100}, contract.Batch{Count: 10})}, []string{"rollout.batches[1]: can never be reached: the waves before it take all 24 devices"}},
		"a batch after every site":           {contract.Rollout{Batches: batch(contract.Batch{Label: "site"}, contract.Batch{Count: 10})}, []string{"rollout.batches[1]: can never be reached"}},
		"a label that nobody has":            {contract.Rollout{Batches: batch(contract.Batch{Label: "rack"})}, []string{"rollout.batches[0].label: none of the devices that are left has the label rack"}},
		"a label that only some have":        {contract.Rollout{Batches: batch(contract.Batch{Label: "ring"})}, []string{"rollout.batches[0].label: 12 devices of the job would never be reached: they have no label ring, such as d0002"}},
		"a pause without waves":              {contract.Rollout{PauseMS: 1000}, []string{"rollout.pause_ms: asks for a pause between waves"}},
		"a pause of less than nothing":       {contract.Rollout{Canary: canary(1), PauseMS: -1}, []string{"rollout.pause_ms: -1 is out of bounds"}},
		"pauses longer than the job":         {contract.Rollout{Canary: canary(1), Batches: batch(contract.Batch{Percent: 25}), PauseMS: 900_000}, []string{"rollout.pause_ms: 5 waves with pauses of 15m0s between them take longer than the job may (limits.deadline_ms 3600000)"}},
		"a threshold of two kinds":           {contract.Rollout{FailureThreshold: contract.Threshold{Count: 1, Percent: 1}}, []string{"rollout.failure_threshold: has count and percent"}},
		"a threshold beyond everything":      {contract.Rollout{FailureThreshold: contract.Threshold{Percent: 101}}, []string{"rollout.failure_threshold.percent: 101"}},
		"a threshold above the devices":      {contract.Rollout{FailureThreshold: contract.Threshold{Count: 25}}, []string{"rollout.failure_threshold.count: 25 failures can never be reached: the job has 24 devices; set it to 24 or less"}},
		"a negative threshold":               {contract.Rollout{FailureThreshold: contract.Threshold{Count: -1}}, []string{"rollout.failure_threshold.count: -1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, problems := rolled(24, c.rollout, nil)
			if len(problems) != len(c.want) {
				t.Fatalf("got %v, want %q", problems, c.want)
			}
			compare(t, problems, c.want)
		})
	}
	_, _, problems := rolled(2500, contract.Rollout{Batches: batch(contract.Batch{Count: 2})}, nil)
	compare(t, problems, []string{"rollout.batches[0]: divides the job into more than 1000 waves"})
	_, _, problems = rolled(2500, contract.Rollout{Batches: batch(contract.Batch{Label: "id"})}, nil)
	compare(t, problems, []string{"rollout.batches: divide the job into more than 1000 waves: id has 2500 values"})
}

func TestARetryTakesWhatIsLeftOfTheWaves(t *testing.T) {
	t.Parallel()
	batch := func(b ...contract.Batch) []contract.Batch { return b }
	for name, c := range map[string]struct {
		rollout contract.Rollout
		want    string
	}{
		"a canary larger than the retry":    {contract.Rollout{Canary: contract.Canary{Count: 5}, Batches: batch(contract.Batch{Count: 10})}, "canary:3"},
		"a canary that was reached":         {contract.Rollout{Canary: contract.Canary{IDs: []string{"d0009"}}, Batches: batch(contract.Batch{Count: 2})}, "batch 1:2 batch 2:1"},
		"labels that only some have":        {contract.Rollout{Batches: batch(contract.Batch{Label: "ring"})}, "ring=a:1 ring=b:1 the rest:1"},
		"a label that nobody of them has":   {contract.Rollout{Batches: batch(contract.Batch{Label: "rack"}, contract.Batch{Count: 5})}, "batch 1:3"},
		"a threshold above what is left":    {contract.Rollout{FailureThreshold: contract.Threshold{Count: 20}}, ""},
		"batches of which none are reached": {contract.Rollout{Canary: contract.Canary{Percent: 50}, Batches: batch(contract.Batch{Count: 5}, contract.Batch{Count: 6})}, "canary:2 batch 1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, names, problems := rolled(24, c.rollout, []string{"d0001", "d0002", "d0003"}); strings.Join(names, " ") != c.want || problems != nil {
				t.Errorf("waves %q %v, want %q", names, problems, c.want)
			}
		})
	}
}

func TestARolloutIsWrittenStrictly(t *testing.T) {
	t.Parallel()
	for body, want := range map[string][]string{
		`"rollout": {}`:                                                {"rollout: is empty; give it a canary"},
		`"rollout": {"canary": {}}`:                                    {"rollout.canary: is empty"},
		`"rollout": {"canary": {"count": 0}}`:                          {"rollout.canary.count: is 0; give a number above 0"},
		`"rollout": {"batches": []}`:                                   {"rollout.batches: is empty"},
		`"rollout": {"batches": [{"count": 1}, {"percent": 0}]}`:       {"rollout.batches[1].percent: is 0"},
		`"rollout": {"canary": {"count": 1}, "pause_ms": 0}`:           {"rollout.pause_ms: is 0; leave it out for no pause"},
		`"rollout": {"failure_threshold": {"count": 0}}`:               {"rollout.failure_threshold.count: is 0; give a number above 0: 1 stops the job at the first failure"},
		`"rollout": {"failure_threshold": {}}`:                         {"rollout.failure_threshold: is empty"},
		`"rollout": {"canary": 5}`:                                     {"rollout.canary: must be a map of fields, not a number"},
		`"rollout": {"canary": {"count": 1}, "max_fail": 1}`:           {"rollout.max_fail: is not a known field"},
		`"limits": {"per_site": 0, "logins_per_minute": 0}`:            {"limits.per_site: is 0; leave it out for no limit", "limits.logins_per_minute: is 0"},
		`"rollout": {"canary": {"percent": "5%"}}`:                     {"rollout.canary.percent: must be a number, not text"},
		`"rollout": {"canary": {"count": 1}, "pause_ms": "30s"}`:       {`rollout.pause_ms: must be a number of milliseconds, not "30s"; write 30000`},
		`"rollout": {"batches": [{"label": "site", "labels": "x=y"}]}`: {"rollout.batches[0].labels: is not a known field; did you mean label?"},
	} {
		_, problems := jobspec.Decode([]byte(`{"targets":{"all":true},"commands":["show version"],` + body + `}`))
		if len(problems) != len(want) {
			t.Errorf("%s: %v, want %q", body, problems, want)
		}
		compare(t, problems, want)
	}
}

func TestLimitsByWhatDevicesShareHaveBounds(t *testing.T) {
	t.Parallel()
	spec := contract.JobSpec{Kind: contract.JobKindCommand, Targets: contract.TargetSelector{All: true}, Commands: []string{"show clock"}}
	spec.Limits = contract.Limits{PerSite: -1, PerGroup: 10001, PerPlatform: -3, PerDomain: 10001, LoginsPerMinute: 60001}
	compare(t, jobspec.Validate(spec), []string{"limits.per_site: -1 is out of bounds; set it between 1 and 10000 devices", "limits.per_group: 10001",
		"limits.per_platform: -3", "limits.per_domain: 10001", "limits.logins_per_minute: 60001 is out of bounds; set it between 1 and 60000 logins"})
	spec.Limits = contract.Limits{PerSite: 1, PerGroup: 1, PerPlatform: 1, PerDomain: 1, LoginsPerMinute: 1}
	if problems := jobspec.Validate(spec); problems != nil {
		t.Errorf("the least limits are refused: %v", problems)
	}
}
