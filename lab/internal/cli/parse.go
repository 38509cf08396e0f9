package cli

import "strings"

// problem is why a line is not a command.
type problem int

const (
	fine problem = iota
	unknown
	incomplete
	ambiguous
)

// parsed is what a grammar made of a line.
type parsed struct {
	problem problem
	at      int    // where in the line the first wrong character is (unknown), or the word begins (ambiguous)
	token   int    // the index of the word that is wrong
	word    string // that word
	node    *node  // the node of the last word understood
	args    []string
	canon   string // the command with every keyword in full
}

// parse reads a line word by word, as a device does: a keyword may be cut short as long as it stays the only one; a
// word that is a keyword in full is that keyword.
func (g *grammar) parse(line string, level int) parsed {
	result := parsed{node: &g.root}
	for token := 0; ; token++ {
		start, word, rest := nextWord(line, result.at)
		if word == "" {
			break
		}
		kid, problem, common := result.node.match(word, level)
		result.token, result.word = token, word
		if problem != fine {
			result.problem, result.at = problem, start
			if problem == unknown {
				result.at += common
			}
			return result
		}
		result.node, result.at = kid, rest
		text := kid.word
		if kid.param {
			text = word
			if kid.word == "LINE" {
				text = strings.TrimRight(line[start:], " ")
				result.at = len(line)
			}
			result.args = append(result.args, text)
		}
		if result.canon != "" {
			result.canon += " "
		}
		result.canon += text
	}
	if result.node.run == nil {
		result.problem, result.at = incomplete, len(line)
	}
	return result
}

// nextWord finds the word at or after position at, and where it ends.
func nextWord(line string, at int) (start int, word string, end int) {
	for at < len(line) && line[at] == ' ' {
		at++
	}
	end = at
	for end < len(line) && line[end] != ' ' {
		end++
	}
	return at, line[at:end], end
}

// match finds the kid that a word means. When none does, common is how much of the word is the beginning of some keyword.
func (n *node) match(word string, level int) (kid *node, _ problem, common int) {
	var candidate, parameter *node
	candidates := 0
	for _, kid := range n.kids {
		if kid.level > level {
			continue
		}
		if kid.param {
			if parameter == nil && kid.accepts(word) {
				parameter = kid
			}
			continue
		}
		same := commonPrefix(kid.word, word)
		switch {
		case same == len(word) && same == len(kid.word):
			return kid, fine, same
		case same == len(word):
			candidate = kid
			candidates++
		}
		common = max(common, same)
	}
	switch {
	case candidates == 1:
		return candidate, fine, common
	case candidates > 1:
		return nil, ambiguous, common
	case parameter != nil:
		return parameter, fine, len(word)
	default:
		return nil, unknown, common
	}
}

// commonPrefix counts the characters in which two words begin alike, whatever their case.
func commonPrefix(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if lower(a[i]) != lower(b[i]) {
			return i
		}
	}
	return n
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// choices lists the kids whose word begins with a prefix.
func (n *node) choices(prefix string, level int) []*node {
	var kids []*node
	for _, kid := range n.kids {
		if kid.level <= level && (kid.param && prefix == "" || !kid.param && commonPrefix(kid.word, prefix) == len(prefix)) {
			kids = append(kids, kid)
		}
	}
	return kids
}
