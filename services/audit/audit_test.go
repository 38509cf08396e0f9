package audit_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/bus/bustest"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
	"github.com/netrust/netrust/schemas/validate"
	"github.com/netrust/netrust/services/audit"
)

func TestEveryTouchIsARecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.audit()
	w.submit("j1", "show version", "show clock")
	w.await(1)
	w.event("j1", contract.JobEvent{State: contract.JobRunning})
	w.await(2)
	w.claim("j1", "core1.paris", "show version", "show clock")
	w.await(5)
	w.finish("j1", "core1.paris")
	w.await(7)
	w.report("request.refused")
	w.await(8)
	w.end("j1", contract.Counts{Total: 1, Succeeded: 1})
	log := w.await(9)
	want := "job.submitted job.started credential.accessed command.claimed command.claimed device.login task.finished request.refused job.ended"
	if got := kinds(log); got != want {
		t.Errorf("the log is\n%s, want\n%s", got, want)
	}
	submit := log[0].Event
	if submit.Actor != (contract.AuditActor{Principal: "alice", Role: "operator", Address: "192.0.2.7:5123", Service: submit.Actor.Service}) ||
		submit.Labels["ticket"] != "CHG-17" || submit.TraceID != "0af7651916cd43dd8448eb211c80319c" || len(submit.Commands) != 2 {
		t.Errorf("the submission is %+v", submit)
	}
	if c := log[4].Event; c.Commands[0] != "show clock" || c.DeviceID != "core1.paris" || c.Actor.Principal != "alice" || c.Actor.Incarnation != "executor-1" ||
		c.Outcome != contract.AuditIntended || c.Parameters["address"] != "192.0.2.11" {
		t.Errorf("the command is %+v", c)
	}
	if c := log[2].Event; c.Object != "credential/env:LAB" || c.Actor.Principal != "alice" {
		t.Errorf("the access is %+v", c)
	}
	if c := log[5].Event; c.Outcome != contract.AuditSucceeded || c.Parameters["method"] != "password" || c.Parameters["attempts"] != "1" {
		t.Errorf("the login is %+v", c)
	}
	v, err := validate.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range log {
		data, _ := json.Marshal(r)
		if err := v.Check("audit_record.v1", data); err != nil {
			t.Error(err)
		}
	}
}

func TestARestartGoesOnWhereTheLogIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	total := w.run("j1", 30)
	stop := w.audit()
	w.await(total)
	stop()
	total += w.run("j2", 30)
	w.report("token.created")
	stop = w.audit()
	w.await(total + 1)
	stop()
	// A message that gives no record moves nothing, and one that does is found.
	w.publish(bus.Message{Subject: ledger.Subject(contract.GateKey("j3"))}, contract.Gate{Open: true})
	total += w.run("j3", 1)
	w.audit()
	w.await(total + 1)
}

func TestOfSeveralAuditsOneWrites(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	total := 0
	var stops []func()
	for range 4 {
		stops = append(stops, w.audit())
	}
	for _, job := range []string{"j1", "j2", "j3", "j4"} {
		total += w.run(job, 25)
		w.await(total)
		if len(stops) > 1 {
			stops[0]() // maybe the one that writes
			stops = stops[1:]
		}
	}
	w.await(total)
}

func TestTheEndOfAJobFollowsItsDevices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	total := w.run("j1", 200)
	w.audit()
	log := w.await(total)
	for i, r := range log {
		if r.Event.Kind == contract.AuditJobEnded && i != len(log)-1 {
			t.Errorf("the end is record %d of %d", i+1, len(log))
		}
	}
}

