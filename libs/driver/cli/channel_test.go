package cli_test

import (
	"context"
	"errors"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netrust/netrust/libs/driver/cli"
)

var prompts = []*regexp.Regexp{regexp.MustCompile(`(?im)^[\w.\-]{1,63}(\(config[\w\-]*\))?[#>]$`)}

// device plays the other end: for each line that is typed it writes the next of its parts, one write each, and then waits
// for the next line. A part "WAIT" waits for a key, which it does not echo.
func device(t *testing.T, banner string, script map[string][]string) *cli.Channel {
	t.Helper()
	ours, theirs := net.Pipe()
	go func() {
		defer theirs.Close()
		_, _ = io.WriteString(theirs, banner)
		var line strings.Builder
		key := make([]byte, 1)
		for {
			if _, err := theirs.Read(key); err != nil {
				return
			}
			if key[0] != '\n' && key[0] != 3 {
				line.WriteByte(key[0])
				continue
			}
			typed := line.String()
			line.Reset()
			if key[0] == 3 {
				typed = "^C"
			}
			for _, part := range script[typed] {
				if part == "WAIT" {
					if _, err := theirs.Read(key); err != nil {
						return
					}
					continue
				}
				if part == "END" {
					return
				}
				if _, err := io.WriteString(theirs, part); err != nil {
					return
				}
			}
		}
	}()
	c := cli.New(ours, cli.Config{Prompts: prompts, Lead: regexp.MustCompile(`^\{master\}$`), Width: 511})
	t.Cleanup(func() {
		_ = ours.Close()
		c.Close()
	})
	return c
}

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestWhatADevicePrintsForACommand(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name  string
		parts []string
		want  string
	}{
		{"a plain answer", []string{"x\r\nline 1\r\nline 2\r\nr1#"}, "line 1\nline 2\n"},
		{"no answer", []string{"x\r\nr1#"}, ""},
		{"byte by byte", strings.Split("x\r\nline 1\r\nr1#", ""), "line 1\n"},
		{"two carriage returns", []string{"x\r\r\nline 1\r\r\nr1# "}, "line 1\n"},
		{"a pager erased by backspaces", []string{"x\r\none\r\n --More-- ", "WAIT", strings.Repeat("\b", 9) + strings.Repeat(" ", 9) + strings.Repeat("\b", 9) + "two\r\nr1#"}, "one\ntwo\n"},
		{"a pager erased by blanks", []string{"x\r\none\r\n--More--", "WAIT", "\r        \rtwo\r\nr1#"}, "one\ntwo\n"},
		{"a pager erased by a sequence", []string{"x\r\none\r\n\x1b[7m--More--\x1b[27m", "WAIT", "\r\x1b[Ktwo\r\nr1#"}, "one\ntwo\n"},
		{"a Junos pager", []string{"x\r\none\r\n---(more 45%)---", "WAIT", "\r                                        \rtwo\r\n\r\n{master}\r\nr1>"}, "one\ntwo\n"},
		{"a pager and its end", []string{"x\r\none\r\nlines 1-24", "WAIT", "\r\x1b[Ktwo\r\n(END)", "WAIT", "\r\x1b[Kr1#"}, "one\ntwo\n"},
		{"colours", []string{"x\r\n\x1b[1;31mred\x1b[0m\x1b]0;title\x07 text\r\nr1#"}, "red text\n"},
		{"an editor that redraws", []string{"\r\x1b[Kr1#x\r\nline\r\nr1#"}, "line\n"},
		{"a log line before the echo", []string{"\r\n*Mar 1 00:00:01: %SYS-5-CONFIG_I: done\r\nr1#x\r\nline\r\nr1#"}, "line\n"},
		{"the prompt in the answer", []string{"x\r\nlog of r1:\r\nr1#show x\r\n", "r1#", "show y\r\nend\r\nr1#"}, "log of r1:\nr1#show x\nr1#show y\nend\n"},
		{"another mode", []string{"x\r\nr1(config-if)#"}, ""},
		{"another name", []string{"x\r\nother#"}, ""},
		{"blank lines inside and around", []string{"x\r\n\r\n\r\none\r\n\r\ntwo\r\n\r\n\r\nr1#"}, "one\n\ntwo\n"},
		{"no line end before the prompt", []string{"x\r\nhalf a liner1#"}, "half a line\n"},
		{"bytes that are no text", []string{"x\r\na\xff\x00b\r\nr1#"}, "a\uFFFDb\n"},
		{"a question mark in the text", []string{"x\r\nwhat?", " that\r\nr1#"}, "what? that\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := device(t, "welcome\r\n\r\nr1#", map[string][]string{"x": c.parts, "y": {"y\r\nstill here\r\nr1#"}, "z": {"z\r\nstill here\r\nother#"}})
				ctx := within(t, time.Minute)
				if err := d.Login(ctx); err != nil {
					t.Fatal(err)
				}
				got, err := d.Run(ctx, "x", nil)
				if err != nil || got.Text != c.want {
					t.Fatalf("got %q, %v; want %q", got.Text, err, c.want)
				}
				next := "y"
				if c.name == "another name" {
					next = "z"
				}
				if again, err := d.Run(ctx, next, nil); err != nil || again.Text != "still here\n" {
					t.Fatalf("the next command: %q, %v", again.Text, err)
				}
			})
		})
	}
}

