package drivertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/driver"
)

func readsCommand(t *testing.T, d Device) {
	s := d.terminal(t)
	if got := s.Prompt(); got != d.Prompt {
		t.Errorf("the prompt is %q; want %q", got, d.Prompt)
	}
	out := run(t, s, d.Read)
	checkRead(t, d, out)
	if out.Duration <= 0 || out.Truncated {
		t.Errorf("duration %s, truncated %v", out.Duration, out.Truncated)
	}
	if !s.Alive() {
		t.Error("the session is not alive after a command")
	}
}

func checkRead(t *testing.T, d Device, out driver.Output) {
	t.Helper()
	if d.ReadText != "" && out.Text != d.ReadText {
		t.Errorf("the output differs %s", difference(out.Text, d.ReadText))
	}
	if !strings.Contains(out.Text, d.ReadHas) {
		t.Errorf("%q is missing in\n%s", d.ReadHas, out.Text)
	}
	lines := strings.Split(strings.TrimSuffix(out.Text, "\n"), "\n")
	if strings.Contains(lines[0], d.Read) || strings.TrimSpace(lines[0]) == "" {
		t.Errorf("the first line is %q", lines[0])
	}
	if last := lines[len(lines)-1]; strings.TrimSpace(last) == "" || strings.TrimSpace(last) == d.Prompt {
		t.Errorf("the last line is %q", last)
	}
	if strings.ContainsAny(out.Text, "\r\b\x1b") {
		t.Errorf("control characters are left in %q", out.Text)
	}
}

// difference shows where two texts part.
func difference(got, want string) string {
	at := 0
	for at < len(got) && at < len(want) && got[at] == want[at] {
		at++
	}
	show := func(s string) string { return s[max(0, at-40):min(len(s), at+80)] }
	return fmt.Sprintf("at byte %d: got %q, want %q", at, show(got), show(want))
}

func staysInStep(t *testing.T, d Device) {
	s := d.terminal(t)
	first := run(t, s, d.Read).Text
	for range 3 {
		if d.Rejected != "" {
			_, err := s.Run(soon(t), driver.Command{Text: d.Rejected, Timeout: patience})
			mustBe(t, err, contract.KindRejected, contract.EffectNone)
		}
		if again := run(t, s, d.Read); !sameShape(first, again.Text) {
			t.Fatalf("out of step: got\n%s\nwant\n%s", again.Text, first)
		}
	}
}

// sameShape compares by lines: times and counters may differ.
func sameShape(a, b string) bool { return strings.Count(a, "\n") == strings.Count(b, "\n") }

func sinkAddsUp(t *testing.T, d Device) {
	for _, o := range []driver.OpenOptions{{Terminal: true}, {Commands: []string{d.Read}}} {
		var got strings.Builder
		out, err := d.open(t, o).Run(soon(t), driver.Command{Text: d.Read, Timeout: patience, Sink: func(b []byte) { got.Write(b) }})
		if err != nil {
			t.Fatal(err)
		}
		if got.String() != out.Text {
			t.Errorf("%+v: the sink got\n%q\nand the output is\n%q", o, got.String(), out.Text)
		}
	}
}

func rejects(t *testing.T, d Device) {
	if d.Rejected == "" {
		return
	}
	s := d.terminal(t)
	_, err := s.Run(soon(t), driver.Command{Text: d.Rejected, Timeout: patience})
	mustBe(t, err, contract.KindRejected, contract.EffectNone)
	var no *driver.RejectedError
	if !errors.As(err, &no) || !strings.Contains(no.Words, d.Words) {
		t.Errorf("the words %q are missing in %v", d.Words, err)
	}
	checkRead(t, d, run(t, s, d.Read))
}

func failsWithEffect(t *testing.T, d Device) {
	if d.Failing == "" {
		return
	}
	s := d.terminal(t)
	_, err := s.Run(soon(t), driver.Command{Text: d.Failing, Timeout: patience})
	mustBe(t, err, contract.KindRejected, contract.EffectPossible)
	if !strings.Contains(err.Error(), d.FailingHas) {
		t.Errorf("the words %q are missing in %v", d.FailingHas, err)
	}
	checkRead(t, d, run(t, s, d.Read))
}

func refusesControlCharacters(t *testing.T, d Device) {
	s := d.terminal(t)
	for _, bad := range []string{"", d.Read + "\n" + d.Rejected, d.Read + "\r", "\x03", d.Read + "\x1b[A", "a\tb"} {
		_, err := s.Run(soon(t), driver.Command{Text: bad, Timeout: patience})
		if !errors.As(err, new(*driver.RefusedError)) || driver.EffectOf(err) != contract.EffectNone {
			t.Errorf("%q: %v", bad, err)
		}
	}
	checkRead(t, d, run(t, s, d.Read))
}

