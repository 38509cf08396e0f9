package inventory_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/inventory"
)

// fleet is the inventory that selectors are tried on.
func fleet() *inventory.Set {
	devices := []contract.Device{
		{ID: "core-1", Name: "core-1", Platform: "cisco_nxos", Site: "paris", Tags: []string{"dc1", "prod"}, Labels: map[string]string{"role": "core"}},
		{ID: "core-2", Name: "spine two", Platform: "cisco_nxos", Site: "paris", Tags: []string{"dc2", "prod", "role:special"}, Labels: map[string]string{"role": "core"}},
		{ID: "edge-1", Name: "edge-1", Platform: "juniper_junos", Site: "oslo", Tags: []string{"prod"}, Labels: map[string]string{"role": "edge"}},
		{ID: "edge-2", Name: "edge-2", Platform: "juniper_junos", Site: "oslo", Tags: []string{"lab"}, Labels: map[string]string{"role": "edge"}, Status: contract.DeviceMaintenance},
		{ID: "leaf-1", Name: "leaf-1", Platform: "arista_eos", Site: "oslo", Tags: []string{"prod"}, Labels: map[string]string{"role": "leaf"}, Status: contract.DeviceQuarantined},
	}
	// In another order than that of their ids.
	set := &inventory.Set{}
	for i := range devices {
		set.Put(&devices[len(devices)-1-i], uint64(i+1))
	}
	return set
}

func ids(s inventory.Selection) []string {
	var list []string
	for _, m := range s.Members {
		list = append(list, m.Device.ID)
	}
	return list
}

func TestResolve(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sel     contract.TargetSelector
		want    []string
		skipped []string
	}{
		"all that is active":                   {contract.TargetSelector{All: true}, []string{"core-1", "core-2", "edge-1"}, []string{"edge-2: its status is maintenance", "leaf-1: its status is quarantined"}},
		"ids and names, each once":             {contract.TargetSelector{IDs: []string{"edge-1", "spine two", "core-2", "edge-1"}}, []string{"core-2", "edge-1"}, nil},
		"an id in maintenance is skipped":      {contract.TargetSelector{IDs: []string{"edge-1", "edge-2"}}, []string{"edge-1"}, []string{"edge-2: its status is maintenance"}},
		"a tag":                                {contract.TargetSelector{Tags: []string{"prod"}}, []string{"core-1", "core-2", "edge-1"}, []string{"leaf-1: its status is quarantined"}},
		"two tags must both hold":              {contract.TargetSelector{Tags: []string{"prod", "dc1"}}, []string{"core-1"}, nil},
		"a tag that is a label":                {contract.TargetSelector{Tags: []string{"role:core"}}, []string{"core-1", "core-2"}, nil},
		"a tag with a colon":                   {contract.TargetSelector{Tags: []string{"role:special"}}, []string{"core-2"}, nil},
		"a tag that is a field":                {contract.TargetSelector{Tags: []string{"site:paris"}}, []string{"core-1", "core-2"}, nil},
		"a label expression":                   {contract.TargetSelector{Labels: "role in (core, edge), platform!=cisco_nxos"}, []string{"edge-1"}, []string{"edge-2: its status is maintenance"}},
		"selectors that are given must hold":   {contract.TargetSelector{IDs: []string{"core-1", "core-2", "leaf-1"}, Tags: []string{"dc1"}, Labels: "role=core"}, []string{"core-1"}, nil},
		"what is in maintenance can be listed": {contract.TargetSelector{Labels: "status=maintenance or id=core-1"}, []string{"core-1"}, []string{"edge-2: its status is maintenance"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, problems := fleet().Resolve(c.sel)
			if problems != nil {
				t.Fatal(problems)
			}
			var skipped []string
			for _, s := range got.Skipped {
				skipped = append(skipped, s.DeviceID+": "+s.Reason)
			}
			if !slices.Equal(ids(got), c.want) || !slices.Equal(skipped, c.skipped) || got.Revision != 5 {
				t.Errorf("selected %q and skipped %q at %d, want %q and %q at 5", ids(got), skipped, got.Revision, c.want, c.skipped)
			}
		})
	}
}

func TestResolveSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	many := make([]string, 15)
	for i := range many {
		many[i] = fmt.Sprintf("unknown-%02d", i)
	}
	for name, c := range map[string]struct {
		sel  contract.TargetSelector
		want []string
	}{
		"nothing":                    {contract.TargetSelector{}, []string{"targets: selects nothing; give ids, tags, labels"}},
		"all and more":               {contract.TargetSelector{All: true, Tags: []string{"prod"}}, []string{"targets.all: selects every device, and other selectors are given as well"}},
		"an unknown device":          {contract.TargetSelector{IDs: []string{"core-1", "coer-2", "egde-1"}}, []string{"targets.ids: no device has the id or name coer-2, egde-1; did you mean core-2 or edge-1?"}},
		"many unknown devices":       {contract.TargetSelector{IDs: many}, []string{"targets.ids: no device has the id or name unknown-00, unknown-01, unknown-02, unknown-03, unknown-04, unknown-05, unknown-06, unknown-07, unknown-08, unknown-09 and 5 more; list the devices with: netrust device list"}},
		"a quarantined device by id": {contract.TargetSelector{IDs: []string{"core-1", "leaf-1"}}, []string{"targets.ids: device leaf-1 is quarantined and is not touched; leave it out"}},
		"only what is skipped":       {contract.TargetSelector{Tags: []string{"lab"}}, []string{"targets: selects 1 devices and all of them are skipped (edge-2: its status is maintenance)"}},
		"a tag that nothing has":     {contract.TargetSelector{Tags: []string{"prod", "rolle:core"}}, []string{"targets.tags[1]: no device has the tag rolle:core; did you mean role:core?"}},
		"a tag like no other":        {contract.TargetSelector{Tags: []string{"zzzzzz"}}, []string{"targets.tags[0]: no device has the tag zzzzzz; tags that exist: dc1, dc2, lab, "}},
		"a label that nothing has":   {contract.TargetSelector{Labels: "rol=core"}, []string{"targets.labels: no device matches rol=core; no device has the label rol: did you mean role?"}},
		"a value that nothing has":   {contract.TargetSelector{Labels: "site in (paris), role=croe"}, []string{"targets.labels: no device matches site in (paris), role=croe; no device has role=croe: did you mean core?"}},
		"a value like no other":      {contract.TargetSelector{Labels: "role=firewall"}, []string{"targets.labels: no device matches role=firewall; no device has role=firewall; values that exist: core, edge, leaf"}},
		"a key alone":                {contract.TargetSelector{Labels: "legacy"}, []string{"targets.labels: no device matches legacy; no device has the label legacy; keys that exist: address, id, name, platform, role, site, status"}},
		"tests that exclude another": {contract.TargetSelector{Labels: "role=core, site=oslo"}, []string{"targets.labels: no device matches role=core, site=oslo; each label of it exists; check how the tests are joined"}},
		"parts that do not meet":     {contract.TargetSelector{Tags: []string{"dc1"}, Labels: "role=edge"}, []string{"targets: no device has all of what is asked for, though each part has some"}},
		"a broken expression":        {contract.TargetSelector{Labels: "role in core"}, []string{`targets.labels: column 9: "core" is not expected; write the values in parentheses`}},
		"several faults":             {contract.TargetSelector{IDs: []string{""}, Tags: []string{"a\n"}, Labels: "="}, []string{"targets.ids[0]: is empty", "targets.tags[0]: holds a control character", "targets.labels: column 1: "}},
		"a job of unknown results":   {contract.TargetSelector{NotReachedOf: "abc"}, []string{"targets.not_reached_of: the devices that job abc did not reach are not known here"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, problems := fleet().Resolve(c.sel)
			if len(problems) != len(c.want) || got.Members != nil {
				t.Fatalf("%d members, problems %v, want %q", len(got.Members), problems, c.want)
			}
			for i, p := range problems {
				if !strings.HasPrefix(p.Error(), c.want[i]) || p.Remedy == "" {
					t.Errorf("problem %q, want %q", p.Error(), c.want[i])
				}
			}
		})
	}
	if _, problems := new(inventory.Set).Resolve(contract.TargetSelector{All: true}); len(problems) != 1 || problems[0].Message != "the inventory is empty" {
		t.Errorf("an empty inventory: %v", problems)
	}
}

func TestResolveAmongTakesWhatAJobDidNotReach(t *testing.T) {
	t.Parallel()
	sel := contract.TargetSelector{NotReachedOf: "abc", Tags: []string{"prod"}}
	got, problems := fleet().ResolveAmong(sel, []string{"edge-1", "gone-1", "core-2", "edge-2", "leaf-1"})
	if problems != nil || !slices.Equal(ids(got), []string{"core-2", "edge-1"}) {
		t.Errorf("selected %q, %v", ids(got), problems)
	}
	if len(got.Skipped) != 2 || got.Skipped[0].DeviceID != "gone-1" || got.Skipped[0].Reason != "it is no longer in the inventory" || got.Skipped[1].DeviceID != "leaf-1" {
		t.Errorf("skipped %+v", got.Skipped)
	}
	sel = contract.TargetSelector{NotReachedOf: "abc", IDs: []string{"core-1", "core-2"}}
	if got, problems := fleet().ResolveAmong(sel, []string{"core-2", "edge-1"}); problems != nil || !slices.Equal(ids(got), []string{"core-2"}) {
		t.Errorf("with ids selected %q, %v", ids(got), problems)
	}
	if _, problems := fleet().ResolveAmong(contract.TargetSelector{NotReachedOf: "abc"}, nil); len(problems) != 1 {
		t.Errorf("a job that reached everything: %v", problems)
	}
}

