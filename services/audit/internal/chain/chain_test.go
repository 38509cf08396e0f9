package chain_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/audit"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/services/audit/internal/chain"
)

var at = time.Date(2025, 6, 2, 8, 15, 0, 0, time.UTC)

// item is a message with n events.
func item(stream string, seq uint64, n int) chain.Item {
	i := chain.Item{Source: contract.AuditSource{Stream: stream, CreatedMS: 5, Seq: seq, StoredAt: at}}
	for range n {
		i.Events = append(i.Events, contract.AuditEvent{Kind: "job.submitted", At: at, Actor: contract.AuditActor{Service: "gateway"}, Outcome: contract.AuditRequested})
	}
	return i
}

// all extends until nothing is left.
func all(t *testing.T, h chain.Head, items []chain.Item) (records []chain.Record, next chain.Head, batches int) {
	t.Helper()
	for len(items) > 0 {
		some, n, taken, err := h.Extend(items)
		if err != nil || taken == 0 {
			t.Fatalf("%d of %d items, %v", taken, len(items), err)
		}
		if len(some) > chain.MaxRecords {
			t.Errorf("a batch of %d", len(some))
		}
		records, h, items, batches = append(records, some...), n, items[taken:], batches+1
	}
	return records, h, batches
}

func TestRecordsAreAChainThatAnyBatchesGive(t *testing.T) {
	t.Parallel()
	var items []chain.Item
	for i := range 400 {
		items = append(items, item([]string{"JOBS", "KV_exec"}[i%2], uint64(i/2+1), i%4))
	}
	records, head, batches := all(t, chain.Empty(), items)
	if len(records) != 600 || head.Seq != 600 || batches < 2 {
		t.Fatalf("%d records, head %d, %d batches", len(records), head.Seq, batches)
	}
	prev := audit.FirstPrev
	for i, r := range records {
		var got contract.AuditRecord
		if err := json.Unmarshal(r.Data, &got); err != nil {
			t.Fatal(err)
		}
		if got.Seq != uint64(i+1) || got.Prev != prev || got.ID != r.ID || got.ID != got.Source.ID() || r.Subject != "audit.job.submitted" {
			t.Fatalf("record %d is %s", i+1, r.Data)
		}
		prev = audit.Hash(r.Data)
	}
	if head.Hash != prev || head.Cursors["JOBS-5"] != 200 || head.Cursors["KV_exec-5"] != 200 {
		t.Errorf("the head is %+v", head)
	}
	// One by one gives the same bytes.
	h := chain.Empty()
	var alone []chain.Record
	for _, i := range items {
		some, next, _, err := h.Extend([]chain.Item{i})
		if err != nil {
			t.Fatal(err)
		}
		alone, h = append(alone, some...), next
	}
	for i := range records {
		if string(records[i].Data) != string(alone[i].Data) {
			t.Fatalf("record %d is\n%s, alone\n%s", i+1, records[i].Data, alone[i].Data)
		}
	}
}

func TestWhatIsRecordedIsNotRecordedAgain(t *testing.T) {
	t.Parallel()
	records, head, _ := all(t, chain.Empty(), []chain.Item{item("JOBS", 1, 1), item("JOBS", 2, 3)})
	again, err := chain.Open(head.Seq, records[3].Data)
	if err != nil || again.Hash != head.Hash || again.Cursors["JOBS-5"] != 2 {
		t.Fatalf("%+v, %v", again, err)
	}
	more, next, _ := all(t, again, []chain.Item{item("JOBS", 1, 1), item("JOBS", 2, 3), item("JOBS", 3, 1), item("JOBS", 3, 1)})
	if len(more) != 1 || next.Seq != 5 {
		t.Errorf("%d more records, head %d", len(more), next.Seq)
	}
	// The head that was extended is as it was.
	if again.Seq != 4 || again.Cursors["JOBS-5"] != 2 {
		t.Errorf("the head is %+v", again)
	}
}

func TestTheRecordsOfOneMessageStayTogether(t *testing.T) {
	t.Parallel()
	items := []chain.Item{item("JOBS", 1, chain.MaxRecords-10), item("JOBS", 2, 20), item("JOBS", 3, chain.MaxRecords+50)}
	h := chain.Empty()
	for _, want := range []int{chain.MaxRecords - 10, 20, chain.MaxRecords + 50} {
		records, next, taken, err := h.Extend(items)
		if err != nil || taken != 1 || len(records) != want {
			t.Fatalf("%d records of %d items, %v; want %d", len(records), taken, err, want)
		}
		h, items = next, items[1:]
	}
	big := item("JOBS", 4, 20)
	for i := range big.Events {
		big.Events[i].Reason = strings.Repeat("x", chain.MaxBytes/10)
	}
	if records, _, taken, err := h.Extend([]chain.Item{big, item("JOBS", 5, 1)}); err != nil || taken != 1 || len(records) != 20 {
		t.Errorf("%d records of %d items, %v", len(records), taken, err)
	}
}

func TestALastRecordThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	for _, payload := range []string{"", "null", "[]", `{"seq":4}`, `{"seq":"5"}`} {
		if h, err := chain.Open(5, []byte(payload)); err == nil {
			t.Errorf("%q is the head %+v", payload, h)
		}
	}
	if h, err := chain.Open(5, fmt.Appendf(nil, `{"seq":5}`)); err != nil || h.Seq != 5 || h.Cursors == nil {
		t.Errorf("%+v, %v", h, err)
	}
}
