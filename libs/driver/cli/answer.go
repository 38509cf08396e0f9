package cli

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Bounds of what is kept before the echo of a command is seen.
const (
	maxHeldLines = 64
	maxHeldBytes = 16 << 10
)

// answer collects what a device prints for one command: it drops the echo and the blank lines around, keeps up to a bound,
// and passes on what it keeps.
type answer struct {
	command string // as typed; its echo is awaited
	prompt  string // what stood before it
	echo    []byte // what the line of the echo looks like, without blanks
	echoed  bool
	held    [][]byte // lines before the echo: noise, or the answer of a device that does not echo
	heldLen int

	lead    *regexp.Regexp // lines that belong to the prompt when nothing follows them
	tail    bytes.Buffer   // blank and lead lines, until a line follows that shows that they are inside
	text    bytes.Buffer
	midLine bool // the last part had no line end
	max     int64
	cut     bool
	sink    func([]byte)
	passed  int // how much of text the sink has
}

// line takes one line, or with whole false the first part of a long one.
func (a *answer) line(line []byte, whole bool) {
	if a.echoed {
		a.keep(line, whole)
		return
	}
	if a.isEcho(line) {
		a.echoed, a.held = true, nil
		return
	}
	if len(a.held) < maxHeldLines && a.heldLen < maxHeldBytes {
		a.held = append(a.held, bytes.Clone(line))
		a.heldLen += len(line)
		return
	}
	a.withoutEcho()
	a.keep(line, whole)
}

// isEcho compares without blanks, since editors redraw and wrap what they echo.
func (a *answer) isEcho(line []byte) bool {
	got := squeeze(line)
	if bytes.Equal(got, a.echo) {
		return true
	}
	typed := squeeze([]byte(a.command))
	return len(typed) >= 3 && bytes.HasSuffix(got, typed)
}

// withoutEcho gives up on the echo: what was held is the answer.
func (a *answer) withoutEcho() {
	a.echoed = true
	held := a.held
	a.held = nil
	for i, line := range held {
		if i == 0 { // the prompt, which the line end of the command completed
			line = bytes.TrimLeft(bytes.TrimPrefix(line, []byte(a.prompt)), " ")
		}
		a.keep(line, true)
	}
}

func (a *answer) keep(line []byte, whole bool) {
	if whole && !a.midLine && (len(bytes.TrimSpace(line)) == 0 || a.lead != nil && a.lead.Match(bytes.TrimRight(line, " "))) {
		// At the start, blank lines are nothing; later they count once something follows. The bound keeps a device that
		// prints only blank lines from filling the memory.
		if a.tail.Len() < maxHeldBytes && (a.text.Len() > 0 || len(bytes.TrimSpace(line)) > 0) {
			a.tail.Write(line)
			a.tail.WriteByte('\n')
		}
		return
	}
	if !utf8.Valid(line) {
		line = bytes.ToValidUTF8(line, []byte("\uFFFD"))
	}
	need := int64(a.text.Len() + a.tail.Len() + len(line) + 1)
	if a.cut || a.max > 0 && need > a.max {
		a.cut = true
		return
	}
	a.text.Write(a.tail.Bytes())
	a.tail.Reset()
	a.text.Write(line)
	if whole {
		a.text.WriteByte('\n')
	}
	a.midLine = !whole
}

// pass hands to the sink what it has not had.
func (a *answer) pass() {
	if a.sink == nil || a.passed == a.text.Len() {
		return
	}
	a.sink(a.text.Bytes()[a.passed:])
	a.passed = a.text.Len()
}

// finish ends the answer: a last line without an end gets one.
func (a *answer) finish() {
	if !a.echoed {
		a.withoutEcho()
	}
	if a.midLine {
		a.text.WriteByte('\n')
		a.midLine = false
	}
	a.pass()
}

// newAnswer awaits the answer to a command that is typed at a prompt.
func newAnswer(prompt, command string, max int64) *answer {
	return &answer{command: command, prompt: prompt, echo: squeeze([]byte(prompt + command)), max: max}
}

func (a *answer) String() string { return a.text.String() }

func squeeze(line []byte) []byte {
	if bytes.IndexByte(line, ' ') < 0 && bytes.IndexByte(line, '\t') < 0 {
		return line
	}
	return []byte(strings.Map(func(r rune) rune {
		if r == ' ' || r == '\t' {
			return -1
		}
		return r
	}, string(line)))
}
