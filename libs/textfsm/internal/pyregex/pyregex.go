// Package pyregex runs regular expressions as Python's re module writes them: named groups (?P<name>…), look-ahead,
// look-behind, back-references, conditionals.
//
// An expression is rewritten for a backtracking engine that has all of that in .NET's syntax, and every group gets a
// number as Python counts. Where Python refuses an escape or a group, so does [Compile].
// Source: docs.python.org/3/library/re.html, "Regular Expression Syntax".
package pyregex

import (
	"errors"
	"fmt"
	"time"

	"github.com/dlclark/regexp2/v2"
)

// MatchLimit bounds one match: templates of strangers may backtrack without end.
const MatchLimit = time.Second

// ErrTooLong: a match took longer than [MatchLimit], or needed more memory than the engine gives.
var ErrTooLong = errors.New("the expression takes too long on this line")

// Regexp is a compiled expression. It is safe for concurrent use.
type Regexp struct {
	source string
	re     *regexp2.Regexp
	names  []Name
	groups int
}

// Name is a named group and its number, from 1.
type Name struct {
	Name   string
	Number int
}

// Compile reads an expression in Python's syntax.
func Compile(pattern string) (*Regexp, error) {
	t := translator{in: []rune(pattern), numbers: map[string]int{}}
	if err := t.run(); err != nil {
		return nil, fmt.Errorf("%w at character %d of %s", err, t.at+1, pattern)
	}
	// re.match begins at the start of the text whatever the expression says.
	re, err := regexp2.Compile(`\A(?:` + string(t.out) + `)`)
	if err != nil {
		return nil, fmt.Errorf("%w, in %s", err, pattern)
	}
	re.MatchTimeout = MatchLimit
	return &Regexp{source: pattern, re: re, names: t.names, groups: t.groups}, nil
}

// String is the expression as it was given.
func (r *Regexp) String() string { return r.source }

// Names are the named groups in order of their numbers.
func (r *Regexp) Names() []Name { return r.names }

// Groups is how many groups capture, named or not.
func (r *Regexp) Groups() int { return r.groups }

// Match matches at the start of the text, as re.match does, and returns nil when it does not. The only error is [ErrTooLong].
func (r *Regexp) Match(text string) (*Match, error) {
	m, err := r.re.FindStringMatch(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrTooLong, r.source)
	}
	if m == nil {
		return nil, nil
	}
	return &Match{m}, nil
}

// Match is one match.
type Match struct{ m *regexp2.Match }

// Group returns what a group captured last, and whether it took part in the match.
func (m *Match) Group(number int) (string, bool) {
	g := m.m.GroupByName(groupName(number))
	if g == nil || len(g.Captures) == 0 {
		return "", false
	}
	return g.String(), true
}

// groupName is what the engine knows a group as.
func groupName(number int) string { return fmt.Sprintf("g%d", number) }
