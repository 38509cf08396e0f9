package render

import (
	"cmp"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

// Cause is what went wrong in the same way on one device or more.
type Cause struct {
	Kind    contract.ErrorKind
	Message string // what differs between devices is replaced
	Remedy  string
	Devices []string
	// Effect is possible if anything can have happened on any of the devices.
	Effect contract.Effect
}

// Causes groups the tasks that ended without success by kind and message, the most frequent cause first.
func Causes(tasks []api.Task) []Cause {
	type key struct {
		kind    contract.ErrorKind
		message string
	}
	groups := map[key]*Cause{}
	for _, t := range tasks {
		if t.Error == nil || t.State == contract.TaskSucceeded || t.State == contract.TaskSkipped {
			continue
		}
		k := key{t.Error.Kind, normal(t)}
		c := groups[k]
		if c == nil {
			c = &Cause{Kind: k.kind, Message: k.message, Remedy: t.Error.Remedy, Effect: contract.EffectNone}
			groups[k] = c
		}
		c.Devices = append(c.Devices, t.DeviceID)
		if t.Error.Effect == contract.EffectPossible {
			c.Effect = contract.EffectPossible
		}
	}
	out := make([]Cause, 0, len(groups))
	for _, c := range groups {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b Cause) int {
		return cmp.Or(-cmp.Compare(len(a.Devices), len(b.Devices)), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Message, b.Message))
	})
	return out
}

var (
	addressPattern  = regexp.MustCompile(`\[?(\d{1,3}(\.\d{1,3}){3}|[0-9a-fA-F]{0,4}(:[0-9a-fA-F]{0,4}){2,7})\]?(:\d{1,5})?`)
	durationPattern = regexp.MustCompile(`\b\d+(\.\d+)?(h|m|s|ms|µs)(\d+(\.\d+)?(m|s|ms|µs))*\b`)
	clockPattern    = regexp.MustCompile(`^\d{1,2}:\d{2}:\d{2}$`) // a time of day, which looks like a part of an IPv6 address
	hashPattern     = regexp.MustCompile(`\bSHA256:[A-Za-z0-9+/=]+`)
)

// normal is the task's message without what is the device's own: its name, addresses, fingerprints, times.
func normal(t api.Task) string {
	s := Clean(t.Error.Message)
	s = addressPattern.ReplaceAllStringFunc(s, func(found string) string {
		if clockPattern.MatchString(found) {
			return found
		}
		return "<address>"
	})
	s = hashPattern.ReplaceAllString(s, "<fingerprint>")
	s = durationPattern.ReplaceAllString(s, "<time>")
	for _, name := range []string{t.DeviceID, t.Name} {
		s = replaceWord(s, name)
	}
	return s
}

// replaceWord replaces name where it stands as a word of its own: a device called "a" is not every "a".
func replaceWord(s, name string) string {
	if name == "" {
		return s
	}
	return regexp.MustCompile(`(^|[^\w.-])`+regexp.QuoteMeta(name)+`($|[^\w-])`).ReplaceAllString(s, "${1}<device>${2}")
}

// sample is how many devices of a cause are named.
const sample = 4

// WriteCauses writes the causes, for a person: how many devices, what happened, which, and what to do.
func WriteCauses(w io.Writer, causes []Cause, width int) error {
	var b strings.Builder
	for _, c := range causes {
		lead := fmt.Sprintf("%5d × ", len(c.Devices))
		indent := strings.Repeat(" ", 8)
		b.WriteString(Wrap(lead, indent, string(c.Kind)+": "+c.Message, width))
		names := strings.Join(c.Devices[:min(sample, len(c.Devices))], ", ")
		if more := len(c.Devices) - sample; more > 0 {
			names += fmt.Sprintf(" and %d more", more)
		}
		b.WriteString(Wrap(indent, indent, "on "+Clean(names), width))
		if c.Effect == contract.EffectPossible {
			b.WriteString(Wrap(indent, indent, "something may have happened on the device: look before you run it again", width))
		}
		if c.Remedy != "" {
			b.WriteString(Wrap(indent, indent, "→ "+Clean(c.Remedy), width))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Wrap breaks text between words so that no line exceeds width (0: any length), with first before the first line and
// rest before the others.
func Wrap(first, rest, text string, width int) string {
	var b strings.Builder
	line, used := first, false
	for _, word := range strings.Fields(text) {
		next := line + word
		if used {
			next = line + " " + word
		}
		if used && width > 0 && len([]rune(next)) > width {
			b.WriteString(line + "\n")
			next = rest + word
		}
		line, used = next, true
	}
	return b.String() + line + "\n"
}
