// Package runcfg is a device's configuration: lines in sections, as IOS and its relatives keep them.
//
// It promises that a line entered twice stands once, that a line whose command takes one value replaces the one before,
// and that "no" takes a line (with its section) away. It leaves to the caller what a valid line is, which lines open a
// section, and locking.
package runcfg

import "strings"

// Tree is a configuration. The zero value is an empty one.
type Tree struct {
	root Line
}

// Line is a line of configuration and the section under it.
type Line struct {
	text string
	kids []*Line
}

// Parse reads a configuration in which indentation shows what belongs to a section. "end" ends it.
func Parse(text string) *Tree {
	tree := &Tree{}
	type level struct {
		indent int
		line   *Line
	}
	stack := []level{{-1, &tree.root}}
	for raw := range strings.Lines(text) {
		raw = strings.TrimRight(raw, " \r\n")
		trimmed := strings.TrimLeft(raw, " ")
		if trimmed == "" || trimmed == "end" && len(stack) == 1 {
			continue
		}
		indent := len(raw) - len(trimmed)
		for indent <= stack[len(stack)-1].indent {
			stack = stack[:len(stack)-1]
		}
		line := &Line{text: trimmed}
		parent := stack[len(stack)-1].line
		parent.kids = append(parent.kids, line)
		if !strings.HasPrefix(trimmed, "!") {
			stack = append(stack, level{indent, line})
		}
	}
	return tree
}

// Clone returns a copy that shares nothing with the tree.
func (t *Tree) Clone() *Tree { return &Tree{root: *t.root.clone()} }

func (l *Line) clone() *Line {
	c := &Line{text: l.text, kids: make([]*Line, len(l.kids))}
	for i, kid := range l.kids {
		c.kids[i] = kid.clone()
	}
	return c
}

// section returns the line that a path of section lines leads to, nil if there is no such section.
func (t *Tree) section(path []string) *Line {
	at := &t.root
	for _, text := range path {
		if at = at.find(text); at == nil {
			return nil
		}
	}
	return at
}

func (l *Line) find(text string) *Line {
	for _, kid := range l.kids {
		if kid.text == text {
			return kid
		}
	}
	return nil
}

// Lines returns the texts under a path, without comment lines, and whether the section exists.
func (t *Tree) Lines(path ...string) ([]string, bool) {
	section := t.section(path)
	if section == nil {
		return nil, false
	}
	var texts []string
	for _, kid := range section.kids {
		if !kid.comment() {
			texts = append(texts, kid.text)
		}
	}
	return texts, true
}

// Value returns what follows key in the first line under path that begins with it.
func (t *Tree) Value(key string, path ...string) string {
	section := t.section(path)
	if section == nil {
		return ""
	}
	for _, kid := range section.kids {
		if value, ok := strings.CutPrefix(kid.text, key+" "); ok {
			return value
		}
	}
	return ""
}

func (l *Line) comment() bool { return strings.HasPrefix(l.text, "!") }
