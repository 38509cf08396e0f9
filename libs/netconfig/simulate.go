package netconfig

import (
	"fmt"
	"slices"
	"strings"
)

// RefusedError says that a device would refuse a line.
type RefusedError struct {
	Section string // "" is the top
	Text    string
	Reason  string
}

// Error names line, section and reason.
func (e *RefusedError) Error() string {
	at := ""
	if e.Section != "" {
		at = " in " + e.Section
	}
	return fmt.Sprintf("the line %q%s: %s", e.Text, at, e.Reason)
}

// ParseEdits reads lines as a person types them in configuration mode: the sections of a configuration, with lines that take others
// back. Unlike in a configuration a line may come twice.
func ParseEdits(platformName, text string) ([]*Line, error) {
	d, err := dialectOf(platformName)
	if err != nil {
		return nil, err
	}
	r := reader{d: d, lines: strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")}
	root := &Line{}
	err = r.read(root, func(section, l *Line) *Line {
		section.Kids = append(section.Kids, l)
		return l
	})
	return root.Kids, err
}

// Simulate says what a configuration becomes when lines are entered, by what the tables know of the platform. It is a model, not a
// device: it knows neither valid commands nor defaults. Errors: *[UnsupportedError], and *[RefusedError] for the first line that
// a device is known to refuse.
func Simulate(running *Tree, edits []*Line) (*Tree, error) {
	return simulate(running, edits, shown{}, shown{})
}

// shown are settings that a configuration shows, by section and line without a no: those that are off ("no ip routing"), or
// those that are on.
type shown map[[2]string]bool

func (s shown) learnOn(section string, lines []*Line) {
	for _, l := range lines {
		s[[2]string{section, l.Text}] = true
		s.learnOn(l.Text, l.Kids)
	}
}

func (s shown) learn(section string, lines []*Line) {
	for _, l := range lines {
		if positive, ok := strings.CutPrefix(l.Text, "no "); ok {
			s[[2]string{section, positive}] = true
		}
		s.learn(l.Text, l.Kids)
	}
}

func simulate(running *Tree, edits []*Line, off, on shown) (*Tree, error) {
	d, err := running.dialect()
	if err != nil {
		return nil, err
	}
	m := model{d: d, off: off, on: on}
	m.off.learn("", running.Lines)
	root := &Line{Kids: cloneAll(running.Lines)}
	for _, e := range edits {
		if err := m.enter(root, "", e); err != nil {
			return nil, err
		}
	}
	return &Tree{Platform: d.name, Lines: root.Kids, known: d}, nil
}

type model struct {
	d *dialect
	// off are settings that are shown when they are off; on are those that are shown when they are on although they are the
	// default.
	off, on shown
}

// enter enters one line in a section, and what comes below it.
func (m model) enter(at *Line, section string, e *Line) error {
	if name, ok := strings.CutPrefix(e.Text, "default interface "); ok && section == "" {
		if port := find(at.Kids, "interface "+name); port != nil {
			port.Kids = nil
		}
		return nil
	}
	if positive, ok := strings.CutPrefix(e.Text, "no "); ok {
		return m.takeBack(at, section, positive)
	}
	l, err := m.put(at, section, e.Text)
	if err != nil {
		return err
	}
	for _, kid := range e.Kids {
		if err := m.enter(l, e.Text, kid); err != nil {
			return err
		}
	}
	return nil
}

// put makes a line stand in a section, in place of what it replaces, and returns it.
func (m model) put(at *Line, section, text string) (*Line, error) {
	if i := index(at.Kids, "no "+text); i >= 0 {
		at.Kids = slices.Delete(at.Kids, i, i+1)
		if !m.on[[2]string{section, text}] { // it was off, is on, which is the default then and not shown
			return &Line{Text: text}, nil
		}
	}
	if l := find(at.Kids, text); l != nil {
		return l, nil
	}
	l := &Line{Text: text}
	if row, key := m.d.one(section, text); row != nil && row.alone {
		for _, old := range at.Kids {
			if other, taken := m.d.one(section, old.Text); other == row && taken == key {
				return nil, &RefusedError{Section: section, Text: text, Reason: "there is one already: " + old.Text}
			}
		}
	}
	if key := m.d.key(section, text); key != "" {
		for i, old := range at.Kids {
			if m.d.key(section, old.Text) == key {
				l.Kids = old.Kids
				at.Kids[i] = l
				return l, nil
			}
		}
	}
	at.Kids = append(at.Kids, l)
	return l, nil
}

// takeBack removes what "no text" removes.
func (m model) takeBack(at *Line, section, text string) error {
	if section == "" && m.d.port(text) {
		return &RefusedError{Text: "no " + text, Reason: "a port cannot be removed; its lines can, one by one"}
	}
	// To take back one entry of a numbered list takes back the list.
	order := ""
	if section == "" {
		order = m.d.orderKey("", text)
	}
	peer := ""
	if words := strings.Fields(text); len(words) > 2 && words[0] == "neighbor" && words[2] == "remote-as" {
		peer = words[0] + " " + words[1] + " " // without its AS a neighbour is none, and all its lines go
	}
	at.Kids = slices.DeleteFunc(at.Kids, func(l *Line) bool {
		return l.Text == text || strings.HasPrefix(l.Text, text+" ") || strings.HasPrefix(l.Text, text+"\n") ||
			m.d.negation(section, l.Text) == "no "+text || order != "" && m.d.orderKey(section, l.Text) == order ||
			peer != "" && strings.HasPrefix(l.Text, peer)
	})
	if m.off[[2]string{section, text}] && find(at.Kids, "no "+text) == nil {
		at.Kids = append(at.Kids, &Line{Text: "no " + text})
	}
	return nil
}
