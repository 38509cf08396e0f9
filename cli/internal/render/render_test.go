package render_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/netrust/netrust/cli/internal/render"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; got:\n%s\nwant:\n%s", name, got, want)
	}
}

func table(width int) render.Table {
	return render.Table{
		Header: []string{"DEVICE", "PLATFORM", "STATUS", "DURATION", "ANSWER"}, Width: width,
		Rows: [][]string{
			{"edge-1.paris.example.net", "cisco_ios", "succeeded", "85ms", "Cisco IOS Software, C3750E Software (C3750E-UNIVERSALK9-M), Version 12.2(58)SE2"},
			{"r2", "juniper_junos", "failed", "1.2s", "authentication: the device refused\nuser lab\x1b[2J"},
			{"switch-with-a-name-that-nobody-can-remember-or-type", "arista_eos", "uncertain", "", ""},
			{"日本", "frr", "cancelled", "", "übermäßig"},
		},
	}
}

func TestTablesFitTheTerminal(t *testing.T) {
	t.Parallel()
	for _, width := range []int{0, 40, 80, 132} {
		var b bytes.Buffer
		if err := table(width).Write(&b); err != nil {
			t.Fatal(err)
		}
		golden(t, fmt.Sprintf("table-%d.txt", width), b.Bytes())
		for line := range strings.Lines(b.String()) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); width >= 80 && n > width {
				t.Errorf("at %d columns a line has %d: %s", width, n, line)
			}
		}
	}
}

func TestTextOfDevicesCannotSteerTheTerminal(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain":                 "plain",
		"\x1b[31mred\x07":       "?[31mred?",
		"two\r\nlines\tand tab": "two  lines and tab",
		"bad \xff byte":         "bad ? byte",
		"\u202eright to left":   "?right to left",
		"\u009b31m":             "?31m",
	} {
		if got := render.Clean(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	if got, want := render.CleanText("a\tb\r\nc\x1b[2J\n"), "a\tb\nc?[2J\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTheBarNeverExceedsTheTerminal(t *testing.T) {
	t.Parallel()
	p := render.Progress{
		JobID: "j1", State: contract.JobRunning, Elapsed: 72 * time.Second,
		Counts: contract.Counts{Total: 10000, Pending: 4000, Running: 500, Succeeded: 5400, Failed: 80, Uncertain: 2, Skipped: 18},
	}
	var b strings.Builder
	for _, width := range []int{20, 60, 80, 132} {
		line := render.Bar(p, width)
		if n := utf8.RuneCountInString(line); n >= width {
			t.Errorf("at %d columns the bar has %d", width, n)
		}
		b.WriteString(line + "\n")
	}
	b.WriteString(render.Bar(render.Progress{Note: "connection lost"}, 80) + "\n")
	b.WriteString(render.Line(p) + "\n")
	golden(t, "progress.txt", []byte(b.String()))
}

func TestDurationsAreShort(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Second: "0ms", 85 * time.Millisecond: "85ms", 1290 * time.Millisecond: "1.2s", 59999 * time.Millisecond: "59s",
		125 * time.Second: "2m05s", 62 * time.Minute: "1h02m",
	} {
		if got := render.Duration(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

func failed(device string, kind contract.ErrorKind, effect contract.Effect, message, remedy string) api.Task {
	return api.Task{DeviceID: device, Name: device, State: contract.TaskFailed,
		Error: &contract.TaskError{Kind: kind, Effect: effect, Message: message, Remedy: remedy}}
}

func TestFailuresAreGroupedByCause(t *testing.T) {
	t.Parallel()
	tasks := []api.Task{{DeviceID: "ok", State: contract.TaskSucceeded}}
	for i := range 6 {
		tasks = append(tasks, failed(fmt.Sprintf("r%d", i), contract.KindUnreachable, contract.EffectNone,
			fmt.Sprintf("connecting to 127.1.0.%d:2022 for r%d: no answer in %ds", i, i, 10+i), "see that the device is up and the address is right"))
	}
	tasks = append(tasks,
		failed("a", contract.KindHostKey, contract.EffectNone, "a shows SHA256:abc+/1=, not SHA256:def", "look at a console"),
		failed("b", contract.KindHostKey, contract.EffectNone, "b shows SHA256:ccc, not SHA256:ddd", "look at a console"),
		failed("fd00::1", contract.KindTimeout, contract.EffectPossible, "no prompt from [fd00::1]:22 within 1m30s after a command", ""),
	)
	causes := render.Causes(tasks)
	if len(causes) != 3 || len(causes[0].Devices) != 6 || len(causes[1].Devices) != 2 || causes[2].Effect != contract.EffectPossible {
		t.Fatalf("got %+v", causes)
	}
	var b bytes.Buffer
	if err := render.WriteCauses(&b, causes, 80); err != nil {
		t.Fatal(err)
	}
	golden(t, "causes-80.txt", b.Bytes())
}

func TestATimeOfDayIsNoAddress(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		"the last one at 15:23:02 UTC, at 2001:db8::1 and ::1":   "the last one at 15:23:02 UTC, at <address> and <address>",
		"192.0.2.7:22 and [2001:db8:0:1:2:3:4:5]:830 at 9:01:02": "<address> and <address> at 9:01:02",
	} {
		causes := render.Causes([]api.Task{{DeviceID: "r1", State: contract.TaskFailed, Error: &contract.TaskError{Kind: contract.KindBreaker, Message: message}}})
		if len(causes) != 1 || causes[0].Message != want {
			t.Errorf("%q became %+v", message, causes)
		}
	}
}
