package render

import (
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// gap is the space between columns.
const gap = 2

// Table is a table of text. Its last column takes what the terminal has left; when there is not enough, the widest
// columns are shortened first.
type Table struct {
	Header []string
	Rows   [][]string
	// Width is the terminal's; 0 means that lines may have any length (a file or a pipe).
	Width int
	// Whole is how many of the first columns are never shortened: ids that a person copies.
	Whole int
}

// Write writes the table, one line per row, without trailing spaces.
func (t Table) Write(w io.Writer) error {
	widths := t.widths()
	var b strings.Builder
	line := func(cells []string) {
		var l strings.Builder
		for i, cell := range cells {
			cell = fit(Clean(cell), widths[i])
			l.WriteString(cell)
			if i < len(cells)-1 {
				l.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+gap))
			}
		}
		b.WriteString(strings.TrimRight(l.String(), " "))
		b.WriteByte('\n')
	}
	if len(t.Header) > 0 {
		line(t.Header)
	}
	for _, row := range t.Rows {
		line(row)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// least is the width below which no column is shortened.
const least = 8

func (t Table) widths() []int {
	widths := make([]int, columns(t))
	for _, row := range append([][]string{t.Header}, t.Rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(Clean(cell)))
		}
	}
	if t.Width <= 0 {
		return widths
	}
	for {
		total, widest := gap*(len(widths)-1), min(t.Whole, len(widths)-1)
		for i, w := range widths {
			total += w
			if i >= t.Whole && w >= widths[widest] { // of equal ones the later: names stand first
				widest = i
			}
		}
		if total <= t.Width || widths[widest] <= least {
			return widths
		}
		widths[widest]--
	}
}

func columns(t Table) int {
	n := len(t.Header)
	for _, row := range t.Rows {
		n = max(n, len(row))
	}
	return n
}

// fit shortens s to width runes, the last of which is then an ellipsis.
func fit(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	runes := []rune(s)
	return strings.TrimRight(string(runes[:max(width-1, 0)]), " ") + "…"
}

// Clean makes one line of s that cannot steer a terminal: line breaks and tabs become spaces, other control characters
// and what is not UTF-8 become "?".
func Clean(s string) string {
	plain := true
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] >= ' ' && s[i] < 0x7f
	}
	if plain {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case r == utf8.RuneError || unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control):
			return '?'
		}
		return r
	}, s)
}

// CleanText is [Clean] for text of many lines, which keeps its line breaks and tabs.
func CleanText(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, line := range lines {
		cells := strings.Split(line, "\t")
		for j := range cells {
			cells[j] = Clean(cells[j])
		}
		lines[i] = strings.Join(cells, "\t")
	}
	return strings.Join(lines, "\n")
}
