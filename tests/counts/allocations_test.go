//go:build !race

package counts_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/baseline"
	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/driver/platform"
	"github.com/netrust/netrust/libs/inventory"
	"github.com/netrust/netrust/libs/jobspec"
	"github.com/netrust/netrust/libs/ledger"
	"github.com/netrust/netrust/libs/netconfig/redact"
)

// runs of each function: the mean is cut to a whole number, so that what a collection of garbage takes from a pool now and then
// does not show.
const runs = 500

// at is the time of everything that is encoded.
var at = time.Date(2026, 5, 4, 8, 0, 0, 123_000_000, time.UTC)

func task() *contract.Task {
	return &contract.Task{
		JobID: "k3v7q2mzp5xd4hra", Phase: contract.PhaseRun, DeviceID: "core1.paris", Site: "paris", Class: contract.Normal, Principal: "alice",
		Attempt: 1, TaskSeq: 1041, DeviceSeq: 1042, GateSeq: 41, Sessions: []string{"x7mkq2vd"},
		Target:   contract.Target{Address: "192.0.2.11", Port: 22, Platform: platform.AristaEOS, Credential: "env:LAB"},
		Commands: []string{"show version", "show interfaces"}, Repeatable: true, ReadOnly: true, CommandTimeoutMS: 30_000, DeviceTimeoutMS: 120_000,
		Deadline: at.Add(time.Hour), Retry: contract.RetryPolicy{Attempts: 3, BackoffMS: 1000, MaxBackoffMS: 30_000}, ReleasedAt: at,
	}
}

// records are a task's claim and its result.
func records() (claim, result contract.TaskRecord) {
	t := task()
	claim = contract.TaskRecord{
		State: contract.Claimed, JobID: t.JobID, Phase: t.Phase, DeviceID: t.DeviceID, Site: t.Site, Attempt: 1, AttemptID: "x7mkq2vd/17", Holder: "x7mkq2vd",
		Claim: &contract.Claim{Principal: t.Principal, Commands: t.Commands, Address: t.Target.Address, Platform: t.Target.Platform,
			Credential: t.Target.Credential, Repeatable: true, ClaimedAt: at, ExclusiveUntil: at.Add(2 * time.Minute)},
	}
	result = claim
	result.State, result.Claim = contract.Finished, nil
	result.Result = &contract.Result{
		State: contract.TaskSucceeded, StartedAt: at, FinishedAt: at.Add(time.Second),
		Login: &contract.Login{Method: "password", Attempts: 1},
	}
	return claim, result
}

// No t.Parallel: what other tests allocate would be counted too.
func TestTheWayOfATaskAllocatesNoMoreThanBefore(t *testing.T) {
	counts := map[string]float64{}
	count := func(name string, f func() error) {
		t.Helper()
		if err := f(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		counts[name] = testing.AllocsPerRun(runs, func() { _ = f() })
	}
	claim, result := records()
	coded(count, "task", task())
	coded(count, "claim", &claim)
	coded(count, "result", &result)
	key := task().Key()
	decoded(t, count, "claim", key.RecordKey(), claim)
	decoded(t, count, "result", key.RecordKey(), result)
	decoded(t, count, "lease", key.DeviceKey(), contract.DeviceLease{Holder: "x7mkq2vd", TaskID: key.ID(), AttemptID: "x7mkq2vd/17", ExclusiveUntil: at})
	count("keys of a task", func() error {
		_, err := contract.ParseExecKey(key.RecordKey())
		return err
	})
	planned(count)
	output := text()
	count("redact.New with two secrets", func() error { redact.New(platform.AristaEOS, "s3cretpassword", "enablesecret"); return nil })
	r := redact.New(platform.AristaEOS, "s3cretpassword", "enablesecret")
	count("redaction of 300 lines", func() error { r.Text(output); return nil })
	baseline.Check(t, "testdata/allocations.json", counts)
}

// coded counts the encoding and the decoding of a message.
func coded[T any](count func(string, func() error), name string, value *T) {
	var data []byte
	count("encoding a "+name, func() (err error) { data, err = json.Marshal(value); return err })
	count("decoding a "+name, func() error { return json.Unmarshal(data, new(T)) })
}

// decoded counts what it takes to read one entry of the ledger.
func decoded(t *testing.T, count func(string, func() error), name, key string, value any) {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	stored := bus.Stored{Subject: ledger.Subject(key), Seq: 4711, Data: data}
	count("ledger.Decode of a "+name, func() error { _, err := ledger.Decode(stored); return err })
}

// planned counts what it takes to decode, check and plan a job on a thousand devices.
func planned(count func(string, func() error)) {
	set := &inventory.Set{}
	for i := range 1000 {
		set.Put(&contract.Device{
			ID: fmt.Sprintf("dev-%04d", i), Name: fmt.Sprintf("dev-%04d", i), Platform: platform.AristaEOS, Site: "lab",
			Tags: []string{"edge"}, Credential: "env:LAB",
		}, uint64(i+1))
	}
	text := []byte(`{"kind":"command","targets":{"tags":["edge"]},"commands":["show version","show interfaces"],"limits":{"parallel":100}}`)
	count("jobspec.Decode and Validate", func() error {
		spec, problems := jobspec.Decode(text)
		return wrong(append(problems, jobspec.Validate(jobspec.WithDefaults(spec))...))
	})
	spec, _ := jobspec.Decode(text)
	spec = jobspec.WithDefaults(spec)
	count("jobspec.MakePlan on 1000 devices", func() error {
		plan, problems := jobspec.MakePlan(spec, set, nil)
		if len(plan.Targets) != 1000 {
			return fmt.Errorf("a plan of %d devices", len(plan.Targets))
		}
		return wrong(problems)
	})
}

func wrong(problems []contract.Problem) error {
	if len(problems) > 0 {
		return fmt.Errorf("%v", problems)
	}
	return nil
}

// text is what a device of a hundred interfaces prints, with a secret here and there.
func text() string {
	var b strings.Builder
	for i := range 100 {
		fmt.Fprintf(&b, "interface Ethernet%d\n   description to rack %d\n", i, i)
		if i%10 == 0 {
			fmt.Fprintf(&b, "username user%d secret sha512 $6$abcdefgh$%d\n", i, i)
		} else {
			b.WriteString("   switchport mode trunk\n")
		}
	}
	return b.String()
}
