package ledger_test

import (
	"fmt"
	"testing"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
)

func TestPurgingAJobTakesItsRecordsAlone(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	h := d.holder("h1")
	for _, job := range []string{"old", "new"} {
		d.open(job)
		for i := range 5 {
			if err := d.claim(h, d.task(job, fmt.Sprintf("dev.%d", i))).Finish(t.Context(), succeeded); err != nil {
				t.Fatal(err)
			}
		}
		d.close(job)
	}
	if err := d.conn.PurgeSubject(t.Context(), ledger.Stream, ledger.Subject(contract.JobTaskRecords("old"))); err != nil {
		t.Fatal(err)
	}
	if n := len(d.history(contract.JobTaskRecords("old"))); n != 0 {
		t.Errorf("%d records of the purged job are left", n)
	}
	if n := len(d.history(contract.JobTaskRecords("new"))); n != 10 {
		t.Errorf("%d records of the other job are left; want 10", n)
	}
	// Its gate stays, and refuses a late claim.
	_, err := h.Claim(t.Context(), d.task("old", "dev.1", late), nil, d.record(d.task("new", "dev.1")).Result.FinishedAt)
	d.wants(err, ledger.ErrGateClosed)
}

func TestDecodeRefusesWhatIsNotOfTheLedger(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.open("j1")
	for _, e := range d.history(">") {
		if e.Gate == nil || e.Key.Gate != "j1" {
			t.Errorf("decoded %s", text(e))
		}
	}
	stored, err := d.conn.LastFor(t.Context(), ledger.Stream, ledger.Subject(contract.GateKey("j1")))
	if err != nil {
		t.Fatal(err)
	}
	stored.Data = []byte("{")
	if _, err := ledger.Decode(stored); err == nil {
		t.Error("half a value was decoded")
	}
	stored.Subject = ledger.Subject("nobody.knows")
	if _, err := ledger.Decode(stored); err == nil {
		t.Error("an unknown key was decoded")
	}
}
