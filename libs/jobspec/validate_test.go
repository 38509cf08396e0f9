package jobspec_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/jobspec"
)

// valid is a spec without a fault, to break in one place.
func valid() contract.JobSpec {
	return contract.JobSpec{Targets: contract.TargetSelector{All: true}, Commands: []string{"show version"}}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	want := valid()
	want.Kind, want.Priority = contract.JobKindCommand, contract.PriorityNormal
	want.Limits = contract.Limits{Parallel: 50, CommandTimeoutMS: 30_000, DeviceTimeoutMS: 300_000, DeadlineMS: 3_600_000, AuthFailures: 2}
	want.Retry = contract.RetryPolicy{Attempts: 3, BackoffMS: 1000, MaxBackoffMS: 30_000}
	if got := jobspec.WithDefaults(valid()); !reflect.DeepEqual(got, want) {
		t.Errorf("defaults are %+v, want %+v", got, want)
	}
	if got := jobspec.WithDefaults(full); !reflect.DeepEqual(got, full) {
		t.Errorf("values are replaced: %+v", got)
	}
	long := valid()
	long.Limits.CommandTimeoutMS = 3_600_000
	long.Retry.BackoffMS = 60_000
	got := jobspec.WithDefaults(long)
	if got.Limits.DeviceTimeoutMS != 3_600_000 || got.Limits.DeadlineMS != 3_600_000 || got.Retry.MaxBackoffMS != 60_000 {
		t.Errorf("a long command does not raise what holds it: %+v", got)
	}
	if problems := jobspec.Validate(long); problems != nil {
		t.Error(problems)
	}
}

func TestDefaultsFitWhatIsSet(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ set, want contract.Limits }{
		"a short device time lowers the command's": {contract.Limits{DeviceTimeoutMS: 20_000}, contract.Limits{CommandTimeoutMS: 20_000, DeviceTimeoutMS: 20_000, DeadlineMS: 3_600_000}},
		"a short deadline lowers both":             {contract.Limits{DeadlineMS: 10_000}, contract.Limits{CommandTimeoutMS: 10_000, DeviceTimeoutMS: 10_000, DeadlineMS: 10_000}},
		"a long command raises what holds it":      {contract.Limits{CommandTimeoutMS: 7_200_000}, contract.Limits{CommandTimeoutMS: 7_200_000, DeviceTimeoutMS: 7_200_000, DeadlineMS: 7_200_000}},
		"a contradiction stays one":                {contract.Limits{DeadlineMS: 5_000, CommandTimeoutMS: 6_000}, contract.Limits{CommandTimeoutMS: 6_000, DeviceTimeoutMS: 6_000, DeadlineMS: 5_000}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := jobspec.WithDefaults(contract.JobSpec{Limits: c.set}).Limits
			got.Parallel, got.AuthFailures = 0, 0
			if got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*contract.JobSpec)
		want   []string
	}{
		"nothing wrong":       {func(*contract.JobSpec) {}, nil},
		"every field set":     {func(s *contract.JobSpec) { *s = full }, nil},
		"an unknown kind":     {func(s *contract.JobSpec) { s.Kind = "config" }, []string{`kind: "config" is not a kind of job; use command`}},
		"a long name":         {func(s *contract.JobSpec) { s.Name = strings.Repeat("x", 201) }, []string{"name: is 201 bytes long; at most 200"}},
		"a name of two lines": {func(s *contract.JobSpec) { s.Name = "a\nb" }, []string{"name: holds a control character"}},
		"no targets":          {func(s *contract.JobSpec) { s.Targets = contract.TargetSelector{} }, []string{"targets: selects nothing"}},
		"all and others":      {func(s *contract.JobSpec) { s.Targets.IDs = []string{"a"} }, []string{"targets.all: selects every device"}},
		"a broken expression": {func(s *contract.JobSpec) { s.Targets = contract.TargetSelector{Labels: "role="} }, []string{"targets.labels: column 6: the expression ends too early"}},
		"no commands":         {func(s *contract.JobSpec) { s.Commands = nil }, []string{"commands: is empty; give at least one command"}},
		"faulty commands": {func(s *contract.JobSpec) {
			s.Commands = []string{"show version", " ", "a\nb", strings.Repeat("x", 4097)}
		}, []string{"commands[1]: this is not one command: it is empty", "commands[2]: this is not one command: it has the control character", "commands[3]: this is not one command: it has 4097 bytes"}},
		"too many commands":          {func(s *contract.JobSpec) { s.Commands = many("show clock", 101) }, []string{"commands: holds 101 commands; at most 100"}},
		"commands too long together": {func(s *contract.JobSpec) { s.Commands = many(strings.Repeat("x", 1000), 17) }, []string{"commands: are 17000 bytes long together; at most 16384"}},
		"an unknown priority":        {func(s *contract.JobSpec) { s.Priority = "asap" }, []string{`priority: "asap" is not a priority; use low, normal, high or urgent`}},
		"limits below their bounds": {func(s *contract.JobSpec) {
			s.Limits = contract.Limits{Parallel: -1, CommandTimeoutMS: 99, DeviceTimeoutMS: 99, DeadlineMS: 99, AuthFailures: -1}
		}, []string{"limits.parallel: -1 is out of bounds; set it between 1 and 10000 devices", "limits.command_timeout_ms: 99 is out of bounds; set it between 100 and 3600000 milliseconds (100ms to 1h)", "limits.device_timeout_ms: 99", "limits.deadline_ms: 99 is out of bounds; set it between 100 and 1209600000 milliseconds (100ms to 14 days)", "limits.auth_failures: -1"}},
		"limits above their bounds": {func(s *contract.JobSpec) {
			s.Limits = contract.Limits{Parallel: 10001, CommandTimeoutMS: 3_600_001, DeadlineMS: 1_209_600_001, AuthFailures: 1001}
		}, []string{"limits.parallel: 10001", "limits.command_timeout_ms: 3600001", "limits.deadline_ms: 1209600001", "limits.auth_failures: 1001"}},
		"a device shorter than a com": {func(s *contract.JobSpec) { s.Limits.DeviceTimeoutMS, s.Limits.CommandTimeoutMS = 20_000, 30_000 }, []string{"limits.device_timeout_ms: 20000 is shorter than command_timeout_ms (30000), which it must hold; set it to 30000 or more"}},
		"a job shorter than a device": {func(s *contract.JobSpec) { s.Limits.DeadlineMS, s.Limits.DeviceTimeoutMS = 60_000, 300_000 }, []string{"limits.deadline_ms: 60000 is shorter than device_timeout_ms (300000), which it must hold; set it to 300000 or more"}},
		"retries out of bounds": {func(s *contract.JobSpec) {
			s.Retry = contract.RetryPolicy{Attempts: 11, BackoffMS: -5, MaxBackoffMS: 3_600_001}
		}, []string{"retry.attempts: 11", "retry.backoff_ms: -5", "retry.max_backoff_ms: 3600001"}},
		"a backoff above its maximum": {func(s *contract.JobSpec) { s.Retry = contract.RetryPolicy{BackoffMS: 100, MaxBackoffMS: 50} }, []string{"retry.max_backoff_ms: 50 is less than backoff_ms (100); set it to 100 or more"}},
		"faulty labels": {func(s *contract.JobSpec) {
			s.Labels = map[string]string{"a b": "", "c": "x\x00", "": "", "d": strings.Repeat("x", 257)}
		}, []string{`labels: "" is not a key`, `labels: "a b" is not a key`, "labels.c: holds a control character", "labels.d: is 257 bytes long"}},
		"too many labels":       {func(s *contract.JobSpec) { s.Labels = manyLabels(33) }, []string{"labels: holds 33 labels; at most 32"}},
		"job ids that are none": {func(s *contract.JobSpec) { s.RetryOf = "a b"; s.Targets = contract.TargetSelector{NotReachedOf: "*"} }, []string{`retry_of: "a b" is not the id of a job`, `targets.not_reached_of: "*" is not the id of a job`}},
		"more than a message carries": {func(s *contract.JobSpec) {
			s.Targets = contract.TargetSelector{IDs: many(strings.Repeat("x", 100), 3000)}
		}, []string{"body: is larger than 262144 bytes"}},
		"too many ids": {func(s *contract.JobSpec) { s.Targets = contract.TargetSelector{IDs: many("x", 10001)} }, []string{"targets.ids: names 10001 devices; at most 10000"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := valid()
			c.change(&spec)
			compare(t, jobspec.Validate(spec), c.want)
		})
	}
}

