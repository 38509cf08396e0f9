package bus_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/bus/bustest"
	"github.com/netrust/netrust/libs/contract"
)

func letterAt(t testing.TB, conn *bus.Conn, subject string) (letter contract.DeadLetter, seq uint64) {
	t.Helper()
	stored, err := conn.LastFor(t.Context(), contract.StreamDLQ, subject)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(stored.Data, &letter); err != nil {
		t.Fatal(err)
	}
	return letter, stored.Seq
}

func TestAStoredMessageThatCannotBeReadIsOneDeadLetterWhoeverSetsItAside(t *testing.T) {
	t.Parallel()
	_, conn := bustest.Server(t)
	subject := contract.JobCommandSubject("j1")
	seq, err := conn.Publish(t.Context(), bus.Message{Subject: subject, Data: []byte("no json"), Type: contract.TypeJobSubmit, ID: "j1"})
	if err != nil {
		t.Fatal(err)
	}
	stored, err := conn.LastFor(t.Context(), contract.StreamJobs, subject)
	if err != nil {
		t.Fatal(err)
	}
	at := contract.MessageLetterSubject("j1", contract.StreamJobs, "1")
	var first uint64
	for i, reason := range []string{"first", "second", "third"} {
		if err := conn.SetAside(t.Context(), contract.StreamJobs, "j1", stored, reason); err != nil {
			t.Fatal(err)
		}
		letter, now := letterAt(t, conn, at)
		if i == 0 {
			first = now
		}
		if now != first || letter.Reason != "first" || letter.Subject != subject || letter.Stream != contract.StreamJobs || letter.Seq != seq ||
			string(letter.Payload) != "no json" || letter.PayloadSHA256 != contract.Digest([]byte("no json")) || letter.PayloadBytes != 7 || letter.PayloadTruncated {
			t.Errorf("set aside %d times, it is at %d: %+v", i+1, now, letter)
		}
	}
}

func TestADeadLetterKeepsNoUnknownHeadersAndTheBeginningOfALargeMessage(t *testing.T) {
	t.Parallel()
	_, conn := bustest.Server(t)
	large := bytes.Repeat([]byte("x"), 900<<10)
	subject := contract.JobCommandSubject("j2")
	_, err := conn.Publish(t.Context(), bus.Message{
		Subject: subject, Data: large, Type: "netrust.unheard.of.v9", ID: "j2",
		Header: map[string]string{"Authorization": "Bearer nrt_secret", contract.HeaderTraceparent: "00-" + strings.Repeat("a", 32) + "-" + strings.Repeat("b", 16) + "-01"},
	})
	if err != nil {
		t.Fatal(err)
	}
	stored, err := conn.LastFor(t.Context(), contract.StreamJobs, subject)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetAside(t.Context(), contract.StreamJobs, "", stored, "unknown message type"); err != nil {
		t.Fatal(err)
	}
	letter, _ := letterAt(t, conn, contract.MessageLetterSubject(contract.NoJob, contract.StreamJobs, "1"))
	if len(letter.Payload) != contract.MaxInline || !letter.PayloadTruncated || letter.PayloadBytes != int64(len(large)) || letter.PayloadSHA256 != contract.Digest(large) {
		t.Errorf("it keeps %d bytes, truncated %v, of %d", len(letter.Payload), letter.PayloadTruncated, letter.PayloadBytes)
	}
	if _, leaked := letter.Headers["Authorization"]; leaked || len(letter.Headers[contract.HeaderType]) != 1 || len(letter.Headers[contract.HeaderTraceparent]) != 1 {
		t.Errorf("its headers are %v", letter.Headers)
	}
}
