package cli

import (
	"slices"
	"strconv"
	"strings"
)

// grammar is the commands of one mode as a tree of words. It is built once per platform and only read afterwards.
type grammar struct{ root node }

// node is one word of commands: a keyword, or a parameter.
type node struct {
	word  string // the keyword, or the parameter as help shows it: WORD, LINE, A.B.C.D, <0-512>
	param bool
	help  string
	level int // the privilege level from which the word is known
	kids  []*node
	run   handler
}

// add makes a pattern such as "terminal length <0-512>" a command. Help is one phrase per word, separated by "|"; a word
// that has its help already keeps it.
func (g *grammar) add(pattern, help string, run handler) {
	g.addAt(0, pattern, help, run)
}

// addAt is add for a command that is only known from a privilege level on.
func (g *grammar) addAt(level int, pattern, help string, run handler) {
	at := &g.root
	phrases := strings.Split(help, "|")
	for i, word := range strings.Fields(pattern) {
		kid := at.kid(word)
		if kid == nil {
			kid = &node{word: word, param: isParameter(word), level: level}
			at.kids = append(at.kids, kid)
			slices.SortStableFunc(at.kids, func(a, b *node) int { return strings.Compare(a.word, b.word) })
		}
		kid.level = min(kid.level, level)
		if kid.help == "" && i < len(phrases) {
			kid.help = phrases[i]
		}
		if kid.help == "" {
			kid.help = phraseBook[strings.ToLower(word)]
		}
		at = kid
	}
	at.run, at.level = run, level
}

func (n *node) kid(word string) *node {
	for _, kid := range n.kids {
		if kid.word == word {
			return kid
		}
	}
	return nil
}

func isParameter(word string) bool {
	return word == "WORD" || word == "LINE" || word == "A.B.C.D" || strings.HasPrefix(word, "<")
}

// accepts reports whether a parameter takes the token.
func (n *node) accepts(token string) bool {
	switch {
	case strings.HasPrefix(n.word, "<"):
		low, high, _ := strings.Cut(strings.Trim(n.word, "<>"), "-")
		from, _ := strconv.ParseUint(low, 10, 64)
		to, _ := strconv.ParseUint(high, 10, 64)
		number, err := strconv.ParseUint(token, 10, 64)
		return err == nil && number >= from && number <= to
	case n.word == "A.B.C.D":
		return isAddress(token)
	default:
		return true
	}
}

func isAddress(token string) bool {
	parts := strings.Split(token, ".")
	for _, part := range parts {
		if number, err := strconv.Atoi(part); err != nil || number < 0 || number > 255 {
			return false
		}
	}
	return len(parts) == 4
}