func many(text string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = text
	}
	return list
}

func manyLabels(n int) map[string]string {
	labels := map[string]string{}
	for i := range n {
		labels[fmt.Sprint("l", i)] = "x"
	}
	return labels
}

func TestDigest(t *testing.T) {
	t.Parallel()
	a, _ := jobspec.Decode([]byte(`{"commands":["show version"],"targets":{"all":true}}`))
	b, _ := jobspec.Decode([]byte(` {"targets": {"all": true, "ids": []}, "commands": ["show version"], "labels": {}}`))
	c, _ := jobspec.Decode([]byte(`{"commands":["show version"],"targets":{"all":true},"dry_run":true}`))
	if jobspec.Digest(a) != jobspec.Digest(b) {
		t.Error("order, spaces and empty lists change the digest")
	}
	if jobspec.Digest(a) == jobspec.Digest(c) {
		t.Error("another spec has the same digest")
	}
	if got := jobspec.Digest(contract.JobSpec{}); len(got) != 64 || got != jobspec.Digest(contract.JobSpec{Commands: []string{}}) {
		t.Errorf("digest of nothing is %s", got)
	}
	// Fixed: a stored digest must stay what it was.
	const known = "ae5621e1eb100d2cdbd35c6e61f6538897cdae1c37160fe12ff4fb7271169217"
	if got := jobspec.Digest(a); got != known {
		t.Errorf("digest is %s, want %s", got, known)
	}
}

func TestRetryDelay(t *testing.T) {
	t.Parallel()
	most := func() float64 { return 1 }
	policy := contract.RetryPolicy{BackoffMS: 1000, MaxBackoffMS: 5000}
	for attempt, want := range map[int]time.Duration{-1: time.Second, 0: time.Second, 1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 4: 5 * time.Second, 1 << 40: 5 * time.Second} {
		if got := jobspec.RetryDelay(policy, attempt, most); got != want {
			t.Errorf("after attempt %d at most %v, want %v", attempt, got, want)
		}
	}
	if got := jobspec.RetryDelay(contract.RetryPolicy{}, 9, most); got != 30*time.Second {
		t.Errorf("by default at most %v, want 30s", got)
	}
	random := rand.New(rand.NewPCG(1, 1))
	var least, longest time.Duration = time.Hour, 0
	for range 1000 {
		d := jobspec.RetryDelay(policy, 3, random.Float64)
		least, longest = min(least, d), max(longest, d)
	}
	if least < 0 || least > 400*time.Millisecond || longest > 4*time.Second || longest < 3600*time.Millisecond {
		t.Errorf("delays are spread over %v to %v, want 0 to 4s", least, longest)
	}
}
