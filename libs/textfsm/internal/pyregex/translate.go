package pyregex

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// translator rewrites one expression.
type translator struct {
	in  []rune
	at  int
	out []rune

	groups  int
	numbers map[string]int
	names   []Name
	open    []openGroup
	// atom is where in out the last thing begins that a quantifier can follow, -1 when there is none.
	atom    int
	verbose bool
}

type openGroup struct {
	start  int // in out
	number int // 0: it does not capture
}

func (t *translator) run() error {
	t.atom = -1
	for t.at < len(t.in) {
		if err := t.one(); err != nil {
			return err
		}
	}
	if len(t.open) > 0 {
		return errors.New("a group is not closed")
	}
	return nil
}

// one rewrites the next element.
func (t *translator) one() error {
	switch c := t.in[t.at]; {
	case c == '\\':
		t.atom = len(t.out)
		return t.escape()
	case c == '[':
		t.atom = len(t.out)
		return t.class()
	case c == '(':
		return t.group()
	case c == ')':
		return t.closeGroup()
	case c == '{' || c == '*' || c == '+' || c == '?':
		return t.quantifier()
	case t.verbose && c == '#':
		for t.at < len(t.in) && t.in[t.at] != '\n' {
			t.at++
		}
	case t.verbose && unicode.IsSpace(c):
		t.at++
	default:
		t.atom = len(t.out)
		t.literalOrSign(c)
		t.at++
	}
	return nil
}

// literalOrSign writes a character that means the same on both sides. A ] or } outside of a class is itself.
func (t *translator) literalOrSign(c rune) {
	if strings.ContainsRune("]}", c) {
		t.out = append(t.out, '\\')
	}
	t.out = append(t.out, c)
}

func (t *translator) closeGroup() error {
	if len(t.open) == 0 {
		return errors.New("a ) closes nothing")
	}
	last := t.open[len(t.open)-1]
	t.open = t.open[:len(t.open)-1]
	t.out = append(t.out, ')')
	t.atom = last.start
	t.at++
	return nil
}

// quantifier copies * + ? {…} with its lazy or possessive mark. A brace that is no quantifier is itself.
func (t *translator) quantifier() error {
	var q string
	if t.in[t.at] == '{' {
		end, text, ok := t.braces()
		if !ok {
			t.atom = len(t.out)
			t.write(`\{`)
			t.at++
			return nil
		}
		q, t.at = text, end
	} else {
		q = string(t.in[t.at])
		t.at++
	}
	if t.atom < 0 {
		return errors.New("there is nothing to repeat")
	}
	start := t.atom
	t.atom = -1
	switch {
	case t.next('?'):
		t.write(q + "?")
	case t.next('+'): // possessive (Python 3.11): what it took is not given back
		t.out = append(t.out[:start], append([]rune("(?>"), t.out[start:]...)...)
		t.write(q + ")")
		t.atom = start
	default:
		t.write(q)
	}
	return nil
}

// braces reads {m}, {m,}, {,n} or {m,n}, and writes it with both bounds known.
func (t *translator) braces() (end int, text string, ok bool) {
	i := t.at + 1
	digits := func() string {
		from := i
		for i < len(t.in) && t.in[i] >= '0' && t.in[i] <= '9' {
			i++
		}
		return string(t.in[from:i])
	}
	low := digits()
	comma := i < len(t.in) && t.in[i] == ','
	high := low
	if comma {
		i++
		high = digits()
	}
	if i >= len(t.in) || t.in[i] != '}' || low == "" && !comma {
		return 0, "", false
	}
	if low == "" {
		low = "0"
	}
	if !comma {
		return i + 1, "{" + low + "}", true
	}
	return i + 1, "{" + low + "," + high + "}", true
}

// next takes the character when it comes next.
func (t *translator) next(c rune) bool {
	if t.at < len(t.in) && t.in[t.at] == c {
		t.at++
		return true
	}
	return false
}

// until takes what stands before the character, and the character.
func (t *translator) until(c rune) (string, error) {
	for i := t.at; i < len(t.in); i++ {
		if t.in[i] == c {
			text := string(t.in[t.at:i])
			t.at = i + 1
			return text, nil
		}
	}
	return "", fmt.Errorf("a %c is missing", c)
}

func (t *translator) write(s string) { t.out = append(t.out, []rune(s)...) }
