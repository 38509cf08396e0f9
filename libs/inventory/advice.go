package inventory

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/internal/nearest"
)

// shownNames is how many names a problem lists.
const shownNames = 10

// maxCompared bounds the comparisons that a suggestion may cost.
const maxCompared = 500_000

// unknownDevices names what is missing, and what was probably meant.
func unknownDevices(missing []string, v view) contract.Problem {
	shown := missing[:min(len(missing), shownNames)]
	p := contract.Problem{Field: "targets.ids", Message: "no device has the id or name " + strings.Join(shown, ", ")}
	if more := len(missing) - len(shown); more > 0 {
		p.Message += fmt.Sprintf(" and %d more", more)
	}
	var near []string
	for _, name := range shown[:min(len(shown), max(1, maxCompared/(len(v.sorted)+1)))] {
		near = append(near, nearest.To(name, v.names(), 1)...)
	}
	slices.Sort(near)
	if p.Remedy = nearest.Question(slices.Compact(near)); p.Remedy == "" {
		p.Remedy = "list the devices with: netrust device list"
	}
	return p
}

// names yields ids and names of all devices.
func (v view) names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, m := range v.sorted {
			if !yield(m.Device.ID) || m.Device.Name != m.Device.ID && !yield(m.Device.Name) {
				return
			}
		}
	}
}

// nothing explains why a selector leaves no device to work on.
func nothing(sel contract.TargetSelector, result *Selection, v view) contract.Problem {
	switch {
	case len(v.sorted) == 0:
		return contract.Problem{Field: "targets", Message: "the inventory is empty", Remedy: "import devices with: netrust device import inventory.yaml"}
	case len(result.Skipped) > 0:
		first := result.Skipped[0]
		return contract.Problem{Field: "targets", Message: fmt.Sprintf("selects %d devices and all of them are skipped (%s: %s)",
			len(result.Skipped), first.DeviceID, first.Reason), Remedy: "select active devices, or change their status in the inventory"}
	}
	for i, tag := range sel.Tags {
		if !v.any([]string{tag}, "") {
			return contract.Problem{Field: fmt.Sprintf("targets.tags[%d]", i), Message: "no device has the tag " + tag, Remedy: nearTags(tag, v)}
		}
	}
	if sel.Labels != "" {
		if !v.any(nil, sel.Labels) {
			return contract.Problem{Field: "targets.labels", Message: "no device matches " + sel.Labels, Remedy: nearLabels(sel.Labels, v)}
		}
	}
	return contract.Problem{Field: "targets", Message: "no device has all of what is asked for, though each part has some",
		Remedy: "ids, tags and labels must all hold; remove one of them"}
}

// any reports whether a device has the tags and labels, which are valid.
func (v view) any(tags []string, labels string) bool {
	f, _ := NewFilter(tags, labels)
	return slices.ContainsFunc(v.sorted, func(m Member) bool { return f.Match(m.Device) })
}

// nearTags suggests tags, and labels written as tags.
func nearTags(tag string, v view) string {
	known := map[string]struct{}{}
	for _, m := range v.sorted {
		for _, t := range m.Device.Tags {
			known[t] = struct{}{}
		}
		for key, value := range m.Device.Labels {
			known[key+":"+value] = struct{}{}
		}
		known["site:"+m.Device.Site] = struct{}{}
		known["platform:"+m.Device.Platform] = struct{}{}
	}
	if near := nearest.Question(nearest.To(tag, maps.Keys(known), 3)); near != "" {
		return near
	}
	return "tags that exist: " + some(known)
}

// nearLabels looks for a key of the expression that no device has, or a value that its key never has.
func nearLabels(expression string, v view) string {
	known := valuesByKey(v)
	symbols, err := scan(expression)
	if err != nil {
		return ""
	}
	key := "" // that the values of this place belong to
	for i, s := range symbols {
		if s.kind != symbolWord || s.keyword() {
			continue
		}
		_, isKey := known[s.text]
		switch next := symbols[i+1]; {
		case next.kind == symbolEqual || next.kind == symbolNotEqual || next.is("in") || next.is("notin") || next.is("not"):
			if key = s.text; !isKey {
				return adviseKey(key, known)
			}
		case key != "" && known[key] != nil:
			if _, ok := known[key][s.text]; !ok {
				return adviseValue(key, s.text, known[key])
			}
		case !isKey:
			return adviseKey(s.text, known)
		}
	}
	return "each label of it exists; check how the tests are joined (a comma means and)"
}

func adviseKey(key string, known map[string]map[string]struct{}) string {
	if near := nearest.Question(nearest.To(key, maps.Keys(known), 3)); near != "" {
		return "no device has the label " + key + ": " + near
	}
	keys := map[string]struct{}{}
	for k := range known {
		keys[k] = struct{}{}
	}
	return "no device has the label " + key + "; keys that exist: " + some(keys)
}

func adviseValue(key, value string, values map[string]struct{}) string {
	text := "no device has " + key + "=" + value
	if near := nearest.Question(nearest.To(value, maps.Keys(values), 3)); near != "" {
		return text + ": " + near
	}
	return text + "; values that exist: " + some(values)
}

func valuesByKey(v view) map[string]map[string]struct{} {
	known := map[string]map[string]struct{}{}
	for _, key := range builtIn {
		known[key] = map[string]struct{}{}
	}
	for _, m := range v.sorted {
		for _, key := range builtIn {
			text, _ := value(m.Device, key)
			known[key][text] = struct{}{}
		}
		for key, text := range m.Device.Labels {
			if known[key] == nil {
				known[key] = map[string]struct{}{}
			}
			known[key][text] = struct{}{}
		}
	}
	return known
}

// some lists the first few of a set in order.
func some(set map[string]struct{}) string {
	words := slices.Sorted(maps.Keys(set))
	if len(words) == 0 {
		return "none"
	}
	if len(words) > shownNames {
		return strings.Join(words[:shownNames], ", ") + fmt.Sprintf(" and %d more", len(words)-shownNames)
	}
	return strings.Join(words, ", ")
}
