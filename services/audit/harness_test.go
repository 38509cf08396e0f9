package audit_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/bus/bustest"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
	"github.com/netrust/netrust/services/audit"
)

// world is a server and what the other services say on it.
type world struct {
	*testing.T
	server *bus.Server
	conn   *bus.Conn
}

func newWorld(t *testing.T) *world {
	t.Helper()
	server, conn := bustest.Server(t)
	return &world{t, server, conn}
}

// audit starts an audit and returns what stops it.
func (w *world) audit() (stop func()) {
	w.Helper()
	return w.auditOn(bustest.Connect(w, w.server))
}

func (w *world) auditOn(conn *bus.Conn) (stop func()) {
	w.Helper()
	cfg := audit.Default()
	cfg.Linger, cfg.Takeover = 5*time.Millisecond, 500*time.Millisecond
	log := zerolog.New(zerolog.NewTestWriter(w)).Level(zerolog.ErrorLevel)
	a, err := audit.New(conn, cfg, log)
	if err != nil {
		w.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.Context()))
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			w.Errorf("the audit ended with %v", err)
		}
	}
	w.Cleanup(stop)
	return stop
}

func (w *world) publish(m bus.Message, value any) uint64 {
	w.Helper()
	seq, err := publish(w.Context(), w.conn, m, value)
	if err != nil {
		w.Fatal(err)
	}
	return seq
}

func publish(ctx context.Context, conn *bus.Conn, m bus.Message, value any) (uint64, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return 0, err
	}
	m.Data = data
	return conn.Publish(ctx, m)
}

var at = time.Date(2025, 6, 2, 8, 15, 0, 0, time.UTC)

