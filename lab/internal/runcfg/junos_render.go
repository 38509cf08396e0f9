package runcfg

import (
	"slices"
	"strings"
)

// AppendBraces appends what is in the stanza's braces as Junos shows it.
func (s *Stanza) AppendBraces(dst []byte) []byte { return s.braces(dst, 0, "") }

func (s *Stanza) braces(dst []byte, depth int, mark string) []byte {
	for _, kid := range s.kids {
		dst = kid.appendAll(dst, depth, mark)
	}
	return dst
}

// appendAll appends the statement itself and all in it.
func (s *Stanza) appendAll(dst []byte, depth int, mark string) []byte {
	dst = append(dst, mark...)
	dst = append(dst, strings.Repeat("    ", depth)...)
	dst = append(dst, s.header...)
	if len(s.kids) == 0 {
		return append(dst, ";\n"...)
	}
	dst = append(dst, " {\n"...)
	dst = s.braces(dst, depth+1, mark)
	dst = append(dst, mark...)
	dst = append(dst, strings.Repeat("    ", depth)...)
	return append(dst, "}\n"...)
}

// AppendSet appends the stanza as lines of "set …", each with the words that lead to it.
func (s *Stanza) AppendSet(dst []byte, path ...string) []byte {
	if len(s.kids) == 0 && len(path) > 0 {
		dst = append(dst, "set "...)
		dst = append(dst, strings.Join(path, " ")...)
		return append(dst, '\n')
	}
	for _, kid := range s.kids {
		dst = kid.AppendSet(dst, append(path[:len(path):len(path)], kid.header)...)
	}
	return dst
}

// AppendCompare appends how the stanza differs from an older one, as `show | compare` shows it: under "[edit …]" the
// statements that went away with "-" and those that came with "+". A changed value stands two columns in, a statement
// that came or went three.
func (s *Stanza) AppendCompare(dst []byte, old *Stanza, path ...string) []byte {
	var changes []byte
	replaced := map[*Stanza]bool{}
	for _, kid := range s.kids {
		if was := old.replacedBy(kid); was != nil {
			replaced[was], replaced[kid] = true, true
			changes = was.appendAll(changes, 0, "-  ")
			changes = kid.appendAll(changes, 0, "+  ")
		}
	}
	for _, kid := range old.kids {
		if s.find(kid.header) == nil && !replaced[kid] {
			changes = kid.appendAll(changes, 0, "-   ")
		}
	}
	for _, kid := range s.kids {
		if old.find(kid.header) == nil && !replaced[kid] {
			changes = kid.appendAll(changes, 0, "+   ")
		}
	}
	if len(changes) > 0 {
		dst = append(dst, ("[edit" + strings.Join(append([]string{""}, path...), " ") + "]\n")...)
		dst = append(dst, changes...)
	}
	for _, kid := range s.kids {
		if was := old.find(kid.header); was != nil {
			dst = kid.AppendCompare(dst, was, append(path[:len(path):len(path)], kid.header)...)
		}
	}
	return dst
}

// replacedBy returns the statement of which a newer one is another value.
func (s *Stanza) replacedBy(newer *Stanza) *Stanza {
	key, _, _ := strings.Cut(newer.header, " ")
	if s.find(newer.header) != nil || !slices.Contains(single, key) {
		return nil
	}
	for _, kid := range s.kids {
		if strings.HasPrefix(kid.header, key+" ") {
			return kid
		}
	}
	return nil
}
