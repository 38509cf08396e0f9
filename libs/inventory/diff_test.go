package inventory_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/libs/inventory"
)

func TestDiff(t *testing.T) {
	t.Parallel()
	current := []contract.Device{
		{ID: "a", Name: "a", Port: 22, Tags: []string{"x"}, Labels: map[string]string{"role": "core", "old": ""}},
		{ID: "b", Name: "b", Port: 22},
		{ID: "c", Name: "c", Port: 22},
	}
	next := []contract.Device{
		{ID: "d", Name: "d", Port: 830, Credential: "env:LAB"},
		{ID: "c", Name: "c", Port: 22},
		{ID: "a", Name: "a", Port: 2222, Tags: []string{"x", "y"}, Labels: map[string]string{"role": "edge"}, Options: contract.ConnectionOptions{LegacyAlgorithms: true, ConnectTimeoutMS: 5}},
	}
	changes := inventory.Diff(current, next, true)
	want := []api.DeviceChange{
		{DeviceID: "a", Action: "changed", Fields: []api.FieldChange{
			{Field: "labels.old", Before: `""`}, {Field: "labels.role", Before: "core", After: "edge"},
			{Field: "options.connect_timeout_ms", After: "5"}, {Field: "options.legacy_algorithms", After: "true"},
			{Field: "port", Before: "22", After: "2222"}, {Field: "tags", Before: "x", After: "x, y"}}},
		{DeviceID: "b", Action: "removed", Fields: []api.FieldChange{{Field: "name", Before: "b"}, {Field: "port", Before: "22"}}},
		{DeviceID: "d", Action: "created", Fields: []api.FieldChange{{Field: "credential", After: "env:LAB"}, {Field: "name", After: "d"}, {Field: "port", After: "830"}}},
	}
	tally := inventory.Tally(changes, len(next))
	if !reflect.DeepEqual(tally.Changes, want) {
		t.Errorf("changes\n%+v, want\n%+v", tally.Changes, want)
	}
	if tally.Created != 1 || tally.Changed != 1 || tally.Removed != 1 || tally.Unchanged != 1 {
		t.Errorf("tally %+v", tally)
	}
	if changes[0].Before != &current[0] || changes[0].After != &next[2] || changes[1].After != nil || changes[2].Before != nil {
		t.Error("the changes do not carry the devices")
	}
	if kept := inventory.Diff(current, next, false); len(kept) != 2 {
		t.Errorf("without prune %+v", kept)
	}
	if same := inventory.Diff(next, next, true); same != nil {
		t.Errorf("of itself %+v", same)
	}
}

// Each field of a device must be seen by Diff: a field that is added to the contract and forgotten here fails.
func TestDiffSeesEveryField(t *testing.T) {
	t.Parallel()
	var visit func(v reflect.Value, name string, try func())
	visit = func(v reflect.Value, name string, try func()) {
		for i := range v.NumField() {
			f, title := v.Field(i), name+v.Type().Field(i).Name
			old := reflect.New(f.Type()).Elem()
			old.Set(f)
			switch f.Kind() {
			case reflect.String:
				f.SetString("changed")
			case reflect.Int, reflect.Int64:
				f.SetInt(7)
			case reflect.Bool:
				f.SetBool(true)
			case reflect.Slice:
				f.Set(reflect.MakeSlice(f.Type(), 1, 1))
				if e := f.Index(0); e.Kind() == reflect.Struct {
					visit(e, title+"[].", try)
				} else {
					e.SetString("changed")
				}
			case reflect.Pointer: // to what differs from its default
				f.Set(reflect.New(f.Type().Elem()))
			case reflect.Map:
				f.Set(reflect.ValueOf(map[string]string{"changed": ""}))
			case reflect.Struct:
				visit(f, title+".", try)
				continue
			default:
				t.Errorf("%s is of a kind that this test does not know", title)
			}
			if title != "ID" {
				t.Run(title, func(*testing.T) { try() })
			}
			f.Set(old)
		}
	}
	device := contract.Device{ID: "a"}
	visit(reflect.ValueOf(&device).Elem(), "", func() {
		if changes := inventory.Diff([]contract.Device{{ID: "a"}}, []contract.Device{device}, false); len(changes) != 1 || len(changes[0].Fields) != 1 {
			t.Errorf("%+v is not one change: %+v", device, changes)
		}
	})
}

func ExampleDiff() {
	current := []contract.Device{{ID: "r1", Name: "r1", Address: "192.0.2.1", Port: 22}}
	next := []contract.Device{{ID: "r1", Name: "r1", Address: "192.0.2.7", Port: 22}}
	for _, change := range inventory.Diff(current, next, false) {
		fmt.Println(change.DeviceID, change.Action, change.Fields)
	}
	// Output: r1 changed [{address 192.0.2.1 192.0.2.7}]
}

func ExampleSet_Resolve() {
	devices, err := inventory.Parse([]byte(`
defaults: {platform: frr, credential: env:LAB}
devices:
  - {id: core-1, address: 192.0.2.1, labels: {role: core}}
  - {id: edge-1, address: 192.0.2.2, labels: {role: edge}}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	set := inventory.NewSet(devices)
	selection, _ := set.Resolve(contract.TargetSelector{Labels: "role in (core, spine)"})
	fmt.Println(selection.Members[0].Device.ID)
	_, problems := set.Resolve(contract.TargetSelector{IDs: []string{"core1"}})
	fmt.Println(problems[0])
	// Output:
	// core-1
	// targets.ids: no device has the id or name core1; did you mean core-1?
}
