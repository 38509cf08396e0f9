package system

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
)

// TestTheAuditLogSurvivesKills runs jobs while the audits and NATS are killed again and again, and compares the log with
// what the audits read: every message has its records, none has them twice, and the chain holds.
func TestTheAuditLogSurvivesKills(t *testing.T) {
	t.Parallel()
	devices := StartLab(t, "--devices", "40", "--latency", "20ms", "--seed", "811", "--platforms", "cisco_ios,frr")
	c := Start(t, Options{Schedulers: 1, Executors: 1, Audits: 2, Env: devices.Env, ExecutorEnv: []string{"NETRUST_EXECUTOR_NORMAL_SLOTS=8"}})
	c.API.Import(t, devices.Inventory)
	conn := c.Connect(t)
	const jobs, rounds = 4, 5
	for round := range rounds {
		ids := make([]string, jobs)
		for i := range ids {
			ids[i] = c.API.Submit(t, fmt.Sprint("job-", round, "-", i), contract.JobSpec{
				Kind: contract.JobKindCommand, Targets: contract.TargetSelector{All: true}, Commands: []string{"show version", "show clock"}, Repeatable: true,
			}).ID
		}
		c.API.Send(t, "POST", "/v1/jobs", nil, `{"kind":"nonsense"}`) // a refusal
		grown(t, conn, 50)
		for _, a := range c.Audits {
			a.Kill()
			if round%2 == 0 {
				break // the other one takes over
			}
		}
		if round%2 == 1 {
			c.NATS.Kill()
			c.NATS.Start(t)
		}
		for _, a := range c.Audits {
			if a.PID() == 0 {
				a.Start(t)
			}
		}
		for _, id := range ids {
			if job := c.API.Await(t, id, time.Minute); !job.State.Ended() {
				t.Fatalf("job %s is %s", id, job.State)
			}
		}
	}
	Eventually(t, time.Minute, "the audit has recorded everything", func() error { return compare(t, conn) })
	for _, a := range c.Audits {
		Eventually(t, 20*time.Second, a.Name+" is ready", a.Ready)
	}
}

// grown waits until the log has n records more.
func grown(t *testing.T, conn *bus.Conn, n uint64) {
	t.Helper()
	var from uint64
	Eventually(t, time.Minute, "the log grows", func() error {
		state, err := conn.State(t.Context(), contract.StreamAudit)
		if err != nil {
			return err
		}
		if from == 0 {
			from = state.LastSeq + 1
		}
		if state.LastSeq < from+n {
			return fmt.Errorf("it is at %d, began at %d", state.LastSeq, from)
		}
		return nil
	})
}

// compare checks the log's chain, and that it and its sources say the same. What is missing yet is the error; what can
// never be right ends the test.
func compare(t *testing.T, conn *bus.Conn) error {
	t.Helper()
	recorded, prev := map[string]bool{}, strings.Repeat("0", 64)
	ids, kinds := map[string]bool{}, map[string]int{}
	for seq := uint64(1); ; {
		stored, err := conn.Range(t.Context(), contract.StreamAudit, seq, bus.MaxRange)
		if err != nil {
			return err
		}
		if len(stored) == 0 {
			break
		}
		for _, m := range stored {
			var r contract.AuditRecord
			if err := json.Unmarshal(m.Data, &r); err != nil {
				t.Fatal(err)
			}
			if r.Seq != seq || m.Seq != seq || r.Prev != prev || ids[r.ID] {
				t.Fatalf("record %d breaks the chain after %s: %s", seq, prev, m.Data)
			}
			sum := sha256.Sum256(append([]byte{0}, m.Data...))
			prev, ids[r.ID] = hex.EncodeToString(sum[:]), true
			recorded[fmt.Sprint(r.Source.Stream, " ", r.Source.Seq)] = true
			kinds[r.Event.Kind]++
			seq++
		}
	}
	messages := map[string]bool{}
	for stream, filters := range map[string][]string{
		contract.StreamJobs: nil, contract.StreamIntake: nil, ledger.Stream: {ledger.Subject(contract.TaskRecords)},
	} {
		stored, err := all(t, conn, stream, filters)
		if err != nil {
			return err
		}
		for _, m := range stored {
			messages[fmt.Sprint(stream, " ", m.Seq)] = true
		}
	}
	for message := range messages {
		if !recorded[message] {
			return fmt.Errorf("message %s of %d is not recorded", message, len(messages))
		}
	}
	for message := range recorded {
		if !messages[message] && !strings.HasPrefix(message, contract.StreamDLQ) {
			t.Errorf("there is a record of message %s, which is not there", message)
		}
	}
	if kinds[contract.AuditJobSubmitted] != 20 || kinds[contract.AuditRequestRefused] != 5 || kinds[contract.AuditLogGap] != 0 ||
		kinds[contract.AuditCommandClaimed] < 2*20*40 || kinds[contract.AuditTaskFinished] != 20*40 {
		t.Errorf("the log has %v", kinds)
	}
	return nil
}

// all reads what a stream holds on some subjects.
func all(t *testing.T, conn *bus.Conn, stream string, filters []string) (messages []bus.Stored, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	done := errors.New("read")
	err = conn.Follow(ctx, bus.FollowConfig{Stream: stream, Filters: filters, Idle: func() error { return done }}, func(m bus.Stored) error {
		messages = append(messages, m)
		return nil
	})
	if errors.Is(err, done) {
		err = nil
	}
	return messages, err
}
