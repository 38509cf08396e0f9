package cli

import "bytes"

// maxLine bounds the memory of one line; a longer one is handed on in parts.
const maxLine = 64 << 10

// screen turns what a device writes to a terminal into the lines that a person would see: it plays carriage returns,
// backspaces and erasures, and drops the control sequences that only colour or scroll.
type screen struct {
	line  []byte // the line being written, without its end
	col   int    // where the next byte goes
	end   int    // where the cursor was before a carriage return; -1: none since the last byte
	state escape
	arg   []byte                        // of a control sequence
	emit  func(line []byte, whole bool) // whole: a line end followed; the slice is reused
}

type escape int

const (
	ground escape = iota
	escaped
	csi       // ESC [ … letter
	osc       // ESC ] … BEL or ESC \
	oscEscape // ESC inside osc
	charset   // ESC ( x
)

func newScreen(emit func(line []byte, whole bool)) *screen {
	return &screen{end: -1, emit: emit}
}

func (s *screen) write(b []byte) {
	for len(b) > 0 {
		if s.state != ground {
			s.sequence(b[0])
			b = b[1:]
			continue
		}
		n := printable(b)
		if n > 0 {
			s.put(b[:n])
			b = b[n:]
			continue
		}
		s.control(b[0])
		b = b[1:]
	}
}

// printable counts the bytes up to the next control character.
func printable(b []byte) int {
	for i, c := range b {
		if c < 0x20 && c != '\t' || c == 0x7f {
			return i
		}
	}
	return len(b)
}

func (s *screen) put(b []byte) {
	s.end = -1
	over := min(len(s.line)-s.col, len(b))
	copy(s.line[s.col:], b[:over])
	s.line = append(s.line, b[over:]...)
	s.col += len(b)
	if len(s.line) >= maxLine {
		s.emit(s.line, false)
		s.reset()
	}
}

func (s *screen) control(c byte) {
	switch c {
	case '\n':
		s.emit(s.seen(), true)
		s.reset()
	case '\r':
		if s.end < 0 {
			s.end = s.col
		}
		s.col = 0
	case '\b':
		s.end = -1
		s.col = max(0, s.col-1)
	case 0x1b:
		s.state, s.arg = escaped, s.arg[:0]
	}
}

// seen is the line without the blanks that a pager or an editor wrote over what it erased: those right of the cursor.
func (s *screen) seen() []byte {
	cut := s.col
	if s.end >= 0 {
		cut = s.end
	}
	if len(bytes.TrimRight(s.line[cut:], " ")) == 0 {
		return s.line[:cut]
	}
	return s.line
}

// reset begins an empty line.
func (s *screen) reset() { s.line, s.col, s.end = s.line[:0], 0, -1 }

func (s *screen) sequence(c byte) {
	switch s.state {
	case escaped:
		switch c {
		case '[':
			s.state = csi
		case ']':
			s.state = osc
		case '(', ')', '*', '+', '#', '%':
			s.state = charset
		default:
			s.state = ground
		}
	case csi:
		if c < 0x40 || c > 0x7e {
			if len(s.arg) < 32 {
				s.arg = append(s.arg, c)
			}
			return
		}
		s.state = ground
		s.play(c)
	case osc:
		if c == 0x07 {
			s.state = ground
		} else if c == 0x1b {
			s.state = oscEscape
		}
	case oscEscape, charset:
		s.state = ground
	}
}

// play does the sequences that change the line that the cursor is in.
func (s *screen) play(final byte) {
	n := 0
	for _, c := range s.arg {
		if c < '0' || c > '9' || n > maxLine {
			break
		}
		n = n*10 + int(c-'0')
	}
	switch final {
	case 'K', 'J':
		switch {
		case n == 0:
			s.line = s.line[:s.col]
		case n == 2:
			s.reset()
		}
	case 'D':
		s.col = max(0, s.col-max(1, n))
	case 'C':
		s.col = min(len(s.line), s.col+max(1, n))
	case 'G':
		s.col = min(len(s.line), max(0, n-1))
	}
}
