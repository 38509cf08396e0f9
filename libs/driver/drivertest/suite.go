// Package drivertest is the conformance suite of drivers: what package driver promises of a session, as tests that any
// driver can be put through, against recorded sessions, the lab's simulated devices, or real ones.
//
// The suite looks for leaked goroutines and descriptors, so it must not run beside other tests: call [Run] from a test that
// is not parallel.
package drivertest

import (
	"context"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/driver/hostkey"
)

// Device is how the suite reaches one device, and what it may expect of it. A case whose fields are empty is left out: not
// every device can be made to do everything.
type Device struct {
	Driver driver.Driver
	Target driver.Target // the right login; without HostKeys the first key is trusted

	Prompt   string // what Session.Prompt gives; required
	Read     string // a command of the platform's grammar of reads; required
	ReadHas  string // what its output contains; required
	ReadText string // its whole output; empty: not known

	Rejected    string // a command that the device does not know, and says so
	Words       string // what the device says to it
	Large       string // a read that prints a lot, of lines that are numbered from 1 at their start
	LargeLines  int
	Endless     string // a command that prints something and never ends
	EndlessHas  string // what it prints; empty: nothing
	Question    string // a command that asks and does nothing when it is stopped
	QuestionHas string
	Drop        string // a command in the middle of which the connection is cut
	DropHas     string
	Failing     string // a command that is understood and fails: it is rejected, with effect possible
	FailingHas  string

	Exec          bool         // the device takes reads by SSH exec
	FailedLogins  func() int64 // counted by the device; nil: it does not count
	ChangeHostKey func()       // nil: it cannot
	Sessions      int          // opened at once by the concurrency case; 0: 8
	Failures      int          // made before the look for leaks; 0: 200
}

// patience bounds what must happen soon.
const patience = 15 * time.Second

// Run puts the driver through the suite.
func Run(t *testing.T, d Device) {
	t.Helper()
	cases := []struct {
		name string
		run  func(*testing.T, Device)
	}{
		{"a command gives what the device prints and nothing else", readsCommand},
		{"commands stay in step", staysInStep},
		{"the sink gets what the output holds", sinkAddsUp},
		{"a rejected command gives the device's words and the session goes on", rejects},
		{"a command that fails after it began says that something may have happened", failsWithEffect},
		{"what is not one command is refused before anything is sent", refusesControlCharacters},
		{"a large output comes whole", largeOutput},
		{"an output over the bound is cut and the session stays in step", boundedOutput},
		{"reads by exec and by terminal give the same bytes", execEqualsTerminal},
		{"a session opened for reads runs other commands too", execThenTerminal},
		{"a question is not answered", question},
		{"a command that never ends times out, with effect possible", commandTimeout},
		{"a cancel stops at once and closes", cancelInTheMiddle},
		{"a cancel while opening stops at once", cancelWhileOpening},
		{"a connection cut in mid-output is told", dropInTheMiddle},
		{"after a lost session a new one opens", reconnect},
		{"a wrong password costs one failed login", wrongPassword},
		{"a changed host key is refused before the login", changedHostKey},
		{"no TCP answer", noAnswer},
		{"a closed port", closedPort},
		{"TCP accepted and then silence", silentAfterAccept},
		{"a connection closed without a word is busy", closedAfterAccept},
		{"a login and then no prompt", noPrompt},
		{"sessions at once", concurrentSessions},
		{"two commands at once in one session", commandsAtOnce},
		{"a closed session refuses", closedSession},
		{"a session that only read can be kept", keepsReads},
		{"a session in which more was typed is told from one as it was opened", tellsTraces},
		{"a kept session that was lost is told before anything is sent", tellsLoss},
		{"failures leave nothing behind", leavesNothing},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, d) })
	}
}

// target is a copy of the device's that the case may change.
func (d Device) target() driver.Target {
	t := d.Target
	if t.HostKeys == nil {
		t.HostKeys = &hostkey.Memory{}
	}
	if t.ConnectTimeout == 0 {
		t.ConnectTimeout = patience
	}
	return t
}

// open opens a session with a terminal, which ends with the test.
func (d Device) open(t *testing.T, o driver.OpenOptions) driver.Session {
	t.Helper()
	s, err := d.Driver.Open(soon(t), d.target(), o)
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func (d Device) terminal(t *testing.T) driver.Session {
	t.Helper()
	return d.open(t, driver.OpenOptions{Terminal: true})
}

// run runs a command that must succeed.
func run(t *testing.T, s driver.Session, command string) driver.Output {
	t.Helper()
	out, err := s.Run(soon(t), driver.Command{Text: command, Timeout: patience})
	if err != nil {
		t.Fatalf("running %q: %v", command, err)
	}
	return out
}

// soon is a context that ends when patience does.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	t.Cleanup(cancel)
	return ctx
}

// mustBe checks the kind and the effect of an error.
func mustBe(t *testing.T, err error, kind driver.Kind, effect driver.Effect) {
	t.Helper()
	if err == nil {
		t.Fatalf("there is no error; want kind %s", kind)
	}
	if driver.KindOf(err) != kind || driver.EffectOf(err) != effect {
		t.Fatalf("kind %s, effect %s; want %s, %s: %v", driver.KindOf(err), driver.EffectOf(err), kind, effect, err)
	}
}