func largeOutput(t *testing.T, d Device) {
	if d.Large == "" {
		return
	}
	target := d.target()
	target.MaxOutput = 64 << 20
	s, err := d.Driver.Open(soon(t), target, driver.OpenOptions{Terminal: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	out := run(t, s, d.Large)
	checkNumbered(t, out.Text, d.LargeLines)
	checkRead(t, d, run(t, s, d.Read))
}

// checkNumbered checks that lines 1 to n are all there, in order, and nothing else.
func checkNumbered(t *testing.T, text string, n int) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) != n {
		t.Fatalf("%d lines came; want %d", len(lines), n)
	}
	for i, line := range lines {
		if number, _, _ := strings.Cut(line, " "); number != fmt.Sprint(i+1) {
			t.Fatalf("line %d is %q", i+1, line)
		}
	}
}

func boundedOutput(t *testing.T, d Device) {
	if d.Large == "" {
		return
	}
	target := d.target()
	target.MaxOutput = 10_000
	s, err := d.Driver.Open(soon(t), target, driver.OpenOptions{Terminal: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	out := run(t, s, d.Large)
	if !out.Truncated || len(out.Text) > 10_000 || len(out.Text) < 5_000 {
		t.Errorf("truncated %v, %d bytes", out.Truncated, len(out.Text))
	}
	checkNumbered(t, out.Text, strings.Count(out.Text, "\n"))
	if d.ReadText != "" && len(d.ReadText) < 10_000 {
		checkRead(t, d, run(t, s, d.Read))
	}
}

func execEqualsTerminal(t *testing.T, d Device) {
	if !d.Exec {
		return
	}
	byTerminal := run(t, d.terminal(t), d.Read)
	s := d.open(t, driver.OpenOptions{Commands: []string{d.Read}})
	byExec := run(t, s, d.Read)
	if s.Prompt() != "" {
		t.Error("the driver opened a terminal for a read that exec could run")
	}
	if byExec.Text != byTerminal.Text {
		t.Errorf("exec differs from the terminal %s", difference(byExec.Text, byTerminal.Text))
	}
	rejectable := d.open(t, driver.OpenOptions{Commands: []string{"show nonsense"}})
	_, err := rejectable.Run(soon(t), driver.Command{Text: "show nonsense", Timeout: patience})
	mustBe(t, err, contract.KindRejected, contract.EffectNone)
}

func execThenTerminal(t *testing.T, d Device) {
	s := d.open(t, driver.OpenOptions{Commands: []string{d.Read}})
	checkRead(t, d, run(t, s, d.Read))
	if d.Rejected != "" {
		_, err := s.Run(soon(t), driver.Command{Text: d.Rejected, Timeout: patience})
		mustBe(t, err, contract.KindRejected, contract.EffectNone)
	}
	checkRead(t, d, run(t, s, d.Read))
}

func question(t *testing.T, d Device) {
	if d.Question == "" {
		return
	}
	s := d.terminal(t)
	out, err := s.Run(soon(t), driver.Command{Text: d.Question, Timeout: patience})
	mustBe(t, err, contract.KindRejected, contract.EffectPossible)
	var no *driver.RejectedError
	if !errors.As(err, &no) || !no.Question || !strings.Contains(no.Words, d.QuestionHas) {
		t.Errorf("the question %q is missing in %v (output %q)", d.QuestionHas, err, out.Text)
	}
	checkRead(t, d, run(t, s, d.Read))
}

func commandTimeout(t *testing.T, d Device) {
	if d.Endless == "" {
		return
	}
	s := d.terminal(t)
	started := time.Now()
	out, err := s.Run(soon(t), driver.Command{Text: d.Endless, Timeout: 300 * time.Millisecond})
	mustBe(t, err, contract.KindTimeout, contract.EffectPossible)
	if took := time.Since(started); took > 3*time.Second {
		t.Errorf("it took %s", took)
	}
	if !strings.Contains(out.Text, d.EndlessHas) {
		t.Errorf("what came before the timeout is lost: %q", out.Text)
	}
	_, err = s.Run(soon(t), driver.Command{Text: d.Read, Timeout: patience})
	if !errors.Is(err, driver.ErrSessionClosed) || driver.EffectOf(err) != contract.EffectNone {
		t.Errorf("after a timeout the session is not closed: %v", err)
	}
}

func cancelInTheMiddle(t *testing.T, d Device) {
	if d.Endless == "" {
		return
	}
	s := d.terminal(t)
	ctx, cancel := context.WithCancelCause(soon(t))
	because := errors.New("the operator said so")
	cancelled := make(chan time.Time, 1)
	stop := sync.OnceFunc(func() {
		cancelled <- time.Now()
		cancel(because)
	})
	command := driver.Command{Text: d.Endless, Timeout: patience, Sink: func([]byte) { stop() }}
	if d.EndlessHas == "" { // it prints nothing by which to know that it runs
		time.AfterFunc(shortly, stop)
	}
	_, err := s.Run(ctx, command)
	mustBe(t, err, contract.KindCancelled, contract.EffectPossible)
	if !errors.Is(err, because) {
		t.Errorf("the cause is lost: %v", err)
	}
	if took := time.Since(<-cancelled); took > time.Second {
		t.Errorf("it took %s to stop", took)
	}
	if s.Alive() {
		t.Error("the session is alive after a cancel")
	}
}
