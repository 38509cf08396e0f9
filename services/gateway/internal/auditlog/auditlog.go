// Package auditlog reads the audit log for the API, straight from its stream: no copy, which somebody would have to keep.
//
// Every read is bounded: by the records that it returns, and by those that it looks at for a filter.
package auditlog

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/netrust/netrust/libs/audit"
	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

const (
	// maxScan is how many records one page looks at.
	maxScan = 20_000
	// chunk is how many are read at once.
	chunk = 500
	// lookEvery is how often a waiting reader asks for the log's end.
	lookEvery = 250 * time.Millisecond
)

// stream is what a log needs of the bus.
type stream interface {
	State(ctx context.Context, stream string) (bus.StreamState, error)
	Range(ctx context.Context, stream string, from uint64, n int) ([]bus.Stored, error)
}

// Log reads the log. Safe for concurrent use.
type Log struct{ conn stream }

// New makes a reader of the log.
func New(conn stream) *Log { return &Log{conn} }

// Filter chooses records. What is empty chooses all.
type Filter struct{ Job, Device, Principal, Kind string }

func (f *Filter) wants(r *api.AuditRecord) bool {
	e := &r.Event
	return (f.Job == "" || e.JobID == f.Job) && (f.Device == "" || e.DeviceID == f.Device) &&
		(f.Principal == "" || e.Actor.Principal == f.Principal) && (f.Kind == "" || e.Kind == f.Kind)
}

// Head is the log's last record: 0 and zeros where there is none.
func (l *Log) Head(ctx context.Context) (api.AuditHead, error) {
	state, err := l.conn.State(ctx, contract.StreamAudit)
	if err != nil || state.LastSeq == 0 {
		return api.AuditHead{Hash: audit.FirstPrev}, err
	}
	last, err := l.conn.Range(ctx, contract.StreamAudit, state.LastSeq, 1)
	if err == nil && len(last) == 0 {
		err = fmt.Errorf("record %d of the audit log is not there", state.LastSeq)
	}
	if err != nil {
		return api.AuditHead{}, err
	}
	return api.AuditHead{Seq: last[0].Seq, Hash: audit.Hash(last[0].Data)}, nil
}

// After returns the first records after a sequence, at most limit. Next is where the next page begins, also where a filter
// left none: then the page may be empty though the log goes on.
func (l *Log) After(ctx context.Context, after uint64, limit int, f Filter) (api.AuditList, error) {
	head, err := l.Head(ctx)
	if err != nil {
		return api.AuditList{}, err
	}
	list := api.AuditList{Records: []api.AuditRecord{}, Head: head, Next: after}
	for scanned := 0; list.Next < head.Seq && len(list.Records) < limit && scanned < maxScan; {
		stored, err := l.conn.Range(ctx, contract.StreamAudit, list.Next+1, chunk)
		if err != nil {
			return api.AuditList{}, err
		}
		if len(stored) == 0 {
			return api.AuditList{}, fmt.Errorf("record %d of the audit log is not there", list.Next+1)
		}
		for _, m := range stored {
			if len(list.Records) == limit {
				break
			}
			r, err := read(m)
			if err != nil {
				return api.AuditList{}, err
			}
			list.Next = m.Seq
			if f.wants(&r) {
				list.Records = append(list.Records, r)
			}
		}
		scanned += len(stored)
	}
	return list, nil
}

// Last returns the last records that the filter chooses, at most limit, in the log's order. It looks back over a bounded
// part of the log.
func (l *Log) Last(ctx context.Context, limit int, f Filter) (api.AuditList, error) {
	head, err := l.Head(ctx)
	if err != nil {
		return api.AuditList{}, err
	}
	list := api.AuditList{Head: head, Next: head.Seq}
	var found []api.AuditRecord // newest first
	for to, scanned := head.Seq, 0; to > 0 && len(found) < limit && scanned < maxScan; {
		from := uint64(1)
		if to > chunk {
			from = to - chunk + 1
		}
		part, err := l.between(ctx, from, to)
		if err != nil {
			return api.AuditList{}, err
		}
		for i := len(part) - 1; i >= 0 && len(found) < limit; i-- {
			if f.wants(&part[i]) {
				found = append(found, part[i])
			}
		}
		scanned += len(part)
		to = from - 1
	}
	list.Records = make([]api.AuditRecord, 0, len(found))
	for i := len(found) - 1; i >= 0; i-- {
		list.Records = append(list.Records, found[i])
	}
	return list, nil
}

// between reads all records of a range: large ones come in several answers.
func (l *Log) between(ctx context.Context, from, to uint64) ([]api.AuditRecord, error) {
	var part []api.AuditRecord
	for from <= to {
		stored, err := l.conn.Range(ctx, contract.StreamAudit, from, int(to-from+1))
		if err != nil {
			return nil, err
		}
		if len(stored) == 0 {
			return nil, fmt.Errorf("record %d of the audit log is not there", from)
		}
		for _, m := range stored {
			r, err := read(m)
			if err != nil {
				return nil, err
			}
			part = append(part, r)
		}
		from = stored[len(stored)-1].Seq + 1
	}
	return part, nil
}

func read(m bus.Stored) (api.AuditRecord, error) {
	r := api.AuditRecord{Hash: audit.Hash(m.Data)}
	if err := json.Unmarshal(m.Data, &r.AuditRecord); err != nil {
		return r, fmt.Errorf("record %d of the audit log cannot be read: %w", m.Seq, err)
	}
	return r, nil
}

// Await returns when the log has a record after a sequence, or when ctx ends.
func (l *Log) Await(ctx context.Context, after uint64) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if state, err := l.conn.State(ctx, contract.StreamAudit); err != nil || state.LastSeq > after {
			return // the read that follows says what is wrong
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Lines gives the records after a sequence up to another one, as they are stored.
func (l *Log) Lines(ctx context.Context, after, to uint64, line func([]byte) error) error {
	for after < to {
		stored, err := l.conn.Range(ctx, contract.StreamAudit, after+1, chunk)
		if err != nil {
			return err
		}
		if len(stored) == 0 {
			return fmt.Errorf("record %d of the audit log is not there", after+1)
		}
		for _, m := range stored {
			if m.Seq > to {
				return nil
			}
			if err := line(m.Data); err != nil {
				return err
			}
			after = m.Seq
		}
	}
	return nil
}
