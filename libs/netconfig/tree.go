package netconfig

import (
	"fmt"
	"slices"
)

// Tree is a configuration, or a part of one. Make it by [Parse].
type Tree struct {
	Platform string
	Lines    []*Line

	known *dialect
}

// Line is a line of configuration and the section under it.
type Line struct {
	// Text is the line without indentation. A block that is kept as it is (a banner, a certificate) has line ends in it.
	Text string
	// Kids are the lines of the section that this one opens.
	Kids []*Line
	// Number is where the line stood, from 1; 0 for a line that was not read.
	Number int
}

func (l *Line) clone() *Line {
	return &Line{Text: l.Text, Kids: cloneAll(l.Kids), Number: l.Number}
}

func cloneAll(lines []*Line) []*Line {
	if lines == nil {
		return nil
	}
	out := make([]*Line, len(lines))
	for i, l := range lines {
		out[i] = l.clone()
	}
	return out
}

// Find returns the line that a path of texts leads to, nil when there is none.
func (t *Tree) Find(path ...string) *Line {
	lines := t.Lines
	var at *Line
	for _, text := range path {
		if at = find(lines, text); at == nil {
			return nil
		}
		lines = at.Kids
	}
	return at
}

func find(lines []*Line, text string) *Line {
	i := slices.IndexFunc(lines, func(l *Line) bool { return l.Text == text })
	if i < 0 {
		return nil
	}
	return lines[i]
}

// UnsupportedError says that configurations of a platform are not known as trees.
type UnsupportedError struct{ Platform string }

// Error names what is supported.
func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("configurations of %s are not read as trees; those of %v are", e.Platform, Platforms())
}

// SyntaxError says where a text is no configuration.
type SyntaxError struct {
	Line    int // from 1
	Message string
}

// Error is line and fault.
func (e *SyntaxError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Message) }

// Equal reports whether two configurations mean the same: their sections hold the same lines, in the same order where order
// counts. A port without a line under it is the same as one that is not named.
func Equal(a, b *Tree) bool {
	d, err := a.dialect()
	return err == nil && a.Platform == b.Platform && d.equal("", a.Lines, b.Lines)
}

func (d *dialect) equal(section string, a, b []*Line) bool {
	a, b = d.withoutEmptyPorts(a), d.withoutEmptyPorts(b)
	if len(a) != len(b) {
		return false
	}
	for _, line := range a {
		other := find(b, line.Text)
		if other == nil || !d.equal(line.Text, line.Kids, other.Kids) {
			return false
		}
	}
	for key, texts := range d.sequences(section, a) {
		if !slices.Equal(texts, d.sequences(section, b)[key]) {
			return false
		}
	}
	return true
}

func (d *dialect) withoutEmptyPorts(lines []*Line) []*Line {
	return slices.DeleteFunc(slices.Clone(lines), func(l *Line) bool { return len(l.Kids) == 0 && d.port(l.Text) })
}

// sequences are the texts of a section that stand in an order, by what they belong to.
func (d *dialect) sequences(section string, lines []*Line) map[string][]string {
	out := map[string][]string{}
	for _, l := range lines {
		if key := d.orderKey(section, l.Text); key != "" {
			out[key] = append(out[key], l.Text)
		}
	}
	return out
}
