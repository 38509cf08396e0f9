package inventory

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

// What happens to a device.
const (
	Created = "created"
	Changed = "changed"
	Removed = "removed"
)

// Change is what an import does to one device.
type Change struct {
	api.DeviceChange
	Before *contract.Device // nil when created
	After  *contract.Device // nil when removed
}

// Diff says what it takes to make next of current, by device id. Devices that next does not name are removed with prune
// and left alone without. Devices that are equal are not mentioned. The devices of the changes are those of the slices.
func Diff(current, next []contract.Device, prune bool) []Change {
	before := make(map[string]*contract.Device, len(current))
	for i := range current {
		before[current[i].ID] = &current[i]
	}
	var changes []Change
	add := func(action string, from, to *contract.Device) {
		changes = append(changes, Change{api.DeviceChange{DeviceID: cmp.Or(to, from).ID, Action: action, Fields: compareFields(from, to)}, from, to})
	}
	for i := range next {
		device := &next[i]
		switch old := before[device.ID]; {
		case old == nil:
			add(Created, nil, device)
		case !equal(old, device):
			add(Changed, old, device)
		}
		delete(before, device.ID)
	}
	if prune {
		for _, old := range before {
			add(Removed, old, nil)
		}
	}
	slices.SortFunc(changes, func(a, b Change) int { return cmp.Compare(a.DeviceID, b.DeviceID) })
	return changes
}

// Tally counts changes for the answer of an import of that many devices.
func Tally(changes []Change, devices int) api.Import {
	tally := api.Import{Unchanged: devices, Changes: make([]api.DeviceChange, 0, len(changes))}
	for _, c := range changes {
		switch c.Action {
		case Created:
			tally.Created++
			tally.Unchanged--
		case Changed:
			tally.Changed++
			tally.Unchanged--
		case Removed:
			tally.Removed++
		}
		tally.Changes = append(tally.Changes, c.DeviceChange)
	}
	return tally
}

// equal is quick for the devices of an import that changes little.
func equal(a, b *contract.Device) bool {
	return a.Name == b.Name && a.Platform == b.Platform && a.Address == b.Address && a.Port == b.Port && a.Site == b.Site &&
		a.Status == b.Status && slices.Equal(a.Tags, b.Tags) && maps.Equal(a.Labels, b.Labels) && a.Credential == b.Credential &&
		a.AuthDomain == b.AuthDomain && a.RedundancyGroup == b.RedundancyGroup && a.Options.Equal(b.Options)
}

// compareFields lists the fields that differ. A device that is not there has none, so all that are set differ.
func compareFields(from, to *contract.Device) []api.FieldChange {
	before, after := flatten(from), flatten(to)
	var changes []api.FieldChange
	names := slices.AppendSeq(slices.Collect(maps.Keys(before)), maps.Keys(after))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if old, new := before[name], after[name]; old != new {
			changes = append(changes, api.FieldChange{Field: name, Before: old, After: new})
		}
	}
	return changes
}

// flatten writes the fields that are set as texts.
func flatten(d *contract.Device) map[string]string {
	fields := map[string]string{}
	if d == nil {
		return fields
	}
	set := func(name, text string) {
		if text != "" {
			fields[name] = text
		}
	}
	set("name", d.Name)
	set("platform", d.Platform)
	set("address", d.Address)
	set("port", strconv.Itoa(d.Port))
	set("site", d.Site)
	set("status", string(d.Status))
	set("tags", strings.Join(d.Tags, ", "))
	for key, text := range d.Labels {
		fields["labels."+key] = cmp.Or(text, `""`) // a label without a value is not no label
	}
	set("credential", d.Credential)
	set("auth_domain", d.AuthDomain)
	set("redundancy_group", d.RedundancyGroup)
	set("options.host_key", d.Options.HostKey)
	if d.Options.LegacyAlgorithms {
		set("options.legacy_algorithms", "true")
	}
	if d.Options.ConnectTimeoutMS != 0 {
		set("options.connect_timeout_ms", strconv.FormatInt(d.Options.ConnectTimeoutMS, 10))
	}
	if !d.Options.Keeps() {
		set("options.keep_session", "false")
	}
	if d.Options.MaxSessions != 0 {
		set("options.max_sessions", strconv.Itoa(d.Options.MaxSessions))
	}
	set("options.jump", jumpText(d.Options.Jump))
	return fields
}

// jumpText writes a chain of jump hosts on one line.
func jumpText(chain []contract.JumpHost) string {
	hops := make([]string, 0, len(chain))
	for _, h := range chain {
		text := fmt.Sprintf("%s (%s port %d, %s", h.Name, h.Address, h.Port, h.Credential)
		if h.HostKey != "" {
			text += ", " + h.HostKey
		}
		hops = append(hops, text+")")
	}
	return strings.Join(hops, ", then ")
}
