package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
)

const (
	// maxGroup bounds the operations of one batch: with two writes and at most two carriers each it stays under the
	// server's 1,000 messages, and its keys under the 1,024 of one read.
	maxGroup = 200
	// busyGroup is the size from which a writer is busy: a few operations are not worth a wait.
	busyGroup = 16
	// maxGroupBytes bounds the payload of one batch.
	maxGroupBytes = 8 << 20
	// retryPause is the wait after NATS did not answer or refused for a reason of its own (a full disk).
	retryPause = 200 * time.Millisecond
)

// writer writes operations in groups: while one batch is being written, the next collects. A batch costs the same few
// syncs whatever its size.
type writer struct {
	conn   *bus.Conn
	holder *Holder
	log    zerolog.Logger
	queue  chan *operation
	// linger is how long a busy writer waits for company before it writes.
	linger time.Duration
	meters meters
}

func newWriter(conn *bus.Conn, h *Holder, linger time.Duration, m meters, log zerolog.Logger) *writer {
	return &writer{conn: conn, holder: h, meters: m, log: log, queue: make(chan *operation, 4*maxGroup), linger: linger}
}

// do hands an operation to the writer and waits for its verdict.
func (w *writer) do(ctx context.Context, o *operation) (verdict, error) {
	select {
	case w.queue <- o:
	case <-ctx.Done():
		return verdict{}, fmt.Errorf("writing task %s: %w", o.key.ID(), ctx.Err())
	}
	select {
	case v := <-o.done:
		return v, v.err
	case <-ctx.Done():
		// The operation may yet be written; whoever reads the ledger next will see.
		return verdict{}, fmt.Errorf("writing task %s: %w (%w)", o.key.ID(), bus.ErrUnknownOutcome, ctx.Err())
	}
}

// run writes until ctx ends and the queue is empty of what was handed in before.
func (w *writer) run(ctx context.Context) error {
	var next []*operation
	busy := false
	for {
		if len(next) == 0 {
			select {
			case o := <-w.queue:
				next = append(next, o)
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		next = w.collect(ctx, next, busy)
		group, rest := split(next)
		busy = len(group) >= busyGroup
		again := w.write(ctx, group)
		next = append(again, rest...)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// collect adds what waits; a busy writer waits a little for more, because a larger group costs no more.
func (w *writer) collect(ctx context.Context, next []*operation, busy bool) []*operation {
	var linger <-chan time.Time
	if busy && w.linger > 0 {
		timer := time.NewTimer(w.linger)
		defer timer.Stop()
		linger = timer.C
	}
	for len(next) < maxGroup {
		select {
		case o := <-w.queue:
			next = append(next, o)
			continue
		default:
		}
		if linger == nil {
			break
		}
		select {
		case o := <-w.queue:
			next = append(next, o)
			continue
		case <-linger:
		case <-ctx.Done():
		}
		break
	}
	return next
}

// split takes those operations that can stand in one batch: no key is written twice, and one job has one gate sequence.
func split(all []*operation) (group, rest []*operation) {
	written := map[string]bool{}
	gates := map[string]uint64{}
	proofs := map[string]uint64{}
	size := 0
	for _, o := range all {
		task, device := o.key.RecordKey(), o.key.DeviceKey()
		gate, seen := gates[o.key.Job]
		proof, proven := proofs[o.proof]
		if written[task] || written[device] || len(group) == maxGroup || size > maxGroupBytes ||
			o.claims && seen && gate != o.gateSeq || o.proof != "" && proven && proof != o.proofSeq {
			rest = append(rest, o)
			continue
		}
		written[task], written[device] = true, true
		if o.claims {
			gates[o.key.Job] = o.gateSeq
		}
		if o.proof != "" {
			proofs[o.proof] = o.proofSeq
		}
		size += len(o.data)
		group = append(group, o)
	}
	return group, rest
}

// write writes one group and tells each operation its verdict; it returns those to be written again.
func (w *writer) write(ctx context.Context, group []*operation) (again []*operation) {
	messages := w.carriers(group)
	carriers := len(messages)
	for _, o := range group {
		messages = append(messages, o.messages()...)
	}
	asked := time.Now()
	last, err := w.conn.PublishBatch(ctx, messages)
	w.meters.wrote(len(group), asked, err)
	switch {
	case err == nil:
		if carriers > 0 {
			w.holder.renewed(asked)
		}
		settle(group, last-uint64(len(messages))+1+uint64(carriers))
		return nil
	case errors.Is(err, bus.ErrConflict):
		return w.afterConflict(ctx, group)
	default:
		return w.afterFailure(ctx, group, err)
	}
}

// settle tells a written group its sequences; first is that of its first own message.
func settle(group []*operation, first uint64) {
	for _, o := range group {
		v := verdict{taskSeq: first, sessions: o.sessions}
		first++
		if !o.keepDevice {
			v.deviceSeq = first
			first++
		}
		o.done <- v
	}
}

// carriers are writes of the holder's liveness key, each with an expectation on another key: a gate that must be open, or
// the trace of a holder that is gone. One message takes one expectation.
func (w *writer) carriers(group []*operation) []bus.Message {
	var out []bus.Message
	seen := map[string]bool{}
	add := func(key string, seq uint64) {
		if !seen[key] {
			seen[key] = true
			m := w.holder.liveness()
			m.Expect, m.ExpectOn = bus.Seq(seq), Subject(key)
			out = append(out, m)
		}
	}
	for _, o := range group {
		if o.claims {
			add(contract.GateKey(o.key.Job), o.gateSeq)
		}
		if o.proof != "" {
			add(o.proof, o.proofSeq)
		}
	}
	return out
}

// afterConflict reads all keys of the group at once and judges each operation. When what was read shows no culprit, the
// group is halved: an expectation may have met a write that was in flight.
func (w *writer) afterConflict(ctx context.Context, group []*operation) (again []*operation) {
	keys := map[string]bool{}
	for _, o := range group {
		o.keys(keys)
	}
	now, err := read(ctx, w.conn, keys)
	if err != nil {
		return w.afterFailure(ctx, group, err)
	}
	changed := false
	for _, o := range group {
		before := [...]uint64{o.taskSeq, o.deviceSeq, o.gateSeq, o.proofSeq}
		if v := o.judge(now); v != nil {
			changed = true
			o.done <- *v
			continue
		}
		changed = changed || before != [...]uint64{o.taskSeq, o.deviceSeq, o.gateSeq, o.proofSeq}
		again = append(again, o)
	}
	if changed || len(again) < 2 {
		if !changed {
			pause(ctx, retryPause/10)
		}
		return again
	}
	half := len(again) / 2
	return append(w.write(ctx, again[:half]), w.write(ctx, again[half:])...)
}

// afterFailure waits and lets the group be written again: under the same expectations a batch that stands after all
// is recognised by its attempt ids. An operation whose caller has given up is dropped by ctx alone.
func (w *writer) afterFailure(ctx context.Context, group []*operation, err error) []*operation {
	if ctx.Err() == nil {
		w.log.Warn().Err(err).Int("operations", len(group)).Msg("writing the ledger failed; trying again")
		pause(ctx, retryPause)
	}
	return group
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
