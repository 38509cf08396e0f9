package ledger_test

import (
	"slices"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
)

// sessions is who may have a session on the task's device, as the ledger says.
func (d *desk) sessions(t *contract.Task) []string {
	d.Helper()
	return d.newest(t.Key().DeviceKey()).Sessions
}

func (d *desk) want(got []string, want ...string) {
	d.Helper()
	if !slices.Equal(got, want) {
		d.Errorf("sessions may be open of %q; want %q", got, want)
	}
}

// with makes a release say who may have a session.
func with(sessions ...string) func(*contract.Task) {
	return func(t *contract.Task) { t.Sessions = sessions }
}

func TestWhoMayHaveASessionIsHandedOnWithTheDevice(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	h, other := d.holder("h1"), d.holder("h2")
	d.open("j1")
	first := d.task("j1", "r1")
	lease := d.claim(h, first)
	d.want(lease.Sessions())
	lease.Leave([]string{"h1"})
	if err := lease.Finish(t.Context(), succeeded); err != nil {
		t.Fatal(err)
	}
	if !d.free(first) {
		t.Error("the device is not free")
	}
	d.want(d.sessions(first), "h1")

	d.open("j2")
	second := d.task("j2", "r1", with("h1"))
	lease = d.claim(other, second)
	d.want(lease.Sessions(), "h1")
	d.want(d.sessions(second), "h1")
	// Nothing is said about them: they stand.
	if err := lease.Delay(t.Context(), contract.Delay{Reason: "not yet"}, false); err != nil {
		t.Fatal(err)
	}
	d.want(d.sessions(second), "h1")

	again := d.task("j2", "r1", with("h1"))
	lease = d.claim(h, again) // its own is not another's
	d.want(lease.Sessions())
	if err := lease.Finish(t.Context(), succeeded); err != nil {
		t.Fatal(err)
	}
	d.want(d.sessions(again))
}

func TestAClaimThatFindsTheDeviceReleasedMeanwhileSeesWhoHasASession(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	h, other := d.holder("h1"), d.holder("h2")
	d.open("j1")
	d.open("j2")
	first, second := d.task("j1", "r1"), d.task("j2", "r1") // released at once, of the same state
	lease := d.claim(h, first)
	lease.Leave([]string{"h1"})
	if err := lease.Finish(t.Context(), succeeded); err != nil {
		t.Fatal(err)
	}
	d.want(d.claim(other, second).Sessions(), "h1")
	d.want(d.sessions(second), "h1")
}

func TestARecoverySeesWhoseSessionTheLostHolderFound(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	lost, heir := d.holder("lost"), d.holder("heir")
	d.open("j1")
	task := d.task("j1", "r1", with("third", "lost", "heir"))
	d.want(d.claim(lost, task).Sessions(), "third", "heir")
	d.kill(lost)
	lease, err := heir.Recover(t.Context(), task, nil, time.Now().Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	d.want(lease.Sessions(), "third")
}

func TestWhoIsAliveIsReadFromTheLedger(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	h, leave := d.leaving("h1", 30*time.Second)
	alive := func(want bool) {
		t.Helper()
		if got, err := ledger.Alive(t.Context(), d.conn, "h1"); err != nil || got != want {
			t.Errorf("alive: %v (%v); want %v", got, err, want)
		}
	}
	alive(true)
	since := h.AliveSince()
	if since.After(time.Now()) || time.Since(since) > time.Minute {
		t.Errorf("it is alive since %s", since)
	}
	lease := d.claim(h, func() *contract.Task { d.open("j1"); return d.task("j1", "r1") }()) // renews
	if lease == nil || !h.AliveSince().Equal(since) {
		t.Errorf("a second sign of life moved the first: %s, %s", since, h.AliveSince())
	}
	leave()
	alive(false)
}