func TestAQuestionIsAbortedAndNeverAnswered(t *testing.T) {
	t.Parallel()
	for _, ask := range []string{"Proceed with reload? [confirm]", "Overwrite? (y/n) ", "Are you sure? [yes/no]: ", "Destination filename [startup-config]? ",
		"Password: ", "rm: remove regular file 'x'? ", "Reboot the system ? [yes,no] (no) ", "Press any key to reboot"} {
		synctest.Test(t, func(t *testing.T) {
			d := device(t, "r1#", map[string][]string{"x": {"x\r\nabout to\r\n" + ask}, "^C": {"^C\r\nr1#"}, "y": {"y\r\nstill here\r\nr1#"}})
			ctx := within(t, time.Minute)
			if err := d.Login(ctx); err != nil {
				t.Fatal(err)
			}
			got, err := d.Run(ctx, "x", nil)
			var q *cli.Question
			if !errors.As(err, &q) || q.Line != strings.TrimSpace(ask) || got.Text != "about to\n" {
				t.Fatalf("%q: %v, %q", ask, err, got.Text)
			}
			if again, err := d.Run(ctx, "y", nil); err != nil || again.Text != "still here\n" {
				t.Fatalf("after %q: %q, %v", ask, again.Text, err)
			}
		})
	}
}

func TestAQuestionThatCannotBeStoppedIsALostStep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := device(t, "r1#", map[string][]string{"x": {"x\r\nSure? [confirm]"}})
		ctx := within(t, time.Minute)
		if err := d.Login(ctx); err != nil {
			t.Fatal(err)
		}
		_, err := d.Run(ctx, "x", nil)
		if !errors.As(err, new(*cli.StepError)) {
			t.Fatalf("%v", err)
		}
	})
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := device(t, "r1#", map[string][]string{"x": {"x\r\nworking\r\n"}})
		if err := d.Login(within(t, time.Minute)); err != nil {
			t.Fatal(err)
		}
		started := time.Now()
		got, err := d.Run(within(t, 5*time.Second), "x", nil)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(started) != 5*time.Second || got.Text != "working\n" {
			t.Fatalf("%v after %s, %q", err, time.Since(started), got.Text)
		}
	})
}

func TestTheEndOfTheSessionEndsAWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := device(t, "r1#", map[string][]string{"x": {"x\r\nhalf", "END"}})
		ctx := within(t, time.Minute)
		if err := d.Login(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Run(ctx, "x", nil); !errors.Is(err, io.EOF) {
			t.Fatalf("%v", err)
		}
		<-d.Lost()
	})
}

func TestASecretIsGivenOnce(t *testing.T) {
	t.Parallel()
	ask := regexp.MustCompile(`(?i)^password:\s?$`)
	synctest.Test(t, func(t *testing.T) {
		d := device(t, "r1>", map[string][]string{"enable": {"enable\r\nPassword: "}, "right": {"\r\nr1#"}, "wrong": {"\r\nPassword: "}})
		ctx := within(t, time.Minute)
		if err := d.Login(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Ask(ctx, "enable", ask, "right"); err != nil || d.Prompt() != "r1#" {
			t.Fatalf("%v, at %q", err, d.Prompt())
		}
		if _, err := d.Ask(ctx, "enable", ask, "wrong"); !errors.As(err, new(*cli.Question)) {
			t.Fatalf("a wrong secret: %v", err)
		}
	})
}

// Whatever a device sends, the cleaned text has no control characters, and its size is bounded.
func FuzzPlain(f *testing.F) {
	f.Add([]byte("a\r\nb\x1b[2Kc\bd\x1b]0;x\x07\x1b(B\r\r\n\x1b[99999999D\x1b[5Cz"), int64(10))
	f.Fuzz(func(t *testing.T, b []byte, most int64) {
		p := cli.NewPlain(max(0, most), nil)
		p.Write(b)
		got := p.Finish()
		if strings.ContainsFunc(got.Text, func(r rune) bool { return r < 0x20 && r != '\n' && r != '\t' || r == 0x7f }) {
			t.Fatalf("%q became %q", b, got.Text)
		}
		if most > 0 && int64(len(got.Text)) > most {
			t.Fatalf("%d bytes came, %d is the most", len(got.Text), most)
		}
		if got.Text != "" && (got.Text[len(got.Text)-1] != '\n' || strings.TrimSpace(got.Text[:strings.IndexByte(got.Text, '\n')]) == "") {
			t.Fatalf("%q became %q", b, got.Text)
		}
	})
}
