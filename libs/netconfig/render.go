package netconfig

import "strings"

// String writes the configuration as the platform prints it, without comments and blank lines. [Parse] reads it back.
func (t *Tree) String() string {
	d, err := t.dialect()
	if err != nil {
		return ""
	}
	var out strings.Builder
	d.write(&out, t.Lines, 0)
	return out.String()
}

func (d *dialect) write(out *strings.Builder, lines []*Line, depth int) {
	for _, l := range lines {
		out.WriteString(strings.Repeat(d.indent, depth))
		out.WriteString(l.Text)
		out.WriteByte('\n')
		d.write(out, l.Kids, depth+1)
	}
}
