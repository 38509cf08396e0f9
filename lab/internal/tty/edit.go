package tty

import "bytes"

// Key is what ended the editing of a line.
type Key int

// The keys that end editing. Help and Tab leave the line as it is, for the caller to show help and edit on.
const (
	Enter Key = iota
	Help
	Tab
	Interrupt // ^C
	EndMode   // ^Z
	EndOfFile // ^D on an empty line
	Redraw    // ^L or ^R
	Previous  // ^P or cursor up
	Next      // ^N or cursor down
)

// maxLine bounds a line. What comes after is refused with a bell, as by devices.
const maxLine = 4096

// Style is what differs between the line editors of devices.
type Style struct {
	// QuestionMark makes "?" ask for help at once.
	QuestionMark bool
	// Silent echoes nothing (a password is typed).
	Silent bool
}

const bell = 0x07

// Edit lets the client edit line (shown already) until a key ends it, and returns the line. The echo of what is typed
// is put out; that of the ending key is the caller's.
func (t *Terminal) Edit(line []byte, style Style) ([]byte, Key, error) {
	echo := t.mode.Echo && !style.Silent
	for {
		if err := t.fill(); err != nil {
			return line, Enter, err
		}
		n := plain(t.pending, style.QuestionMark)
		if room := maxLine - len(line); n > room {
			n = room
		}
		if n > 0 {
			line = append(line, t.pending[:n]...)
			if echo {
				t.buffer().Write(t.pending[:n])
			}
			t.pending = t.pending[n:]
			continue
		}
		c, err := t.ReadByte()
		if err != nil {
			return line, Enter, err
		}
		var key Key
		var done bool
		if line, key, done, err = t.control(line, c, echo); done || err != nil {
			return line, key, err
		}
	}
}

// plain counts the bytes at the beginning of input that are text.
func plain(input []byte, stopAtQuestion bool) int {
	for i, c := range input {
		if c < ' ' || c == 0x7f || stopAtQuestion && c == '?' {
			return i
		}
	}
	return len(input)
}

// control acts on one control character.
func (t *Terminal) control(line []byte, c byte, echo bool) (_ []byte, key Key, done bool, err error) {
	switch c {
	case '\r', '\n':
		return line, Enter, true, nil
	case '?':
		return line, Help, true, nil
	case '\t':
		return line, Tab, true, nil
	case 0x03:
		return line, Interrupt, true, nil
	case 0x1a:
		return line, EndMode, true, nil
	case 0x0c, 0x12:
		return line, Redraw, true, nil
	case 0x10:
		return line, Previous, true, nil
	case 0x0e:
		return line, Next, true, nil
	case 0x04:
		if len(line) == 0 {
			return line, EndOfFile, true, nil
		}
	case 0x08, 0x7f:
		return t.erase(line, 1, echo), 0, false, nil
	case 0x15: // ^U
		return t.erase(line, len(line), echo), 0, false, nil
	case 0x17: // ^W
		return t.erase(line, lastWord(line), echo), 0, false, nil
	case 0x1b:
		key, err := t.escape()
		return line, key, key == Previous || key == Next, err
	default:
		if c >= ' ' && echo { // text, but the line is full
			t.buffer().WriteByte(bell)
		}
	}
	return line, 0, false, nil
}

// escape reads the rest of a cursor key. Keys that move within the line are ignored: the editor only works at its end.
func (t *Terminal) escape() (Key, error) {
	c, err := t.ReadByte()
	if err != nil || c != '[' && c != 'O' {
		return Enter, err
	}
	for {
		c, err = t.ReadByte()
		switch {
		case err != nil:
			return Enter, err
		case c == 'A':
			return Previous, nil
		case c == 'B':
			return Next, nil
		case c >= '@' && c <= '~':
			return Enter, nil
		}
	}
}

// erase takes n bytes off the end of the line and off the screen.
func (t *Terminal) erase(line []byte, n int, echo bool) []byte {
	n = min(n, len(line))
	if echo {
		t.Rub(n)
	}
	return line[:len(line)-n]
}

// Rub wipes the last n characters off the screen.
func (t *Terminal) Rub(n int) {
	for range n {
		t.buffer().WriteString("\b \b")
	}
}

// lastWord is the length of the last word of a line with the space after it.
func lastWord(line []byte) int {
	kept := bytes.TrimRight(line, " ")
	return len(line) - (bytes.LastIndexByte(kept, ' ') + 1)
}
