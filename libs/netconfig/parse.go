package netconfig

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

const (
	// maxDepth bounds how deep sections stand in each other; no platform goes beyond six.
	maxDepth = 32
	// tabWidth is what a tab is taken for in indentation.
	tabWidth = 8
)

// Parse reads a configuration, or a part of one. What a device prints around it, comments, blank lines, and lines that only end a
// section are left out; a section that stands twice is one. Errors are *[UnsupportedError], *[platform.UnknownError] and
// *[SyntaxError].
func Parse(platformName, text string) (*Tree, error) {
	d, err := dialectOf(platformName)
	if err != nil {
		return nil, err
	}
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\ufffd")
	}
	r := reader{d: d, lines: strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")}
	root := &Line{}
	if err := r.read(root, d.merge); err != nil {
		return nil, err
	}
	return &Tree{Platform: d.name, Lines: root.Kids, known: d}, nil
}

// reader goes through a text line by line.
type reader struct {
	d     *dialect
	lines []string
	at    int
}

// level is a section that is open.
type level struct {
	indent int
	line   *Line
}

// read reads all lines under root; add puts a line into a section and returns the one that stands there.
func (r *reader) read(root *Line, add func(section *Line, l *Line) *Line) error {
	stack := []level{{-1, root}}
	for ; r.at < len(r.lines); r.at++ {
		raw := strings.TrimRight(r.lines[r.at], " \t\r")
		text := strings.TrimLeft(raw, " \t")
		if r.skip(text) {
			continue
		}
		number := r.at + 1
		indent := width(raw[:len(raw)-len(text)])
		for indent <= stack[len(stack)-1].indent {
			stack = stack[:len(stack)-1]
		}
		if len(stack) > maxDepth {
			return &SyntaxError{Line: number, Message: "sections stand more than 32 deep in each other: this is no configuration"}
		}
		block, err := r.block(text)
		if err != nil {
			return err
		}
		stack = append(stack, level{indent, add(stack[len(stack)-1].line, &Line{Text: block, Number: number})})
	}
	return nil
}

// skip says that a line is no configuration.
func (r *reader) skip(text string) bool {
	return text == "" || text[0] == '!' || closes(text) || r.d.noise.MatchString(text)
}

// width is how far a line is indented.
func width(blanks string) int {
	n := 0
	for _, c := range blanks {
		if c == '\t' {
			n += tabWidth - n%tabWidth
		} else {
			n++
		}
	}
	return n
}

// merge adds a line to a section. A line that stands there already is the same one, where its place does not count twice.
func (d *dialect) merge(section, l *Line) *Line {
	if same := find(section.Kids, l.Text); same != nil {
		return same
	}
	section.Kids = append(section.Kids, l)
	return l
}

var (
	banner      = regexp.MustCompile(`^banner \S+ (\^C|\S)`)
	eosBanner   = regexp.MustCompile(`^banner (login|motd|exec)$`)
	certificate = regexp.MustCompile(`^certificate (?:ca |self-signed |rollover )?\S+`)
	hexLine     = regexp.MustCompile(`^[0-9A-F ]+$`)
)

// block reads on where a line begins a block that is kept as it is.
func (r *reader) block(text string) (string, error) {
	switch {
	case eosBanner.MatchString(text):
		return r.until(text, func(line string) bool { return line == "EOF" })
	case banner.MatchString(text):
		mark := banner.FindStringSubmatch(text)[1]
		if _, rest, _ := strings.Cut(text, mark); strings.Contains(rest, mark) {
			return text, nil
		}
		return r.until(text, func(line string) bool { return strings.Contains(line, mark) })
	case certificate.MatchString(text) && r.at+1 < len(r.lines) && hexLine.MatchString(strings.TrimSpace(r.lines[r.at+1])):
		return r.until(text, func(line string) bool { return strings.TrimSpace(line) == "quit" })
	default:
		return text, nil
	}
}

// until takes the lines up to the one that ends a block.
func (r *reader) until(text string, ends func(string) bool) (string, error) {
	start := r.at
	for r.at+1 < len(r.lines) {
		r.at++
		line := strings.TrimRight(r.lines[r.at], " \t\r")
		text += "\n" + line
		if ends(line) {
			return text, nil
		}
	}
	first, _, _ := strings.Cut(text, "\n")
	return "", &SyntaxError{Line: start + 1, Message: "the block that begins here does not end: " + first}
}
