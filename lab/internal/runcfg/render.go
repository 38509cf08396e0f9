package runcfg

import "strings"

// Style is how a platform prints a configuration.
type Style struct {
	// Indent is what each level of section adds.
	Indent string
	// Separator is printed after a section at the top level ("!" on IOS, "" on NX-OS), if not NoSeparator.
	Separator   string
	NoSeparator bool
	// Close is printed at the end of a section ("exit" in FRRouting's output), if any.
	Close string
}

// Append appends the configuration as text to dst.
func (t *Tree) Append(dst []byte, style Style) []byte {
	for i, line := range t.root.kids {
		dst = line.append(dst, style, 0)
		if !line.section() || style.NoSeparator {
			continue
		}
		if i+1 < len(t.root.kids) && t.root.kids[i+1].text == "!" {
			continue // the separator is there as a line of its own
		}
		dst = append(dst, style.Separator...)
		dst = append(dst, '\n')
	}
	return dst
}

func (l *Line) append(dst []byte, style Style, depth int) []byte {
	for range depth {
		dst = append(dst, style.Indent...)
	}
	dst = append(dst, l.text...)
	dst = append(dst, '\n')
	for _, kid := range l.kids {
		dst = kid.append(dst, style, depth+1)
	}
	if l.section() && style.Close != "" && depth == 0 {
		dst = append(dst, style.Close...)
		dst = append(dst, '\n')
	}
	return dst
}

// section reports whether the line is printed as a section: an interface is one even with nothing set.
func (l *Line) section() bool { return len(l.kids) > 0 || strings.HasPrefix(l.text, "interface ") }

// Section returns the text of every top-level line that begins with prefix, sections and all.
func (t *Tree) Section(prefix string, style Style) []byte {
	var dst []byte
	for _, line := range t.root.kids {
		if strings.HasPrefix(strings.ToLower(line.text), strings.ToLower(prefix)) {
			dst = line.append(dst, style, 0)
		}
	}
	return dst
}
