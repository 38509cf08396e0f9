package writer

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
	"github.com/netrust/netrust/services/audit/internal/chain"
	"github.com/netrust/netrust/services/audit/internal/source"
)

// reader follows all sources.
type reader struct {
	conn  *bus.Conn
	items chan<- chain.Item

	mu     sync.Mutex
	passed uint64        // the last sequence of the ledger that was handed to the writer
	moved  chan struct{} // closed when passed moves
}

// follower follows one source.
type follower struct {
	*reader
	source source.Source
	from   contract.AuditSource // Seq is the last sequence that is recorded or lost
	gaps   []chain.Item         // what is known to be lost before the first message
}

// prepare finds out where to go on with a source.
func (r *reader) prepare(ctx context.Context, s source.Source, head *chain.Head) (*follower, error) {
	state, err := r.conn.State(ctx, s.Stream)
	if err != nil {
		return nil, err
	}
	f := &follower{reader: r, source: s, from: contract.AuditSource{Stream: s.Stream, CreatedMS: state.Created.UnixMilli()}}
	cursor, known := head.Cursors[f.from.Cursor()]
	f.from.Seq = cursor
	if !known {
		f.remade(head)
	}
	if state.FirstSeq > f.from.Seq+1 && (s.Whole || known && s.Stream != ledger.Stream) {
		f.lost(f.from.Seq+1, state.FirstSeq-1)
	}
	if state.LastSeq < f.from.Seq {
		return nil, fmt.Errorf("stream %s ends at %d, and the audit has recorded it up to %d: it was restored from an older state; restore the audit log with it",
			s.Stream, state.LastSeq, f.from.Seq)
	}
	if s.Stream == ledger.Stream {
		r.passed = f.from.Seq
	}
	return f, nil
}

// remade records that the stream is not the one that was followed before, if there was one.
func (f *follower) remade(head *chain.Head) {
	for cursor, seq := range head.Cursors {
		if !strings.HasPrefix(cursor, f.source.Stream+"-") {
			continue
		}
		delete(head.Cursors, cursor)
		f.gap(contract.AuditEvent{
			Reason: fmt.Sprintf("stream %s was made anew: what the one before held after message %d is not recorded", f.source.Stream, seq),
			Parameters: map[string]string{
				"stream": f.source.Stream, "first": strconv.FormatUint(seq+1, 10), "before": cursor,
			},
		})
	}
}

// lost records that messages are gone which nobody has recorded.
func (f *follower) lost(first, last uint64) {
	f.from.Seq = last
	f.gap(contract.AuditEvent{
		Reason: fmt.Sprintf("messages %d to %d of stream %s were gone before the audit had read them: it was not there for longer than they are kept", first, last, f.source.Stream),
		Parameters: map[string]string{
			"stream": f.source.Stream, "first": strconv.FormatUint(first, 10), "last": strconv.FormatUint(last, 10),
		},
	})
}

func (f *follower) gap(e contract.AuditEvent) {
	at := f.from
	at.StoredAt = time.Now().UTC() // there is no message: when its absence was found
	f.gaps = append(f.gaps, chain.Item{Source: at, Events: []contract.AuditEvent{asGap(e)}})
}

// asGap is the event of a gap that was found now.
func asGap(e contract.AuditEvent) contract.AuditEvent {
	e.Kind, e.Outcome, e.Actor.Service, e.At = contract.AuditLogGap, contract.AuditFailed, "audit", time.Now().UTC()
	return e
}

// run hands the source's messages to the writer until something fails.
func (f *follower) run(ctx context.Context) error {
	for _, item := range f.gaps {
		if err := f.give(ctx, item); err != nil {
			return err
		}
	}
	next := f.from.Seq + 1
	err := f.conn.Follow(ctx, bus.FollowConfig{Stream: f.source.Stream, Filters: f.source.Filters, FromSeq: next}, func(m bus.Stored) error {
		if f.source.Whole && m.Seq != next {
			if err := f.give(ctx, f.jump(next, m)); err != nil {
				return err
			}
		}
		next = m.Seq + 1
		return f.take(ctx, m)
	})
	if errors.Is(err, bus.ErrStreamReset) {
		return fmt.Errorf("following %s: %w", f.source.Stream, err)
	}
	return err
}

// jump is the gap between two messages of a stream that has none.
func (f *follower) jump(next uint64, m bus.Stored) chain.Item {
	at := f.from
	at.Seq, at.StoredAt = m.Seq-1, m.Time.UTC()
	return chain.Item{Source: at, Events: []contract.AuditEvent{asGap(contract.AuditEvent{
		Reason: fmt.Sprintf("messages %d to %d of stream %s are not there", next, m.Seq-1, f.source.Stream),
		Parameters: map[string]string{
			"stream": f.source.Stream, "first": strconv.FormatUint(next, 10), "last": strconv.FormatUint(m.Seq-1, 10),
		},
	})}}
}

// take hands over one message.
func (f *follower) take(ctx context.Context, m bus.Stored) error {
	item := chain.Item{Source: f.from, Events: f.source.Events(m)}
	item.Source.Seq, item.Source.StoredAt = m.Seq, m.Time.UTC()
	if f.source.Stream == contract.StreamJobs {
		if end, ok := source.Ended(m); ok {
			missing, err := f.ended(ctx, end)
			if err != nil {
				return err
			}
			if missing != nil {
				item.Events = append([]contract.AuditEvent{asGap(*missing)}, item.Events...)
			}
		}
	}
	if err := f.give(ctx, item); err != nil {
		return err
	}
	if f.source.Stream == ledger.Stream {
		f.pass(m.Seq)
	}
	return nil
}

func (f *follower) give(ctx context.Context, item chain.Item) error {
	select {
	case f.items <- item:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
