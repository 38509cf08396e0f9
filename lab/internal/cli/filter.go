package cli

import (
	"bytes"
	"regexp"
	"strings"
)

// filter changes a command's output, as what follows "|" asks.
type filter func(text []byte) []byte

// then sends the output of a filter through another.
func (f filter) then(next filter) filter {
	return func(text []byte) []byte { return next(f(text)) }
}

// splitPipe separates a command from its filters.
func splitPipe(line string) (command string, filters []string) {
	parts := strings.Split(line, "|")
	for _, part := range parts[1:] {
		filters = append(filters, strings.TrimSpace(part))
	}
	return strings.TrimRight(parts[0], " "), filters
}

// matcher compiles what a filter looks for. What is no regular expression is looked for as it stands.
func matcher(expression string) *regexp.Regexp {
	expression = strings.Trim(expression, `"`)
	if compiled, err := regexp.Compile(expression); err == nil {
		return compiled
	}
	return regexp.MustCompile(regexp.QuoteMeta(expression))
}

// include keeps the lines that match (or do not).
func include(expression string, wanted bool) filter {
	pattern := matcher(expression)
	return func(text []byte) []byte {
		var kept []byte
		for line := range bytes.Lines(text) {
			if pattern.Match(bytes.TrimRight(line, "\n")) == wanted {
				kept = append(kept, line...)
			}
		}
		return kept
	}
}

// begin keeps what follows from the first matching line on.
func begin(expression string) filter {
	pattern := matcher(expression)
	return func(text []byte) []byte {
		at := 0
		for line := range bytes.Lines(text) {
			if pattern.Match(line) {
				return text[at:]
			}
			at += len(line)
		}
		return nil
	}
}

// section keeps the sections whose first line matches, and matching lines.
func section(expression string) filter {
	pattern := matcher(expression)
	return func(text []byte) []byte {
		var kept []byte
		inside := false
		for line := range bytes.Lines(text) {
			if indented := bytes.HasPrefix(line, []byte(" ")); !indented {
				inside = pattern.Match(line)
			}
			if inside || pattern.Match(line) {
				kept = append(kept, line...)
			}
		}
		return kept
	}
}

// count replaces the output by a line telling how many lines it had.
func count(format func(lines int) string) filter {
	return func(text []byte) []byte { return []byte(format(bytes.Count(text, []byte("\n")))) }
}

// last keeps the last lines, first the first ones.
func last(lines int) filter {
	return func(text []byte) []byte {
		at := len(text)
		for range lines + 1 {
			if at = bytes.LastIndexByte(text[:at], '\n'); at < 0 {
				return text
			}
		}
		return text[at+1:]
	}
}

func first(lines int) filter {
	return func(text []byte) []byte {
		at := 0
		for range lines {
			next := bytes.IndexByte(text[at:], '\n')
			if next < 0 {
				return text
			}
			at += next + 1
		}
		return text[:at]
	}
}

// apply sends the collected output through a filter.
func (s *Shell) apply(f filter) { s.out = f(s.out) }
