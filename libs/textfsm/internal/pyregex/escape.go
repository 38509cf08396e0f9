package pyregex

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// escape rewrites what begins with a backslash outside of a class.
func (t *translator) escape() error {
	if t.at+1 >= len(t.in) {
		return errors.New("a backslash stands at the end")
	}
	switch c := t.in[t.at+1]; {
	case c >= '1' && c <= '9':
		return t.numbered()
	case c == 'Z':
		t.write(`\z`)
		t.at += 2
		return nil
	case strings.ContainsRune("AbBdDsSwW", c):
		t.write(`\` + string(c))
		t.at += 2
		return nil
	default:
		r, err := t.character()
		if err == nil {
			t.literal(r)
		}
		return err
	}
}

// numbered is a back-reference, or a character in octal when three octal digits follow.
func (t *translator) numbered() error {
	digits := t.digits(t.at+1, 3, "0123456789")
	if len(digits) == 3 && len(t.digits(t.at+1, 3, "01234567")) == 3 {
		r, err := t.character()
		if err == nil {
			t.literal(r)
		}
		return err
	}
	id := digits[:min(2, len(digits))]
	if err := t.backReference(id); err != nil {
		return err
	}
	t.at += 1 + len(id)
	return nil
}

// digits are up to n of the given digits from a place on.
func (t *translator) digits(from, n int, of string) string {
	end := from
	for end < len(t.in) && end < from+n && strings.ContainsRune(of, t.in[end]) {
		end++
	}
	return string(t.in[from:end])
}

// simple are the escapes of one character.
var simple = map[rune]rune{'a': '\a', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}

// hexDigits is how many digits each escape has.
var hexDigits = map[rune]int{'x': 2, 'u': 4, 'U': 8}

// character reads an escape that stands for one character, in a class and outside of it.
func (t *translator) character() (rune, error) {
	c := t.in[t.at+1]
	if r, ok := simple[c]; ok {
		t.at += 2
		return r, nil
	}
	if n := hexDigits[c]; n > 0 {
		digits := t.digits(t.at+2, n, "0123456789abcdefABCDEF")
		value, err := strconv.ParseUint(digits, 16, 32)
		if err != nil || len(digits) != n || value > unicode.MaxRune {
			return 0, fmt.Errorf(`after \%c come %d hexadecimal digits of a character`, c, n)
		}
		t.at += 2 + n
		return rune(value), nil
	}
	if octal := t.digits(t.at+1, 3, "01234567"); octal != "" {
		value, err := strconv.ParseUint(octal, 8, 32)
		if err != nil || value > 0o377 {
			return 0, fmt.Errorf(`\%s is no character`, octal)
		}
		t.at += 1 + len(octal)
		return rune(value), nil
	}
	if c < unicode.MaxASCII && (unicode.IsLetter(c) || unicode.IsDigit(c)) {
		return 0, fmt.Errorf(`the escape \%c has no meaning`, c)
	}
	t.at += 2
	return c, nil
}

// literal writes one character as itself, in a class and outside of it.
func (t *translator) literal(r rune) {
	switch {
	case r < 0x80 && !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' || unicode.IsControl(r):
		t.write(fmt.Sprintf(`\x%02X`, r))
	default:
		t.out = append(t.out, r)
	}
}

// class rewrites a […]. An opening bracket inside is itself: the engine would take [a-z-[aeiou]] for a difference.
func (t *translator) class() error {
	t.at++
	t.write("[")
	if t.next('^') {
		t.write("^")
	}
	if t.next(']') {
		t.write(`\]`)
	}
	for t.at < len(t.in) {
		switch c := t.in[t.at]; {
		case c == ']':
			t.at++
			t.write("]")
			return nil
		case c == '[':
			t.at++
			t.write(`\[`)
		case c != '\\':
			t.at++
			t.out = append(t.out, c)
		case t.at+1 >= len(t.in):
			return errors.New("a backslash stands at the end")
		case strings.ContainsRune("dDsSwW", t.in[t.at+1]):
			t.write(`\` + string(t.in[t.at+1]))
			t.at += 2
		case t.in[t.at+1] == 'b':
			t.literal('\b')
			t.at += 2
		default:
			r, err := t.character()
			if err != nil {
				return err
			}
			t.literal(r)
		}
	}
	return errors.New("a class is not closed")
}