func TestWhatIsLostIsAGap(t *testing.T) {
	t.Parallel()
	gapOf := func(t *testing.T, log []contract.AuditRecord) contract.AuditEvent {
		t.Helper()
		var found []contract.AuditEvent
		for _, r := range log {
			if r.Event.Kind == contract.AuditLogGap {
				found = append(found, r.Event)
			}
		}
		if len(found) != 1 {
			t.Fatalf("%d gaps: %s", len(found), kinds(log))
		}
		return found[0]
	}
	t.Run("when the ledger was purged before it was read", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		n := w.run("before", 2)
		stop := w.audit()
		w.await(n)
		stop()
		lost, kept := w.run("lost", 3), w.run("kept", 2)
		if err := w.conn.PurgeSubject(t.Context(), ledger.Stream, ledger.Subject(contract.JobTaskRecords("lost"))); err != nil {
			t.Fatal(err)
		}
		w.audit()
		gap := gapOf(t, w.await(n+lost-12+1+kept))
		if gap.JobID != "lost" || gap.Count != 3 || gap.Outcome != contract.AuditFailed || gap.Reason == "" {
			t.Errorf("the gap is %+v", gap)
		}
	})
	t.Run("but not when it was purged after that", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.submit("j1", "show version")
		w.claim("j1", "dev.1", "show version")
		w.finish("j1", "dev.1")
		stop := w.audit()
		w.await(5)
		stop()
		w.end("j1", contract.Counts{Total: 1, Succeeded: 1})
		if err := w.conn.PurgeSubject(t.Context(), ledger.Stream, ledger.Subject(contract.JobTaskRecords("j1"))); err != nil {
			t.Fatal(err)
		}
		w.audit()
		w.await(6)
	})
	t.Run("when messages of jobs are gone", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.submit("j1", "show version")
		stop := w.audit()
		w.await(1)
		stop()
		for _, job := range []string{"j2", "j3", "j4"} {
			w.submit(job, "show version")
		}
		if err := w.conn.PurgeSubject(t.Context(), contract.StreamJobs, contract.JobCommandSubject("j2")); err != nil {
			t.Fatal(err)
		}
		if err := w.conn.PurgeSubject(t.Context(), contract.StreamJobs, contract.JobCommandSubject("j3")); err != nil {
			t.Fatal(err)
		}
		w.audit()
		if gap := gapOf(t, w.await(3)); gap.Parameters["stream"] != "JOBS" || gap.Parameters["first"] != "2" || gap.Parameters["last"] != "3" {
			t.Errorf("the gap is %+v", gap)
		}
	})
	t.Run("when all of them are gone and nothing has come since", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.submit("j1", "show version")
		stop := w.audit()
		w.await(1)
		stop()
		w.submit("j2", "show version")
		if err := w.conn.PurgeSubject(t.Context(), contract.StreamJobs, contract.JobCommandFilter); err != nil {
			t.Fatal(err)
		}
		stop = w.audit()
		w.await(2)
		stop() // and it is recorded once
		w.audit()
		w.submit("j3", "show version")
		if gap := gapOf(t, w.await(3)); gap.Parameters["first"] != "2" || gap.Parameters["last"] != "2" {
			t.Errorf("the gap is %+v", gap)
		}
	})
	t.Run("when a stream was made anew", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.submit("j1", "show version")
		stop := w.audit()
		w.await(1)
		stop()
		w.remake(contract.StreamJobs)
		w.submit("j2", "show version")
		w.submit("j3", "show version")
		stop = w.audit()
		gapOf(t, w.await(4))
		stop()
		w.audit()
		w.submit("j4", "show version")
		gapOf(t, w.await(5))
	})
}

func TestWhatCannotBeReadIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.audit()
	for i, m := range []bus.Message{
		{Subject: contract.JobCommandSubject("j1"), Type: "netrust.job.teleport.v9", ID: "1", Data: []byte(`{"to":"mars","password":"hunter2secret"}`)},
		{Subject: contract.JobEventSubject("j1"), Type: contract.TypeJobEvent, ID: "2", Data: []byte("no json")},
		{Subject: ledger.Subject("task.paris.j1.run.dev"), Data: []byte(`{"state":"dancing"}`)},
		{Subject: contract.IntakeSubject("gateway"), Type: contract.TypeAuditEvent, ID: "3", Data: []byte(`{"kind":"NO KIND"}`)},
		{Subject: contract.IntakeSubject("gateway"), Data: nil},
	} {
		if _, err := w.conn.Publish(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		e := w.await(i + 1)[i].Event
		if e.Kind != contract.AuditMessageUnknown || e.Parameters["subject"] != m.Subject || len(e.Parameters["sha256"]) != 64 || e.Reason == "" {
			t.Errorf("message %d gives %+v", i, e)
		}
		if text, _ := json.Marshal(e); strings.Contains(string(text), "hunter2secret") {
			t.Errorf("message %d is in the log: %s", i, text)
		}
	}
}

func TestAnAuditDoesNotAppendToALogThatWasTamperedWith(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(bus.Message{Subject: contract.AuditSubject("job.submitted")}, contract.AuditRecord{Seq: 7, Cursors: map[string]uint64{}})
	a, err := audit.New(bustest.Connect(t, w.server), audit.Default(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- a.Run(t.Context()) }()
	w.submit("j1", "show version")
	for end := time.Now().Add(20 * time.Second); a.Ready() == nil || !strings.Contains(a.Ready().Error(), "tampered"); <-time.After(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it says %v", a.Ready())
		}
	}
	if state, err := w.conn.State(t.Context(), contract.StreamAudit); err != nil || state.LastSeq != 1 {
		t.Errorf("the log is at %d, %v", state.LastSeq, err)
	}
}
