package writer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
)

// pass notes how far the ledger is handed over.
func (r *reader) pass(seq uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.passed = seq
	close(r.moved)
	r.moved = make(chan struct{})
}

// askAgain is after how long it is asked again what is awaited: it may have been purged meanwhile, and then never comes.
const askAgain = 5 * time.Second

// await reports whether the ledger is handed over up to a sequence, within a while.
func (r *reader) await(ctx context.Context, seq uint64) (reached bool, err error) {
	over := time.NewTimer(askAgain)
	defer over.Stop()
	for {
		r.mu.Lock()
		passed, moved := r.passed, r.moved
		r.mu.Unlock()
		if passed >= seq {
			return true, nil
		}
		select {
		case <-moved:
		case <-over.C:
			return false, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// ended lets the records of a job's devices go before the record of its end, and finds out whether some are gone: the
// ledger keeps them for a while after the end, and its sequences have gaps of their own, so a loss shows only in what the
// end counts.
func (r *reader) ended(ctx context.Context, end contract.JobEvent) (missing *contract.AuditEvent, err error) {
	for {
		last, err := r.conn.LastFor(ctx, ledger.Stream, ledger.Subject(contract.JobTaskRecords(end.JobID)))
		if errors.Is(err, bus.ErrNotFound) {
			break
		}
		if err != nil {
			return nil, err
		}
		if reached, err := r.await(ctx, last.Seq); reached || err != nil {
			return nil, err
		}
	}
	worked := touched(end.Counts)
	if worked == 0 {
		return nil, nil
	}
	recorded, err := r.recorded(ctx, end.JobID, worked)
	if err != nil || recorded >= worked {
		return nil, err
	}
	return &contract.AuditEvent{
		JobID: end.JobID, Count: worked - recorded,
		Reason: fmt.Sprintf("the ledger's records of %d of the job's tasks were purged before the audit had read them", worked-recorded),
		Parameters: map[string]string{
			"stream": ledger.Stream, "tasks": strconv.Itoa(worked), "recorded": strconv.Itoa(recorded),
		},
	}, nil
}

// touched is of how many tasks the ledger must have had a record.
func touched(c *contract.Counts) int {
	if c == nil {
		return 0
	}
	return c.Succeeded + c.Uncertain + max(0, c.Failed-c.NotReached)
}

// recorded counts the finished tasks of a job in the log, from its end back to the job's submission, up to most.
func (r *reader) recorded(ctx context.Context, job string, most int) (n int, err error) {
	state, err := r.conn.State(ctx, contract.StreamAudit)
	if err != nil {
		return 0, err
	}
	for to := state.LastSeq; to > 0 && n < most; {
		from := uint64(1)
		if to > bus.MaxRange {
			from = to - bus.MaxRange + 1
		}
		stored, err := r.conn.Range(ctx, contract.StreamAudit, from, int(to-from+1))
		if err != nil {
			return 0, err
		}
		begun := false
		for _, m := range stored {
			var a contract.AuditRecord
			if m.Seq > to || json.Unmarshal(m.Data, &a) != nil || a.Event.JobID != job {
				continue
			}
			if a.Event.Kind == contract.AuditTaskFinished {
				n++
			}
			begun = begun || a.Event.Kind == contract.AuditJobSubmitted
		}
		if begun {
			break
		}
		to = from - 1
	}
	return n, nil
}
