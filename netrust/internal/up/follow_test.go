package up_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/netrust/netrust/cli"
	"github.com/netrust/netrust/lab/fault"
)

func TestAPersonFollowsWhatADevicePrints(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 2)
	n.start()
	n.importLab()
	n.fault("lab-0001", fault.Set{DripBytes: 200, DripIntervalMS: 100})
	ctx, ctrlC := context.WithCancel(t.Context())
	defer ctrlC()
	out, errs := newScreen(), newScreen()
	code := make(chan int, 1)
	go func() {
		code <- n.command(ctx, out, errs, "", "run", "show running-config", "show clock", "--id", "lab-0001", "--follow", "--yes")
	}()
	out.await(t, "$ show running-config\n")
	out.await(t, "hostname ios-0001") // while more is to come
	if strings.Contains(out.String(), "show clock") {
		t.Error("nothing was shown before the end")
	}
	jobs, _ := n.must("job", "list")
	job := regexp.MustCompile(`(?m)^([a-z2-7]{16})  running`).FindStringSubmatch(jobs)
	if job == nil {
		t.Fatalf("the job does not run:\n%s", jobs)
	}
	second := newScreen() // somebody else comes in the middle, and is shown all of it
	if got := n.command(t.Context(), second, newScreen(), "", "job", "follow", job[1], "--device", "lab-0001"); got != cli.ExitDone {
		t.Errorf("following exits with %d:\n%s", got, second)
	}
	if got := <-code; got != cli.ExitDone {
		t.Errorf("exit %d:\n%s\n%s", got, out, errs)
	}
	result, _ := n.must("job", "results", job[1], "--device", "lab-0001")
	_, result, _ = strings.Cut(result, "succeeded\n")
	for who, shown := range map[string]string{"who ran it": out.String(), "who came later": second.String()} {
		if strings.TrimSpace(shown) != strings.TrimSpace(result) {
			t.Errorf("%s saw:\n%s\nthe result is:\n%s", who, shown, result)
		}
	}
	if !strings.Contains(errs.String(), "lab-0001 succeeded") {
		t.Errorf("it does not say how it ended:\n%s", errs)
	}

	// Of what has ended, the result is printed.
	late, _ := n.must("job", "follow", job[1], "--device", "lab-0001")
	if !strings.Contains(late, "hostname ios-0001") {
		t.Errorf("afterwards it prints:\n%s", late)
	}
	for _, misuse := range [][]string{
		{"run", "show clock", "--all", "--follow"}, {"run", "show clock", "--id", "lab-0001,lab-0002", "--follow"},
		{"run", "show clock", "--id", "lab-0001", "--follow", "--dry-run"}, {"job", "follow", job[1]},
	} {
		screen := newScreen()
		if got := n.command(t.Context(), screen, screen, "", misuse...); got != cli.ExitMisuse {
			t.Errorf("%q exits with %d:\n%s", misuse, got, screen)
		}
	}
}
