package up_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/cli"
	"github.com/netrust/netrust/lab/fault"
	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

// nats is a connection to the network's own NATS, as only a broken service would have.
func (n *network) nats() *bus.Conn {
	n.t.Helper()
	conn, err := bus.Connect(n.t.Context(), bus.Config{
		URL: "nats://" + n.settings.NATSListen, User: bus.ServerUser, PasswordFile: bus.PasswordFile(n.settings.DataDir), Name: "test",
	}, zerolog.Nop())
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(conn.Close)
	return conn
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

func TestAnOperatorDealsWithDeadLetters(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 2)
	n.settings.NATSListen = freeAddress(t)
	n.start()
	n.importLab()
	n.fault("lab-0002", fault.Set{Hang: []string{"show clock"}})
	out, errs := n.must("job", "submit", "--command", "show clock", "--id", "lab-0002", "--yes")
	job := regexp.MustCompile(`[a-z2-7]{16}`).FindString(out + errs)
	eventually(t, "its task is in hand", func() bool { out, _ := n.must("job", "tasks", job); return strings.Contains(out, "running") })
	conn := n.nats()
	poison := func(job string) {
		key := contract.TaskKey{Site: "lab", Job: job, Phase: contract.PhaseRun, Device: "lab-0002"}
		_, err := conn.Publish(t.Context(), bus.Message{Subject: key.Subject(contract.Normal), Data: []byte("no task"), Type: contract.TypeTask, ID: fmt.Sprint(job)})
		if err != nil {
			t.Fatal(err)
		}
	}
	list := func() (l api.DeadLetterList) {
		out, _ := n.must("deadletter", "list", "--job", job, "--output", "json")
		if err := json.Unmarshal([]byte(out), &l); err != nil {
			t.Fatal(err)
		}
		return l
	}
	poison(job)
	eventually(t, "the letter is listed", func() bool { return len(list().DeadLetters) == 1 })
	poison(job)
	eventually(t, "it is one letter, twice", func() bool { l := list().DeadLetters; return len(l) == 1 && l[0].Repeats == 2 })
	id := list().DeadLetters[0].ID
	if table, _ := n.must("deadletter", "list"); !strings.Contains(table, id+"  "+job) {
		t.Errorf("list:\n%s", table)
	}

	shown, _ := n.must("deadletter", "show", id)
	for _, want := range []string{"State", "open", job, "lab-0002", "not a task", "2 times", "set aside", "no task"} {
		if !strings.Contains(shown, want) {
			t.Errorf("show does not say %q:\n%s", want, shown)
		}
	}
	// The task itself goes on: a replay is refused, and says what to do.
	screen := newScreen()
	if code := n.command(t.Context(), screen, screen, "", "deadletter", "replay", id, "--yes"); code != cli.ExitFailed || !strings.Contains(screen.String(), "discard the letter") {
		t.Errorf("replaying exits with %d:\n%s", code, screen)
	}
	// Without a yes nothing is asked of the server.
	screen = newScreen()
	if code := n.command(t.Context(), screen, screen, "n\n", "deadletter", "replay", id); code != cli.ExitFailed || !strings.Contains(screen.String(), "show clock") {
		t.Errorf("it exits with %d and shows:\n%s", code, screen)
	}
	n.must("job", "cancel", job)
	n.must("job", "list")
	eventually(t, "the job has ended", func() bool { out, _ := n.must("job", "show", job); return strings.Contains(out, "cancelled") })
	screen = newScreen()
	code := n.command(t.Context(), screen, screen, "", "deadletter", "replay", id, "--yes")
	if said := screen.String(); code != cli.ExitFailed || !strings.Contains(said, "job_id") || !strings.Contains(said, "netrust job retry "+job) {
		t.Errorf("replaying a letter whose job is gone exits with %d:\n%s", code, said)
	}
	n.must("deadletter", "discard", id, "--reason", "seen")
	if l := list().DeadLetters; len(l) > 0 {
		t.Errorf("it is still listed: %+v", l)
	}
	shown, _ = n.must("deadletter", "show", id, "--output", "json")
	for _, want := range []string{`"state": "discarded"`, `"reason": "seen"`, `"by": "admin"`, `"refused": true`} {
		if !strings.Contains(shown, want) {
			t.Errorf("its history does not say %s:\n%s", want, shown)
		}
	}
	all, _ := n.must("deadletter", "list", "--all")
	if !strings.Contains(all, id) || !strings.Contains(all, "discarded") {
		t.Errorf("list --all:\n%s", all)
	}
	screen = newScreen()
	if code := n.command(t.Context(), screen, screen, "", "deadletter", "show", "nosuchletter"); code != cli.ExitFailed || !strings.Contains(screen.String(), "deadletter list --all") {
		t.Errorf("an unknown letter: exit %d:\n%s", code, screen)
	}
}
