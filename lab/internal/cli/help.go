package cli

import (
	"fmt"
	"slices"
	"strings"
)

// help lists what may follow a line: the words that the last word may become, or, after a space, the next words.
func (c *console) help(s *Shell, line string) {
	at, word := c.reached(line)
	if at == nil {
		s.say("% Unrecognized command\n")
		return
	}
	if word != "" {
		names := make([]string, 0, len(at.kids))
		for _, kid := range at.choices(word, c.level) {
			names = append(names, kid.word)
		}
		if len(names) == 0 {
			s.say("% Unrecognized command\n")
			return
		}
		s.say(strings.Join(names, "  ") + "\n\n")
		return
	}
	kids := at.choices("", c.level)
	widest := 4
	for _, kid := range kids {
		widest = max(widest, len(kid.word))
	}
	for _, kid := range kids {
		s.say(strings.TrimRight(fmt.Sprintf("  %-*s  %s", widest, kid.word, kid.help), " ") + "\n")
	}
	if at.run != nil {
		s.say("  <cr>\n")
	}
	s.say("\n")
}

// complete puts the last word in full, when it can only be one.
func (c *console) complete(_ *Shell, line string) string {
	at, word := c.reached(line)
	if at == nil || word == "" {
		return line
	}
	kids := slices.DeleteFunc(at.choices(word, c.level), func(kid *node) bool { return kid.param })
	if len(kids) != 1 {
		return line
	}
	return strings.TrimSuffix(line, word) + kids[0].word + " "
}

// reached follows a line but for its last word, which may be empty. It returns nil where the line makes no sense.
func (c *console) reached(line string) (*node, string) {
	cut := strings.LastIndexByte(line, ' ') + 1
	p := c.grammar().parse(line[:cut], c.level)
	if p.problem == unknown || p.problem == ambiguous {
		return nil, ""
	}
	return p.node, line[cut:]
}
