// Package chain verifies an audit log.
//
// It is written from docs/audit-format.md alone, and shares no code with what writes the log, so that a fault in one is not
// a fault in both. Memory is constant, whatever the length of the log.
package chain

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// MaxRecord is the length of the longest record.
const MaxRecord = 1 << 20

// Head is the last record of a log.
type Head struct {
	Seq  uint64 `json:"seq"`
	Hash string `json:"hash"`
}

// Start is the head of a log without records.
func Start() Head { return Head{Hash: strings.Repeat("0", 2*sha256.Size)} }

// String is the head as it is written down.
func (h Head) String() string { return strconv.FormatUint(h.Seq, 10) + ":" + h.Hash }

// ParseHead reads a head that was written down: <seq>:<hash>.
func ParseHead(text string) (Head, error) {
	number, hash, ok := strings.Cut(strings.TrimSpace(text), ":")
	seq, err := strconv.ParseUint(number, 10, 63)
	if raw, bad := hex.DecodeString(hash); !ok || err != nil || bad != nil || len(raw) != sha256.Size || hash != strings.ToLower(hash) {
		return Head{}, fmt.Errorf("%.90q is not a head of a log: write it like 1234:<64 hexadecimal digits>, as audit verify prints it", text)
	}
	return Head{Seq: seq, Hash: hash}, nil
}

// BrokenError says where a log is broken, and by what.
type BrokenError struct {
	// Record is the number that the record at fault should have.
	Record uint64
	Why    string
}

// Error implements error.
func (e *BrokenError) Error() string {
	return fmt.Sprintf("the log is broken at record %d: %s", e.Record, e.Why)
}

// Verifier checks the records of one log, in order. Not safe for concurrent use.
type Verifier struct {
	last   Head
	known  map[uint64]string // heads that are still to come
	newest map[sourceName]place
	count  uint64
}

type sourceName struct {
	stream    string
	createdMS int64
}

// place is a record's place among those of its source.
type place struct {
	seq  uint64
	part int
}

// New makes a verifier of a log that goes on after a head ([Start] for a whole log). The log must contain every known head
// that is not before that one; one that is before it is an error: nothing here could show that it is true.
func New(after Head, known ...Head) (*Verifier, error) {
	v := &Verifier{last: after, known: map[uint64]string{}, newest: map[sourceName]place{}}
	for _, h := range known {
		if h.Seq < after.Seq || h.Seq == 0 && h != Start() {
			return nil, fmt.Errorf("head %s lies before %d, where the verification begins: verify from an earlier one, or the whole log", h, after.Seq)
		}
		if other, twice := v.known[h.Seq]; twice && other != h.Hash {
			return nil, fmt.Errorf("two heads name record %d with different hashes: no log contains both", h.Seq)
		}
		v.known[h.Seq] = h.Hash
	}
	if err := v.meet(); err != nil {
		return nil, err
	}
	return v, nil
}

// meet compares the last record with what is known of it.
func (v *Verifier) meet() error {
	hash, ok := v.known[v.last.Seq]
	if ok && hash != v.last.Hash {
		return &BrokenError{v.last.Seq, fmt.Sprintf("its hash is %s, and the known head says %s: the log was written anew from here or before", v.last.Hash, hash)}
	}
	delete(v.known, v.last.Seq)
	return nil
}

// record is what a verifier reads of a record.
type record struct {
	Seq    *uint64 `json:"seq"`
	Prev   string  `json:"prev"`
	ID     string  `json:"id"`
	Source *struct {
		Stream    string `json:"stream"`
		CreatedMS int64  `json:"created_ms"`
		Seq       uint64 `json:"seq"`
		Part      int    `json:"part"`
	} `json:"source"`
}

// Record checks the next record, given byte by byte. After an error the verifier is of no more use. Errors are [BrokenError].
func (v *Verifier) Record(line []byte) error {
	expected := v.last.Seq + 1
	broken := func(format string, args ...any) error { return &BrokenError{expected, fmt.Sprintf(format, args...)} }
	var r record
	switch {
	case len(line) > MaxRecord:
		return broken("it is longer than a record can be (%d bytes)", len(line))
	case bytes.ContainsAny(line, "\r\n"):
		return broken("it has a line break, which no record has")
	case !json.Valid(line):
		return broken("it is no JSON")
	}
	if err := json.Unmarshal(line, &r); err != nil || r.Seq == nil || r.Source == nil || r.Source.Stream == "" || r.ID == "" {
		return broken("it is no record: %s", missing(err))
	}
	switch {
	case *r.Seq > expected:
		return broken("record %d stands in its place: records %d to %d are not there", *r.Seq, expected, *r.Seq-1)
	case *r.Seq < expected:
		return broken("record %d stands in its place: it is there twice, or out of order", *r.Seq)
	case r.Prev != v.last.Hash && v.count == 0 && v.last.Seq > 0:
		return broken("it does not follow the head %s: it names %.64s as the hash before", v.last, r.Prev)
	case r.Prev != v.last.Hash:
		return broken("it names %.64s as the hash of record %d, which is %s: one of the two was changed", r.Prev, v.last.Seq, v.last.Hash)
	}
	if id := fmt.Sprintf("%s-%d-%d-%d", r.Source.Stream, r.Source.CreatedMS, r.Source.Seq, r.Source.Part); r.ID != id {
		return broken("its id is %.128q, and its source says %q", r.ID, id)
	}
	source, at := sourceName{r.Source.Stream, r.Source.CreatedMS}, place{r.Source.Seq, r.Source.Part}
	if before, seen := v.newest[source]; seen && (at.seq < before.seq || at.seq == before.seq && at.part <= before.part) {
		return broken("what it says (%s) was recorded before", r.ID)
	}
	v.newest[source] = at
	h := sha256.New()
	h.Write([]byte{0})
	h.Write(line)
	v.last = Head{Seq: expected, Hash: hex.EncodeToString(h.Sum(nil))}
	v.count++
	return v.meet()
}

func missing(err error) string {
	if err != nil {
		return err.Error()
	}
	return "seq, id or source is missing"
}

// End says that there are no more records, and returns the log's head. It is an error when a known head has not come.
func (v *Verifier) End() (Head, error) {
	if len(v.known) > 0 {
		first := slices.Min(slices.Collect(maps.Keys(v.known)))
		return v.last, &BrokenError{v.last.Seq + 1, fmt.Sprintf("the log ends at %d, and the known head is record %d: its end was cut off", v.last.Seq, first)}
	}
	return v.last, nil
}

// Count is how many records were checked.
func (v *Verifier) Count() uint64 { return v.count }
