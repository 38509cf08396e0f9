package jobspec_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/inventory"
	"github.com/netrust/netrust/libs/jobspec"
)

func fleet() *inventory.Set {
	set := &inventory.Set{}
	for i, d := range []contract.Device{
		{ID: "ios", Name: "ios", Platform: "cisco_ios"},
		{ID: "console", Name: "console", Platform: "generic_ssh"},
		{ID: "away", Name: "away", Platform: "frr", Status: contract.DeviceMaintenance},
		{ID: "alien", Name: "alien", Platform: "alien_os"},
	} {
		set.Put(&d, uint64(i+10))
	}
	return set
}

// lines writes a plan for comparison.
func lines(p jobspec.Plan) []string {
	var list []string
	for _, t := range p.Targets {
		list = append(list, fmt.Sprintf("%s@%d read-only=%v repeatable=%v", t.Device.ID, t.Revision, t.ReadOnly, t.Repeatable))
	}
	for _, s := range p.Skipped {
		list = append(list, s.DeviceID+" skipped: "+s.Reason)
	}
	return list
}

func TestMakePlan(t *testing.T) {
	t.Parallel()
	all := contract.TargetSelector{All: true}
	skipped := []string{`alien skipped: no driver knows its platform "alien_os"`, "away skipped: its status is maintenance"}
	for name, c := range map[string]struct {
		spec contract.JobSpec
		want []string
	}{
		"reads by each platform's grammar":  {contract.JobSpec{Targets: all, Commands: []string{"show version", "show ip route"}}, append([]string{"console@11 read-only=false repeatable=false", "ios@10 read-only=true repeatable=true"}, skipped...)},
		"one command that may change":       {contract.JobSpec{Targets: all, Commands: []string{"show version", "clear counters"}}, append([]string{"console@11 read-only=false repeatable=false", "ios@10 read-only=false repeatable=false"}, skipped...)},
		"a redirection is not a read":       {contract.JobSpec{Targets: contract.TargetSelector{IDs: []string{"ios"}}, Commands: []string{"show version | redirect flash:x"}}, []string{"ios@10 read-only=false repeatable=false"}},
		"declared repeatable":               {contract.JobSpec{Targets: all, Commands: []string{"write memory"}, Repeatable: true}, append([]string{"console@11 read-only=false repeatable=true", "ios@10 read-only=false repeatable=true"}, skipped...)},
		"repeatable does not make it reads": {contract.JobSpec{Targets: contract.TargetSelector{IDs: []string{"ios"}}, Commands: []string{"reload"}, Repeatable: true}, []string{"ios@10 read-only=false repeatable=true"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan, problems := jobspec.MakePlan(c.spec, fleet(), nil)
			if got := lines(plan); problems != nil || !reflect.DeepEqual(got, c.want) || plan.Revision != 13 {
				t.Errorf("plan of revision %d %q %v, want %q", plan.Revision, got, problems, c.want)
			}
		})
	}
}

func TestMakePlanReportsProblems(t *testing.T) {
	t.Parallel()
	commands := []string{"show version"}
	for name, c := range map[string]struct {
		targets    contract.TargetSelector
		notReached []string
		want       string
	}{
		"an unknown device":              {contract.TargetSelector{IDs: []string{"isO"}}, nil, "targets.ids: no device has the id or name isO; did you mean ios?"},
		"only platforms of nobody":       {contract.TargetSelector{IDs: []string{"alien"}}, nil, "targets: selects only devices of platforms that no driver knows, such as alien; correct their platform"},
		"results that are not known":     {contract.TargetSelector{NotReachedOf: "abc"}, nil, "targets.not_reached_of: the devices that job abc did not reach are not known here"},
		"nothing that was not reached":   {contract.TargetSelector{NotReachedOf: "abc"}, []string{}, "targets: "},
		"only devices that are all gone": {contract.TargetSelector{NotReachedOf: "abc"}, []string{"gone"}, "targets: selects 1 devices and all of them are skipped (gone: it is no longer in the inventory)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan, problems := jobspec.MakePlan(contract.JobSpec{Targets: c.targets, Commands: commands}, fleet(), c.notReached)
			if plan.Targets != nil {
				t.Errorf("a plan of %d targets", len(plan.Targets))
			}
			compare(t, problems, []string{c.want})
		})
	}
	plan, problems := jobspec.MakePlan(contract.JobSpec{Targets: contract.TargetSelector{NotReachedOf: "abc"}, Commands: commands}, fleet(), []string{"ios", "gone"})
	if problems != nil || len(plan.Targets) != 1 || plan.Skipped[0].DeviceID != "gone" {
		t.Errorf("what was not reached: %q %v", lines(plan), problems)
	}
}

func TestPlanAsAManifest(t *testing.T) {
	t.Parallel()
	spec := contract.JobSpec{Targets: contract.TargetSelector{IDs: []string{"ios", "console"}}, Commands: []string{"show version"}}
	plan, problems := jobspec.MakePlan(spec, fleet(), nil)
	if problems != nil {
		t.Fatal(problems)
	}
	m := plan.Manifest("job")
	if m.JobID != "job" || m.InventoryRevision != 13 || len(m.Targets) != 2 || m.Targets[1].Device.ID != "ios" || m.Targets[1].Revision != 10 || !m.Targets[1].ReadOnly || m.Targets[0].ReadOnly {
		t.Errorf("manifest %+v", m)
	}
	if plan.ReadOnly() || !reflect.DeepEqual(plan.NotReadOnly(spec.Commands), []string{"show version"}) {
		t.Errorf("read-only %v, changing %q", plan.ReadOnly(), plan.NotReadOnly(spec.Commands))
	}
	if got := plan.String(); got != "2 targets, 0 skipped, inventory revision 13" {
		t.Error(got)
	}
}

func ExampleMakePlan() {
	devices, err := inventory.Parse([]byte("devices:\n  - {id: r1, platform: ios, address: 192.0.2.1, credential: env:LAB}\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	spec, problems := jobspec.Decode([]byte(`{"targets": {"all": true}, "commands": ["show version", "show clock"]}`))
	if problems == nil {
		problems = jobspec.Validate(spec)
	}
	plan, more := jobspec.MakePlan(spec, inventory.NewSet(devices), nil)
	fmt.Println(len(problems)+len(more), plan.Targets[0].Device.ID, plan.Targets[0].ReadOnly)
	// Output: 0 r1 true
}

func BenchmarkMakePlan100000(b *testing.B) {
	devices := make([]contract.Device, 100_000)
	for i := range devices {
		id := fmt.Sprintf("r%06d", i)
		devices[i] = contract.Device{ID: id, Name: id, Platform: []string{"cisco_ios", "frr", "arista_eos"}[i%3], Labels: map[string]string{"role": "core"}}
	}
	set := inventory.NewSet(devices)
	spec := contract.JobSpec{Targets: contract.TargetSelector{Labels: "role=core"}, Commands: []string{"show version", strings.Repeat("x", 100)}}
	b.ReportAllocs()
	for b.Loop() {
		if _, problems := jobspec.MakePlan(spec, set, nil); problems != nil {
			b.Fatal(problems)
		}
	}
}
