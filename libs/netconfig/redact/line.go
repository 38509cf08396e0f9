package redact

import (
	"slices"
	"strings"
)

// span is a part of a line.
type span struct {
	from, to int
	quoted   bool // a word: it stands between quotes, which are not part of it
}

// line is one line, its words, and what of it is secret.
type line struct {
	text    string
	state   *state
	words   []span // without the quotes and the closing ; around them
	secrets []span
}

// split finds the words: runs without blanks, or whole quoted texts.
func (l *line) split() {
	l.words = l.words[:0]
	text := l.text
	for i := 0; i < len(text); {
		if isBlank(text[i]) {
			i++
			continue
		}
		from := i
		if text[i] == '"' {
			if end := strings.IndexByte(text[i+1:], '"'); end >= 0 {
				l.words = append(l.words, span{i + 1, i + 1 + end, true})
				i += end + 2
				if i < len(text) && text[i] == ';' {
					i++
				}
				continue
			}
		}
		for i < len(text) && !isBlank(text[i]) {
			i++
		}
		to := i
		for to > from && (text[to-1] == ';' || text[to-1] == '\r') {
			to--
		}
		if to > from {
			l.words = append(l.words, span{from: from, to: to})
		}
	}
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func (l *line) word(i int) string {
	if i < 0 || i >= len(l.words) {
		return ""
	}
	return l.text[l.words[i].from:l.words[i].to]
}

// is reports whether the word is one of the names, whatever the case.
func (l *line) is(i int, names ...string) bool {
	word := l.word(i)
	if word == "" {
		return false
	}
	for _, name := range names {
		if strings.EqualFold(word, name) {
			return true
		}
	}
	return false
}

// has finds a word before i.
func (l *line) has(i int, names ...string) bool {
	for j := range i {
		if l.is(j, names...) {
			return true
		}
	}
	return false
}

// hide marks the word as a secret.
func (l *line) hide(i int) {
	if i >= 0 && i < len(l.words) {
		l.hideSpan(l.words[i])
	}
}

// hideTo marks everything from word i to before word j.
func (l *line) hideTo(i, j int) {
	if i < j && j <= len(l.words) {
		to := l.words[j-1].to
		if l.quoted(j-1) && i < j-1 { // with its closing quote
			to++
		}
		l.hideSpan(span{from: l.words[i].from, to: to})
	}
}

// hidden reports whether the word is within a secret.
func (l *line) hidden(i int) bool {
	for _, s := range l.secrets {
		if l.words[i].from >= s.from && l.words[i].to <= s.to {
			return true
		}
	}
	return false
}

// quoted reports whether the word stands between quotes.
func (l *line) quoted(i int) bool { return l.words[i].quoted }

func (l *line) hideSpan(s span) {
	if s.from < s.to {
		l.secrets = append(l.secrets, s)
	}
}

// redacted writes the line with a mark for each secret; those that touch become one.
func (l *line) redacted() string {
	if len(l.secrets) == 0 {
		return l.text
	}
	slices.SortFunc(l.secrets, func(a, b span) int { return a.from - b.from })
	var out strings.Builder
	at := 0
	for _, s := range l.secrets {
		if s.to <= at {
			continue
		}
		if s.from >= at {
			out.WriteString(l.text[at:s.from])
			out.WriteString(Mark)
		}
		at = s.to
	}
	out.WriteString(l.text[at:])
	return out.String()
}

// lower writes the word in lower case into the buffer, which is long enough.
func lower(buffer []byte, word string) []byte {
	for i := range len(word) {
		c := word[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		buffer[i] = c
	}
	return buffer[:len(word)]
}
