package tty_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/netrust/netrust/lab/internal/tty"
)

func TestEditing(t *testing.T) {
	t.Parallel()
	rub := func(n int) string { return strings.Repeat("\b \b", n) }
	for _, c := range []struct {
		name, typed, line, echo string
		key                     tty.Key
		style                   tty.Style
	}{
		{"CR ends a line", "show\r", "show", "show", tty.Enter, tty.Style{}},
		{"LF ends a line", "show\n", "show", "show", tty.Enter, tty.Style{}},
		{"DEL and backspace take a character away", "ab\x7fc\x08d\r", "ad", "ab" + rub(1) + "c" + rub(1) + "d", tty.Enter, tty.Style{}},
		{"nothing is taken from an empty line", "\x7f\x7fa\r", "a", "a", tty.Enter, tty.Style{}},
		{"^W takes the last word", "show version \x17ip\r", "show ip", "show version " + rub(8) + "ip", tty.Enter, tty.Style{}},
		{"^U takes the line", "show\x15x\r", "x", "show" + rub(4) + "x", tty.Enter, tty.Style{}},
		{"a password is not shown", "se\x7fcret\r", "scret", "", tty.Enter, tty.Style{Silent: true}},
		{"a question mark asks for help", "show ?", "show ", "show ", tty.Help, tty.Style{QuestionMark: true}},
		{"or is text", "show ?\r", "show ?", "show ?", tty.Enter, tty.Style{}},
		{"cursor up recalls", "a\x1b[A", "a", "a", tty.Previous, tty.Style{}},
		{"other cursor keys do nothing", "a\x1b[C\x1b[1~b\r", "ab", "ab", tty.Enter, tty.Style{}},
		{"^D on an empty line ends the input", "\x04", "", "", tty.EndOfFile, tty.Style{}},
		{"^D elsewhere does nothing", "a\x04b\r", "ab", "ab", tty.Enter, tty.Style{}},
		{"^C interrupts", "abc\x03", "abc", "abc", tty.Interrupt, tty.Style{}},
	} {
		var out bytes.Buffer
		term := tty.New(strings.NewReader(c.typed), &out, tty.PTY)
		line, key, err := term.Edit(nil, c.style)
		if err != nil || string(line) != c.line || key != c.key {
			t.Errorf("%s: line %q, key %d, %v", c.name, line, key, err)
		}
		if err := term.Flush(); err != nil || out.String() != c.echo {
			t.Errorf("%s: echo %q, want %q (%v)", c.name, out.String(), c.echo, err)
		}
	}
}

func TestALineHasAnEnd(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	term := tty.New(strings.NewReader(strings.Repeat("x", 5000)+"\r"), &out, tty.PTY)
	line, _, err := term.Edit(nil, tty.Style{})
	if err != nil || len(line) != 4096 {
		t.Errorf("%d characters, %v", len(line), err)
	}
}

func TestOutputWaitsUntilInputIsNeeded(t *testing.T) {
	t.Parallel()
	counter := &writes{}
	term := tty.New(strings.NewReader("show\r"), counter, tty.PTY)
	for _, text := range []string{"banner\n", "text\n", "r1>"} {
		if err := term.Print(text); err != nil {
			t.Fatal(err)
		}
	}
	if len(counter.all) != 0 {
		t.Errorf("written too early: %q", counter.all)
	}
	if _, _, err := term.Edit(nil, tty.Style{}); err != nil {
		t.Fatal(err)
	}
	if len(counter.all) != 1 || counter.all[0] != "banner\r\ntext\r\nr1>" {
		t.Errorf("writes %q", counter.all)
	}
	if _, _, err := term.Edit(nil, tty.Style{}); !errors.Is(err, io.EOF) {
		t.Errorf("at the end of the input: %v", err)
	}
}

type writes struct{ all []string }

func (w *writes) Write(p []byte) (int, error) {
	w.all = append(w.all, string(p))
	return len(p), nil
}

func TestWithoutATerminalNothingIsEchoedOrTranslated(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	term := tty.New(strings.NewReader("ls\n"), &out, tty.Mode{})
	if _, _, err := term.Edit(nil, tty.Style{}); err != nil {
		t.Fatal(err)
	}
	if _, err := term.Write([]byte("a\nb\n")); err != nil {
		t.Fatal(err)
	}
	if err := term.Flush(); err != nil || out.String() != "a\nb\n" {
		t.Errorf("output %q, %v", out.String(), err)
	}
}