func TestSetFollowsChanges(t *testing.T) {
	t.Parallel()
	set := fleet()
	renamed := contract.Device{ID: "core-1", Name: "new name", Site: "rome"}
	set.Put(&renamed, 9)
	set.Put(&contract.Device{ID: "core-1", Name: "old"}, 8) // an older entry, delivered again
	set.Delete("edge-1", 10)
	set.Delete("edge-2", 1) // older than the device
	set.Delete("unknown", 11)
	set.Put(&contract.Device{ID: "a-first", Name: "a-first"}, 12)
	set.Put(&contract.Device{ID: "z-last", Name: "z-last"}, 13)
	got, problems := set.Resolve(contract.TargetSelector{All: true})
	if problems != nil || !slices.Equal(ids(got), []string{"a-first", "core-1", "core-2", "z-last"}) || got.Revision != 13 || set.Revision() != 13 {
		t.Errorf("selected %q at %d, %v", ids(got), got.Revision, problems)
	}
	if m, ok := set.Get("core-1"); !ok || m.Device != &renamed || m.Revision != 9 {
		t.Errorf("core-1 is %+v", m)
	}
	if _, problems := set.Resolve(contract.TargetSelector{IDs: []string{"new name"}}); problems != nil {
		t.Error(problems)
	}
	var all []string
	for m := range set.All() {
		all = append(all, m.Device.ID)
	}
	if want := []string{"a-first", "core-1", "core-2", "edge-2", "leaf-1", "z-last"}; !slices.Equal(all, want) || set.Len() != len(want) {
		t.Errorf("all are %q of %d, want %q", all, set.Len(), want)
	}
	set.Put(&contract.Device{ID: "other", Name: "core-1"}, 14) // a name that is an id: the id comes first
	set.Put(&contract.Device{ID: "z-2", Name: "new name"}, 15)
	if got, _ := set.Resolve(contract.TargetSelector{IDs: []string{"core-1"}}); !slices.Equal(ids(got), []string{"core-1"}) {
		t.Errorf("core-1 stands for %q", ids(got))
	}
	if _, problems := set.Resolve(contract.TargetSelector{IDs: []string{"new name"}}); len(problems) != 1 || problems[0].Message != "several devices have the name new name" {
		t.Errorf("a name of two devices: %v", problems)
	}
}

// The set merges changes into its order; here it is held against one that is built anew.
func TestSetAgreesWithASetBuiltAnew(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	set, model := &inventory.Set{}, map[string]contract.Device{}
	for revision := range uint64(3000) {
		id := fmt.Sprintf("r%d", random.IntN(200))
		if random.IntN(3) == 0 {
			set.Delete(id, revision)
			delete(model, id)
		} else {
			d := contract.Device{ID: id, Name: fmt.Sprintf("n%d", random.IntN(400)), Site: fmt.Sprint(revision)}
			set.Put(&d, revision)
			model[id] = d
		}
		if random.IntN(10) > 0 {
			continue
		}
		got, _ := set.Resolve(contract.TargetSelector{All: true})
		if len(got.Members) != len(model) || !slices.IsSorted(ids(got)) {
			t.Fatalf("revision %d: %d members in order %v, want %d", revision, len(got.Members), slices.IsSorted(ids(got)), len(model))
		}
		for _, m := range got.Members {
			if m.Device.Site != model[m.Device.ID].Site {
				t.Fatalf("revision %d: %s is of %s, want %s", revision, m.Device.ID, m.Device.Site, model[m.Device.ID].Site)
			}
		}
	}
}

func TestSetServesManyAtOnce(t *testing.T) {
	t.Parallel()
	set := fleet()
	var wg sync.WaitGroup
	for writer := range 2 {
		wg.Go(func() {
			for i := range 500 {
				d := contract.Device{ID: fmt.Sprintf("w%d-%d", writer, i), Name: fmt.Sprintf("w%d-%d", writer, i)}
				set.Put(&d, uint64(i))
			}
		})
		wg.Go(func() {
			for range 200 {
				got, problems := set.Resolve(contract.TargetSelector{All: true})
				if problems != nil || len(got.Members) < 3 || !slices.IsSorted(ids(got)) {
					t.Errorf("%d members, %v", len(got.Members), problems)
				}
			}
		})
	}
	wg.Wait()
	if set.Len() != 1005 {
		t.Errorf("%d devices, want 1005", set.Len())
	}
}

func TestFilter(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tags   []string
		labels string
		want   bool
	}{
		"nothing asked":             {nil, "", true},
		"a label as a tag":          {[]string{"role:core"}, "", true},
		"a field as a tag":          {[]string{"site:paris"}, "role=core", true},
		"a tag with quotes":         {[]string{`role:"core"`}, "", false},
		"a tag that is not there":   {[]string{"role:core", "x"}, "", false},
		"an expression that is not": {[]string{"role:core"}, "role=edge", false},
	} {
		f, problems := inventory.NewFilter(c.tags, c.labels)
		if problems != nil || f.Match(&router) != c.want {
			t.Errorf("%s: %v %v, want %v", name, problems, f.Match(&router), c.want)
		}
	}
	if _, problems := inventory.NewFilter([]string{""}, "role="); len(problems) != 2 {
		t.Errorf("two faults: %v", problems)
	}
}
