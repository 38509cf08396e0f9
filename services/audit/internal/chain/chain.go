// Package chain makes the records of the log: each names the hash of the one before, and how far every source is recorded.
//
// It is pure. The same head and the same items give the same records, so that two writers that start from the same head
// write the same, and the one that comes second is refused by the stream.
package chain

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/netrust/netrust/libs/audit"
	"github.com/netrust/netrust/libs/contract"
)

// Head is where a log stands: its last record, and up to where each source is recorded.
type Head struct {
	Seq  uint64
	Hash string
	// Cursors are by [contract.AuditSource.Cursor].
	Cursors map[string]uint64
}

// Empty is the head of a log without records.
func Empty() Head { return Head{Hash: audit.FirstPrev, Cursors: map[string]uint64{}} }

// Open reads the head from the last record, as it is stored at seq.
func Open(seq uint64, payload []byte) (Head, error) {
	var r contract.AuditRecord
	if err := json.Unmarshal(payload, &r); err != nil {
		return Head{}, fmt.Errorf("reading audit record %d: %w", seq, err)
	}
	if r.Seq != seq {
		return Head{}, fmt.Errorf("audit record %d says that it is %d: the log was tampered with, or another stream was put in its place", seq, r.Seq)
	}
	if r.Cursors == nil {
		r.Cursors = map[string]uint64{}
	}
	return Head{Seq: seq, Hash: audit.Hash(payload), Cursors: r.Cursors}, nil
}

// Item is one message of a source with the events that it gives, maybe none.
type Item struct {
	Source contract.AuditSource // Part is not set
	Events []contract.AuditEvent
}

// Record is one record as it is to be stored.
type Record struct {
	Subject, ID string
	Data        []byte
}

// Bounds of what is written together.
const (
	MaxRecords = 500
	MaxBytes   = 8 << 20
)

// Extend makes the records of as many items as go together, and says how many items that are. Items whose sources are
// recorded already give nothing. The records of one item are never divided: either all of a message is recorded, or none.
func (h Head) Extend(items []Item) (records []Record, next Head, taken int, err error) {
	next = Head{Seq: h.Seq, Hash: h.Hash, Cursors: maps.Clone(h.Cursors)}
	size := 0
	for taken < len(items) {
		item := &items[taken]
		if len(records) > 0 && (len(records)+len(item.Events) > MaxRecords || size > MaxBytes) {
			break
		}
		taken++
		cursor := item.Source.Cursor()
		if at, known := next.Cursors[cursor]; known && item.Source.Seq <= at {
			continue
		}
		next.Cursors[cursor] = item.Source.Seq
		for part := range item.Events {
			r, err := next.record(item, part)
			if err != nil {
				return nil, h, 0, err
			}
			next.Seq, next.Hash = next.Seq+1, audit.Hash(r.Data)
			records = append(records, r)
			size += len(r.Data)
		}
	}
	return records, next, taken, nil
}

func (h *Head) record(item *Item, part int) (Record, error) {
	source := item.Source
	source.Part = part
	r := contract.AuditRecord{
		Seq: h.Seq + 1, Prev: h.Hash, ID: source.ID(), Event: item.Events[part], Source: source, Cursors: h.Cursors,
	}
	data, err := json.Marshal(r)
	if err != nil {
		return Record{}, fmt.Errorf("encoding audit record %d (%s): %w", r.Seq, r.ID, err)
	}
	return Record{Subject: contract.AuditSubject(r.Event.Kind), ID: r.ID, Data: data}, nil
}
