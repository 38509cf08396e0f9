package netconfig

import (
	"strings"
)

// Diff shows what must change to turn one configuration into the other: a tree of both, in which unchanged lines stand only as the
// headers of changed ones. It is empty when both are the same.
func Diff(from, to *Tree) string {
	d, err := from.dialect()
	if err != nil {
		return ""
	}
	var out strings.Builder
	d.diff(&out, "", from.Lines, to.Lines, 0)
	return out.String()
}

// diff writes the differences of one section. Lines of the other configuration come after the line that they follow there.
func (d *dialect) diff(out *strings.Builder, section string, from, to []*Line, depth int) {
	moved := d.moved(section, from, to)
	done := 0
	added := func(upTo int) {
		for ; done < upTo; done++ {
			if l := to[done]; find(from, l.Text) == nil || moved[d.orderKey(section, l.Text)] {
				d.mark(out, '+', l, depth)
			}
		}
	}
	for _, l := range from {
		i := index(to, l.Text)
		switch {
		case i < 0 || moved[d.orderKey(section, l.Text)]:
			d.mark(out, '-', l, depth)
		default:
			added(i)
			d.same(out, l, to[i], depth)
		}
	}
	added(len(to))
}

// moved names the sequences whose order differs: they are taken back and written anew, whole.
func (d *dialect) moved(section string, from, to []*Line) map[string]bool {
	old, wanted := d.sequences(section, from), d.sequences(section, to)
	out := map[string]bool{}
	for key, texts := range old {
		if next := wanted[key]; len(next) > 0 && !prefix(texts, next) {
			out[key] = true
		}
	}
	return out
}

// prefix reports whether a sequence begins with another one.
func prefix(start, whole []string) bool {
	if len(start) > len(whole) {
		return false
	}
	for i := range start {
		if start[i] != whole[i] {
			return false
		}
	}
	return true
}

func index(lines []*Line, text string) int {
	for i, l := range lines {
		if l.Text == text {
			return i
		}
	}
	return -1
}

// same writes the header of a section when something differs below it.
func (d *dialect) same(out *strings.Builder, from, to *Line, depth int) {
	var below strings.Builder
	d.diff(&below, from.Text, from.Kids, to.Kids, depth+1)
	if below.Len() > 0 {
		d.sign(out, ' ', from.Text, depth)
		out.WriteString(below.String())
	}
}

func (d *dialect) mark(out *strings.Builder, sign byte, l *Line, depth int) {
	d.sign(out, sign, l.Text, depth)
	for _, kid := range l.Kids {
		d.mark(out, sign, kid, depth+1)
	}
}

func (d *dialect) sign(out *strings.Builder, sign byte, text string, depth int) {
	for i, line := range strings.Split(text, "\n") {
		out.WriteByte(sign)
		if i == 0 {
			out.WriteString(strings.Repeat(d.indent, depth))
		}
		out.WriteString(line)
		out.WriteByte('\n')
	}
}
