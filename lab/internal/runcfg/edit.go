package runcfg

import (
	"slices"
	"strings"
)

// Set enters a line under a path of sections, which are made if they are missing. Keys are the commands that take one
// value ("hostname", "ip address"): such a line replaces the one that stands for the same key.
func (t *Tree) Set(path []string, text string, keys []string) {
	at := &t.root
	for _, name := range path {
		at = at.ensure(name)
	}
	if key := keyOf(text, keys); key != "" {
		for _, kid := range at.kids {
			if keyOf(kid.text, keys) == key {
				kid.text = text
				return
			}
		}
	}
	at.ensure(text)
}

// Unset takes away every line under path that is text or goes on after it, with all that is under it. It reports
// whether there was one.
func (t *Tree) Unset(path []string, text string) bool {
	at := t.section(path)
	if at == nil {
		return false
	}
	before := len(at.kids)
	at.kids = slices.DeleteFunc(at.kids, func(kid *Line) bool {
		return kid.text == text || strings.HasPrefix(kid.text, text+" ")
	})
	return len(at.kids) < before
}

// ensure returns the line with this text, made if missing.
func (l *Line) ensure(text string) *Line {
	if kid := l.find(text); kid != nil {
		return kid
	}
	kid := &Line{text: text}
	at := l.place(text)
	l.kids = slices.Insert(l.kids, at, kid)
	return kid
}

// place says where a new line goes: after the last line of the same command, else before the lines that devices print
// last, else at the end.
func (l *Line) place(text string) int {
	command := firstWord(text)
	if command == "description" {
		return 0
	}
	for i := len(l.kids) - 1; i >= 0; i-- {
		if firstWord(l.kids[i].text) == command {
			if i+1 < len(l.kids) && l.kids[i+1].text == "!" && len(l.kids[i].kids) > 0 {
				return i + 2
			}
			return i + 1
		}
	}
	for i, kid := range l.kids {
		if word := firstWord(kid.text); word == "line" || word == "control-plane" {
			return i
		}
	}
	return len(l.kids)
}

func firstWord(text string) string {
	word, _, _ := strings.Cut(text, " ")
	return word
}

// keyOf returns the one-value command that text enters, the longest if several fit, "" if none.
func keyOf(text string, keys []string) string {
	best := ""
	for _, key := range keys {
		if len(key) > len(best) && (text == key || strings.HasPrefix(text, key+" ")) {
			best = key
		}
	}
	return best
}
