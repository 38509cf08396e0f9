package engine_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
)

// records counts a job's records in the ledger.
func (w *world) records(job string) (n int) {
	w.Helper()
	ctx, cancel := context.WithCancel(w.Context())
	defer cancel()
	filter := []string{ledger.Subject(contract.JobTaskRecords(job))}
	_ = w.conn.Follow(ctx, bus.FollowConfig{Stream: ledger.Stream, Filters: filter, Idle: func() error { cancel(); return nil }}, func(bus.Stored) error {
		n++
		return nil
	}) // ended by us
	return n
}

// audited writes what an audit does that has recorded the ledger up to a sequence.
func (w *world) audited(seq uint64) {
	w.Helper()
	state, err := w.conn.State(w.Context(), ledger.Stream)
	if err != nil {
		w.Fatal(err)
	}
	source := contract.AuditSource{Stream: ledger.Stream, CreatedMS: state.Created.UnixMilli(), Seq: seq}
	data, err := json.Marshal(contract.AuditRecord{Seq: 1, ID: source.ID(), Source: source, Cursors: map[string]uint64{source.Cursor(): seq}})
	if err != nil {
		w.Fatal(err)
	}
	if _, err := w.conn.Publish(w.Context(), bus.Message{Subject: contract.AuditSubject("task.finished"), Data: data}); err != nil {
		w.Fatal(err)
	}
}

func (w *world) reports() int {
	w.Helper()
	state, err := w.conn.State(w.Context(), contract.StreamIntake)
	if err != nil {
		w.Fatal(err)
	}
	return int(state.Messages)
}

func TestOldRecordsWaitForTheAudit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.KeepRecords, w.config.KeepForAudit = time.Millisecond, time.Hour
	w.devices("paris", "corp", 3)
	w.lead()
	crew := w.crew("crew", 10, 1)
	w.submit("j1")
	crew.work("j1")
	last, err := w.conn.LastFor(t.Context(), ledger.Stream, ledger.Subject(contract.JobTaskRecords("j1")))
	if err != nil {
		t.Fatal(err)
	}
	w.audited(last.Seq - 1)
	w.submit("j2", func(s *contract.JobSpec) { s.DryRun = true }) // something that takes the engine a while
	w.ended("j2")
	if n := w.records("j1"); n != 6 {
		t.Errorf("%d records are left, the last of which the audit has not recorded", n)
	}
	w.audited(last.Seq)
	w.await("the records to go", func() bool { return w.records("j1") == 0 })
	if n := w.reports(); n != 0 {
		t.Errorf("%d reports of a gap", n)
	}
}

func TestRecordsThatNoAuditReadsGoInTheEndAndThatIsReported(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.KeepRecords, w.config.KeepForAudit = time.Millisecond, time.Millisecond
	w.devices("paris", "corp", 3)
	w.lead()
	crew := w.crew("crew", 10, 1)
	w.submit("j1")
	crew.work("j1")
	w.await("the records to go", func() bool { return w.records("j1") == 0 })
	stored, err := w.conn.Range(t.Context(), contract.StreamIntake, 1, 10)
	if err != nil || len(stored) != 1 {
		t.Fatalf("%d reports, %v", len(stored), err)
	}
	var e contract.AuditEvent
	if err := json.Unmarshal(stored[0].Data, &e); err != nil || e.Kind != contract.AuditLogGap || e.JobID != "j1" || e.Actor.Service != "scheduler" {
		t.Errorf("the report is %s, %v", stored[0].Data, err)
	}
}
