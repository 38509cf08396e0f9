package up_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/netrust/netrust/cli"
	"github.com/netrust/netrust/lab/fault"
)

func TestAPersonIsAskedBeforeDevicesMayChange(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 3)
	n.start()
	n.importLab()
	const command = "test mark asked" // the lab counts it; it is in no grammar of reads
	for _, c := range []struct {
		name, answer string
		args         []string
		code, runs   int
	}{
		{"no answer is no", "", []string{"run", command, "--all"}, cli.ExitFailed, 0},
		{"no is no", "n\n", []string{"run", command, "--all"}, cli.ExitFailed, 0},
		{"a dry run touches nothing and asks nothing", "y\n", []string{"run", command, "--all", "--dry-run"}, cli.ExitDone, 0},
		{"yes runs it", "yes\n", []string{"run", command, "--all"}, cli.ExitDone, 3},
		{"--yes does not ask", "", []string{"run", command, "--id", "lab-0002", "--yes"}, cli.ExitDone, 4},
		{"submit asks too", "n\n", []string{"job", "submit", "--command", command, "--all"}, cli.ExitFailed, 4},
	} {
		out, errs := newScreen(), newScreen()
		if code := n.command(t.Context(), out, errs, c.answer, c.args...); code != c.code {
			t.Errorf("%s: exit %d, want %d:\n%s\n%s", c.name, code, c.code, out, errs)
		}
		if got := n.count(command); got != c.runs {
			t.Errorf("%s: devices received it %d times, want %d", c.name, got, c.runs)
		}
		asked := strings.Contains(errs.String(), "? [y/N]")
		if want := !strings.Contains(strings.Join(c.args, " "), "--dry-run") && !strings.Contains(strings.Join(c.args, " "), "--yes"); asked != want {
			t.Errorf("%s: asked: %v, want %v:\n%s", c.name, asked, want, errs)
		}
	}
}

func TestATerminalShowsABarAndTablesThatFit(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 3)
	n.start()
	n.importLab()
	n.fault("lab-0003", fault.Set{CommandDelayMS: 300})
	out, errs := n.must("run", "show version", "--all", "--yes")
	if !strings.Contains(errs, "\r\x1b[K[") || !strings.Contains(errs, "█] 3/3, 3 ok, 0 failed") {
		t.Errorf("no bar:\n%q", errs)
	}
	for line := range strings.Lines(out) {
		if width := len([]rune(strings.TrimRight(line, "\n"))); width > 80 {
			t.Errorf("a line of %d columns on a terminal of 80: %s", width, line)
		}
	}
}

var jobID = regexp.MustCompile(`netrust job watch ([a-z0-9]+)`)

func TestCtrlCStopsTheWatchingNotTheJob(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 2)
	n.start()
	n.importLab()
	n.fault("lab-0002", fault.Set{Hang: []string{"show clock"}})
	ctx, ctrlC := context.WithCancel(t.Context())
	defer ctrlC()
	out, errs := newScreen(), newScreen()
	code := make(chan int, 1)
	go func() { code <- n.command(ctx, out, errs, "", "run", "show clock", "--all", "--yes") }()
	errs.await(t, "1/2, 1 ok")
	ctrlC()
	if got := <-code; got != cli.ExitFailed {
		t.Errorf("exit %d", got)
	}
	match := jobID.FindStringSubmatch(errs.String())
	if match == nil || !strings.Contains(errs.String(), "goes on") || !strings.Contains(errs.String(), "netrust job cancel "+match[1]) {
		t.Fatalf("it does not say how to go on:\n%s", errs)
	}
	if shown, _ := n.must("job", "show", match[1]); !strings.Contains(shown, "State      running") {
		t.Errorf("the job does not go on:\n%s", shown)
	}

	n.must("job", "cancel", match[1], "--reason", "enough seen")
	out, errs = newScreen(), newScreen()
	if got := n.command(t.Context(), out, errs, "", "job", "watch", match[1]); got != cli.ExitFailed {
		t.Errorf("watching a cancelled job exits with %d:\n%s", got, errs)
	}
	if !strings.Contains(errs.String(), "cancelled: 1 of 2 devices ok") || !strings.Contains(errs.String(), "enough seen") {
		t.Errorf("got:\n%s\n%s", out, errs)
	}
}

func TestWatchingSurvivesARestartOfTheServer(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 2)
	stop := n.start()
	n.importLab()
	n.fault("lab-0002", fault.Set{CommandDelayMS: 1500})
	out, errs := newScreen(), newScreen()
	code := make(chan int, 1)
	go func() { code <- n.command(t.Context(), out, errs, "", "run", "show clock", "--all", "--yes") }()
	errs.await(t, "1/2, 1 ok")
	stop() // the executor ends what it has in hand
	errs.await(t, "connection lost")
	n.start()
	if got := <-code; got != cli.ExitDone {
		t.Errorf("exit %d:\n%s\n%s", got, out, errs)
	}
	if n.count("show clock") != 2 {
		t.Errorf("the devices received it %d times", n.count("show clock"))
	}
}
func TestWhatIsReadOnlyRunsWithoutAQuestion(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 2)
	n.start()
	n.importLab()
	out, errs := n.must("run", "show version", "--all")
	if strings.Contains(errs, "y/N") || !strings.Contains(out, "lab-0002") {
		t.Errorf("got:\n%s\n%s", out, errs)
	}
}
