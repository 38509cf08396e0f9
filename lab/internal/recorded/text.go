package recorded

import "strings"

// slot is a place in a text where a device's own word goes.
type slot uint8

const (
	noSlot slot = iota
	hostnameSlot
	serialSlot
)

// recordedName is a word of the recorded device that a simulated device replaces with its own.
type recordedName struct {
	word string
	slot slot
}

// recordedNames holds the words to replace, longest first where one begins another. They are given with enough of
// their surroundings to match nothing else.
var recordedNames = map[string][]recordedName{
	"cisco_ios": {
		{"city-building-4-sw", hostnameSlot}, {"router1", hostnameSlot},
		{"CAT1451S15C", serialSlot}, {"FOC11111111", serialSlot},
	},
	"cisco_nxos": {
		{"Leaf-101", hostnameSlot}, {"N9K1", hostnameSlot},
		{"SAL1909A8CT", serialSlot}, {"SAL1819S6LU", serialSlot},
	},
	"arista_eos":    {{"JPE11400249", serialSlot}},
	"juniper_junos": {{"Hostname: lab", hostnameSlot}, {"qfsn-0123456789", serialSlot}},
	"frr":           {{"(vm)", hostnameSlot}},
}

// Text is one recording, cut at the places where a device's own words go.
type Text struct {
	parts []part
	size  int
}

type part struct {
	literal string
	then    slot
}

// cut splits a recording at every recorded name. What surrounds the name within its match ("(", "Hostname: ") stays.
func cut(raw string, names []recordedName) *Text {
	raw = strings.ReplaceAll(raw, "\r\n", "\n")
	raw = strings.TrimSuffix(strings.TrimRight(raw, "\n"), "\n{master:0}") // the line above the next prompt, on Junos
	if raw != "" && !strings.HasSuffix(raw, "\n") {
		raw += "\n"
	}
	text := &Text{size: len(raw)}
	for {
		at, found := -1, recordedName{}
		for _, name := range names {
			if i := strings.Index(raw, name.word); i >= 0 && (at < 0 || i < at) {
				at, found = i, name
			}
		}
		if at < 0 {
			text.parts = append(text.parts, part{literal: raw})
			return text
		}
		before, name, after := surroundings(found.word)
		text.parts = append(text.parts, part{literal: raw[:at] + before, then: found.slot})
		raw = after + raw[at+len(before)+len(name)+len(after):]
	}
}

// surroundings separates the name proper from the text it was recognised by.
func surroundings(match string) (before, name, after string) {
	switch {
	case strings.HasPrefix(match, "(") && strings.HasSuffix(match, ")"):
		return "(", match[1 : len(match)-1], ")"
	case strings.Contains(match, ": "):
		key, value, _ := strings.Cut(match, ": ")
		return key + ": ", value, ""
	default:
		return "", match, ""
	}
}

// Append appends the text with a device's own words to dst.
func (t *Text) Append(dst []byte, vars Vars) []byte {
	for _, p := range t.parts {
		dst = append(dst, p.literal...)
		switch p.then {
		case hostnameSlot:
			dst = append(dst, vars.Hostname...)
		case serialSlot:
			dst = append(dst, vars.Serial...)
		}
	}
	return dst
}

// Size is about how long the text is, in bytes.
func (t *Text) Size() int { return t.size }