func (w *world) submit(job string, commands ...string) {
	w.Helper()
	w.publish(bus.Message{Subject: contract.JobCommandSubject(job), Type: contract.TypeJobSubmit, ID: job + "/submit",
		Header: map[string]string{contract.HeaderTraceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}, contract.JobSubmit{
		JobID: job, Principal: "alice", Role: "operator", Address: "192.0.2.7:5123", At: at, SpecDigest: contract.Digest([]byte(job)),
		Spec: contract.JobSpec{Kind: contract.JobKindCommand, Targets: contract.TargetSelector{All: true}, Commands: commands,
			Labels: map[string]string{"ticket": "CHG-17"}},
	})
}

func (w *world) event(job string, e contract.JobEvent) {
	w.Helper()
	e.JobID, e.At = job, at
	w.publish(bus.Message{Subject: contract.JobEventSubject(job), Type: contract.TypeJobEvent, ID: job + "/" + string(e.State)}, e)
}

func (w *world) end(job string, counts contract.Counts) {
	w.Helper()
	w.event(job, contract.JobEvent{State: contract.JobSucceeded, Counts: &counts})
}

func (w *world) record(r contract.TaskRecord) uint64 {
	w.Helper()
	r.Phase, r.Site, r.Holder = contract.PhaseRun, "paris", "executor-1"
	key := contract.TaskKey{Site: r.Site, Job: r.JobID, Phase: r.Phase, Device: r.DeviceID}
	return w.publish(bus.Message{Subject: ledger.Subject(key.RecordKey()), Type: contract.TypeTaskRecord, ID: key.ID()}, r)
}

func (w *world) claim(job, device string, commands ...string) uint64 {
	w.Helper()
	return w.record(contract.TaskRecord{State: contract.Claimed, JobID: job, DeviceID: device, Attempt: 1, Claim: &contract.Claim{
		Principal: "alice", Commands: commands, Address: "192.0.2.11", Platform: "cisco_ios", Credential: "env:LAB", ClaimedAt: at,
	}})
}

func (w *world) finish(job, device string) uint64 {
	w.Helper()
	return w.record(contract.TaskRecord{State: contract.Finished, JobID: job, DeviceID: device, Attempt: 1, Result: &contract.Result{
		State: contract.TaskSucceeded, StartedAt: at, FinishedAt: at, DurationMS: 12, Outputs: []contract.CommandOutput{{Command: "show version", Output: "IOS"}},
		Login: &contract.Login{Method: "password", Attempts: 1},
	}})
}

func (w *world) report(kind string) {
	w.Helper()
	w.publish(bus.Message{Subject: contract.IntakeSubject("gateway"), Type: contract.TypeAuditEvent, ID: kind}, contract.AuditEvent{
		Kind: kind, At: at, Actor: contract.AuditActor{Principal: "mallory", Service: "gateway"}, Outcome: contract.AuditRefused,
	})
}

// run is a job on some devices from submission to end: what it gives in records is counted.
func (w *world) run(job string, devices int) (records int) {
	w.Helper()
	w.submit(job, "show version")
	w.event(job, contract.JobEvent{State: contract.JobPlanned, Targets: devices})
	for i := range devices {
		w.claim(job, fmt.Sprintf("dev.%d", i), "show version")
		w.finish(job, fmt.Sprintf("dev.%d", i))
	}
	w.end(job, contract.Counts{Total: devices, Succeeded: devices})
	return 3 + 4*devices // claim: credential and command; finish: login and result
}

// log reads the whole log and checks the chain as docs/audit-format.md tells a verifier to.
func (w *world) log() []contract.AuditRecord {
	w.Helper()
	return readLog(w, w.conn)
}

func readLog(t testing.TB, conn *bus.Conn) (records []contract.AuditRecord) {
	t.Helper()
	prev, ids := strings.Repeat("0", 64), map[string]bool{}
	for {
		stored, err := conn.Range(t.Context(), contract.StreamAudit, uint64(len(records)+1), bus.MaxRange)
		if err != nil {
			t.Fatal(err)
		}
		if len(stored) == 0 {
			return records
		}
		for _, m := range stored {
			var r contract.AuditRecord
			if err := json.Unmarshal(m.Data, &r); err != nil {
				t.Fatal(err)
			}
			if r.Seq != m.Seq || r.Seq != uint64(len(records)+1) || r.Prev != prev || ids[r.ID] || m.Subject != contract.AuditSubject(r.Event.Kind) {
				t.Fatalf("record %d on %s breaks the log after %s: %s", m.Seq, m.Subject, prev, m.Data)
			}
			if bytes.ContainsRune(m.Data, '\n') {
				t.Fatalf("record %d has a line break", m.Seq)
			}
			sum := sha256.Sum256(append([]byte{0}, m.Data...))
			prev = hex.EncodeToString(sum[:])
			ids[r.ID] = true
			records = append(records, r)
		}
	}
}

// await returns the log when it has so many records.
func (w *world) await(n int) []contract.AuditRecord {
	w.Helper()
	var last int
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); <-time.After(10 * time.Millisecond) {
		state, err := w.conn.State(w.Context(), contract.StreamAudit)
		if err != nil {
			w.Fatal(err)
		}
		if last = int(state.LastSeq); last >= n {
			break
		}
	}
	if last != n {
		w.Errorf("the log has %d records, want %d", last, n)
		for _, r := range w.log() {
			w.Logf("%d %s %s %s %s", r.Seq, r.ID, r.Event.Kind, r.Event.JobID, r.Event.DeviceID)
		}
		w.FailNow()
	}
	return w.log()
}

func kinds(log []contract.AuditRecord) string {
	var list []string
	for _, r := range log {
		list = append(list, r.Event.Kind)
	}
	return strings.Join(list, " ")
}

var quiet = zerolog.Nop()

// remake deletes a stream and makes the topology again.
func (w *world) remake(stream string) {
	w.Helper()
	if err := w.conn.JetStream().DeleteStream(w.Context(), stream); err != nil {
		w.Fatal(err)
	}
	if err := w.conn.Ensure(w.Context()); err != nil {
		w.Fatal(err)
	}
}
