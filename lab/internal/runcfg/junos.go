package runcfg

import (
	"slices"
	"strings"
)

// Stanza is a statement of a Junos configuration: a keyword, or a keyword with its name or value, and what stands in its
// braces. The zero value is an empty configuration.
type Stanza struct {
	header string
	kids   []*Stanza
}

// named are the keywords that make one statement with the word after them: "unit 0 { … }", "description x;". Every
// other word is a statement of its own. A real device knows this from its schema.
var named = []string{
	"unit", "family", "group", "neighbor", "area", "user", "policy-statement", "term", "name-server", "host-name",
	"domain-name", "description", "address", "vlan-id", "members", "encrypted-password", "class", "uid", "peer-as",
	"local-as", "type", "authentication-key", "route", "next-hop", "community", "authorization", "server", "file",
	"time-zone", "version", "mtu", "secret", "export", "import", "router-id", "autonomous-system", "metric", "location",
	"contact", "interface-mode", "interface", "instance", "host", "prefix-list", "apply-groups", "root-login", "vlan",
}

// single are the keywords whose statement takes the place of the one before.
var single = []string{
	"host-name", "domain-name", "description", "vlan-id", "encrypted-password", "class", "uid", "peer-as", "local-as",
	"type", "authentication-key", "next-hop", "authorization", "time-zone", "version", "mtu", "secret", "router-id",
	"autonomous-system", "metric", "location", "contact", "interface-mode", "root-login",
}

// Words splits a line into words; text in quotes is one, quotes and all.
func Words(line string) []string {
	quoted := false
	return strings.FieldsFunc(line, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	})
}

// headers cuts the words of a set line into nested statements.
func headers(words []string) []string {
	var cut []string
	for i := 0; i < len(words); i++ {
		if slices.Contains(named, words[i]) && i+1 < len(words) {
			cut = append(cut, words[i]+" "+words[i+1])
			i++
			continue
		}
		cut = append(cut, words[i])
	}
	return cut
}

// ParseSet reads lines of "set …".
func ParseSet(text string) *Stanza {
	root := &Stanza{}
	for line := range strings.Lines(text) {
		if words := Words(strings.TrimSpace(line)); len(words) > 1 && words[0] == "set" {
			root.Set(words[1:])
		}
	}
	return root
}

// Clone returns a copy that shares nothing with the stanza.
func (s *Stanza) Clone() *Stanza {
	c := &Stanza{header: s.header, kids: make([]*Stanza, len(s.kids))}
	for i, kid := range s.kids {
		c.kids[i] = kid.Clone()
	}
	return c
}

// Set enters a statement.
func (s *Stanza) Set(words []string) {
	at := s
	for _, header := range headers(words) {
		kid := at.find(header)
		if kid == nil {
			key, _, _ := strings.Cut(header, " ")
			if slices.Contains(single, key) {
				at.kids = slices.DeleteFunc(at.kids, func(k *Stanza) bool { return strings.HasPrefix(k.header, key+" ") })
			}
			kid = &Stanza{header: header}
			at.kids = append(at.kids, kid)
		}
		at = kid
	}
}

// Delete takes a statement away with all that is in it, and statements that it leaves empty. It reports whether there was one.
func (s *Stanza) Delete(words []string) bool {
	cut := headers(words)
	if len(cut) == 0 {
		return false
	}
	if len(cut) == 1 {
		before := len(s.kids)
		s.kids = slices.DeleteFunc(s.kids, func(k *Stanza) bool {
			return k.header == cut[0] || !strings.Contains(cut[0], " ") && strings.HasPrefix(k.header, cut[0]+" ")
		})
		return len(s.kids) < before
	}
	kid := s.find(cut[0])
	if kid == nil || !kid.Delete(Words(strings.Join(cut[1:], " "))) {
		return false
	}
	if len(kid.kids) == 0 {
		s.kids = slices.DeleteFunc(s.kids, func(k *Stanza) bool { return k == kid })
	}
	return true
}

func (s *Stanza) find(header string) *Stanza {
	for _, kid := range s.kids {
		if kid.header == header {
			return kid
		}
	}
	return nil
}

// At returns the statement that words lead to, nil if there is none.
func (s *Stanza) At(words []string) *Stanza {
	at := s
	for _, header := range headers(words) {
		if at = at.find(header); at == nil {
			return nil
		}
	}
	return at
}

// Value returns the value of the keyword that words end in, "" if it is not set.
func (s *Stanza) Value(words ...string) string {
	parent := s.At(words[:len(words)-1])
	if parent == nil {
		return ""
	}
	for _, kid := range parent.kids {
		if value, ok := strings.CutPrefix(kid.header, words[len(words)-1]+" "); ok {
			return value
		}
	}
	return ""
}

// Empty reports whether nothing stands in the statement's braces.
func (s *Stanza) Empty() bool { return len(s.kids) == 0 }
