package redact

import (
	"slices"
	"strings"
)

// shortest is the length from which a literal is taken out also inside words.
const shortest = 6

// literals are values that are secret wherever they stand.
type literals struct {
	anywhere []string // longest first, so that one inside another leaves no rest
	words    []string
}

// newLiterals sorts the values. A value of several lines counts line by line.
func newLiterals(values []string) literals {
	var set literals
	for _, value := range values {
		for one := range strings.Lines(value) {
			one = strings.TrimRight(one, "\r\n")
			switch {
			case strings.TrimSpace(one) == "" || strings.HasPrefix(one, "-----"):
			case len(one) >= shortest:
				set.anywhere = append(set.anywhere, one)
			default:
				set.words = append(set.words, one)
			}
		}
	}
	byLength := func(a, b string) int { return len(b) - len(a) }
	slices.SortFunc(set.anywhere, byLength)
	slices.SortFunc(set.words, byLength)
	return set
}

// strip takes the values out of a line, and leaves marks that stand there alone.
func (s *literals) strip(text string) string {
	if len(s.anywhere) == 0 && len(s.words) == 0 {
		return text
	}
	for _, value := range s.anywhere {
		if strings.Contains(text, value) {
			text = outsideMarks(text, func(part string) string { return strings.ReplaceAll(part, value, Mark) })
		}
	}
	for _, value := range s.words {
		if strings.Contains(text, value) {
			text = outsideMarks(text, func(part string) string { return replaceWord(part, value) })
		}
	}
	return text
}

func outsideMarks(text string, change func(string) string) string {
	parts := strings.Split(text, Mark)
	for i := range parts {
		parts[i] = change(parts[i])
	}
	return strings.Join(parts, Mark)
}

// replaceWord takes out the value where no letter or digit goes on with a letter or digit at its ends.
func replaceWord(text, value string) string {
	var out strings.Builder
	done := 0
	for at := 0; ; {
		i := strings.Index(text[at:], value)
		if i < 0 {
			out.WriteString(text[done:])
			return out.String()
		}
		i += at
		end := i + len(value)
		if touches(text, i-1) && touches(text, i) || touches(text, end-1) && touches(text, end) {
			at = i + 1
			continue
		}
		out.WriteString(text[done:i])
		out.WriteString(Mark)
		done = end
		at = done
	}
}

func touches(text string, i int) bool {
	if i < 0 || i >= len(text) {
		return false
	}
	c := text[i]
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
