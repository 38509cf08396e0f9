package engine

import (
	"context"
	"errors"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/services/scheduler/internal/job"
)

const (
	// lookEvery is how often the task stream is looked at, besides when the connection is a new one.
	lookEvery = time.Second
	// sweepFrom is how many messages that are done with are worth a purge.
	sweepFrom = 256
)

// tasksOut is what the task stream holds: batches in their order, each until every task in it was claimed. The stream is in
// memory, and what a server that was started anew has lost is released again from here.
type tasksOut struct {
	batches  []batchOut
	newest   uint64 // the highest sequence so far
	swept    uint64 // all up to here was purged
	sweeping bool
	lost     chan struct{} // says that a publish found no stream
}

// batchOut is one batch in the stream; last is the sequence of its last message.
type batchOut struct {
	last  uint64
	tasks []taskOut
}

// taskOut is one message: the release of a task as it stood then, or the recovery of a claim.
type taskOut struct {
	ref      taskRef
	seq      uint64
	releases uint16
	claim    *claim
}

func releaseOf(r taskRef) taskOut {
	t := &r.job.Tasks[r.task]
	return taskOut{ref: r, seq: t.Seq, releases: t.Releases}
}

// waits reports whether the message has yet to be claimed. What became of a claim is the ledger's and [Engine.recoverLater]'s.
func (e *Engine) waits(o *taskOut) bool {
	if o.claim != nil {
		return e.claims[o.claim.key] == o.claim
	}
	if o.ref.task >= len(o.ref.job.Tasks) {
		return false
	}
	t := &o.ref.job.Tasks[o.ref.task]
	return t.Phase == job.Released && t.Seq == o.seq && t.Releases == o.releases
}

// published notes a batch that the stream holds. A sequence that does not go on where the lane was shows that the stream
// was made anew.
func (e *Engine) published(l *lane, last uint64, tasks []taskOut) {
	if last <= l.last.seq {
		e.tasksLost("its sequence does not go on")
	}
	l.last.seq = last
	out := &e.release.stream
	i := len(out.batches)
	for i > 0 && out.batches[i-1].last > last {
		i--
	}
	out.batches = append(out.batches, batchOut{})
	copy(out.batches[i+1:], out.batches[i:])
	out.batches[i] = batchOut{last, tasks}
	out.newest = max(out.newest, last)
}

// tasksLost releases again, at once, what is out and was not claimed: the stream that held it is gone.
func (e *Engine) tasksLost(why string) {
	var refs []taskRef
	for _, a := range e.jobs {
		for i := range a.Tasks {
			if a.Tasks[i].Phase == job.Released {
				refs = append(refs, taskRef{a, i})
			}
		}
	}
	recoveries := 0
	for _, c := range e.claims {
		if c.released && !e.fleet.alive(c.record.Holder) {
			e.release.recoveries = append(e.release.recoveries, c)
			recoveries++
		}
	}
	e.log.Warn().Str("reason", why).Int("tasks", len(refs)).Int("recoveries", recoveries).
		Msg("NATS has lost the task stream; what was out is released again")
	e.takeBack(refs, func(q *queue, i int) { q.pushFront(i) }) // they were there first
	out := &e.release.stream
	out.batches, out.newest, out.swept = nil, 0, 0
	for _, l := range e.release.lanes {
		l.last.seq, l.since = 0, 0
	}
}

// sweepTasks purges the messages up to the first one that waits: acknowledged ones stay in the stream, and a large job would
// fill the server's memory.
func (e *Engine) sweepTasks(ctx context.Context) {
	out := &e.release.stream
	if out.sweeping {
		return
	}
	// A batch on its way lies behind what its lane knew when it was handed over.
	limit := out.newest
	for _, l := range e.release.lanes {
		if l.inFlight {
			limit = min(limit, l.since)
		}
	}
	upTo := uint64(0)
	n := 0
	for ; n < len(out.batches) && out.batches[n].last <= limit; n++ {
		b := &out.batches[n]
		for len(b.tasks) > 0 && !e.waits(&b.tasks[0]) {
			b.tasks = b.tasks[1:]
		}
		if len(b.tasks) > 0 {
			break
		}
		upTo = b.last
	}
	if upTo < out.swept+sweepFrom {
		return
	}
	out.batches, out.swept, out.sweeping = append([]batchOut(nil), out.batches[n:]...), upTo, true
	e.effects.Go(func() {
		err := e.conn.PurgeBelow(ctx, contract.StreamTasks, upTo+1)
		_ = e.post(ctx, func() { // refused only when the term ends
			out.sweeping = false
			if err != nil {
				e.log.Debug().Err(err).Msg("purging claimed tasks failed; the next purge takes them too")
			}
		})
	})
}

// watchTasks looks whether the task stream is still the one that tasks were released to, and makes it where it is missing,
// until ctx ends.
func (e *Engine) watchTasks(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var known bus.StreamState
	for {
		renewed := e.conn.Renewed()
		now, err := e.lookAtTasks(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			e.log.Debug().Err(err).Msg("looking at the task stream failed; trying again")
		default:
			if !known.Created.IsZero() && (!now.Created.Equal(known.Created) || now.LastSeq < known.LastSeq) {
				if err := e.inLoop(ctx, func() { e.tasksLost("the stream was made anew") }); err != nil {
					return err
				}
			}
			known = now
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-renewed:
		case <-e.release.stream.lost:
		case <-tick.C:
		}
	}
}

// lookAtTasks returns where the task stream stands; one that is missing is made first.
func (e *Engine) lookAtTasks(ctx context.Context) (bus.StreamState, error) {
	now, err := e.conn.State(ctx, contract.StreamTasks)
	if !errors.Is(err, bus.ErrNotFound) {
		return now, err
	}
	if err := e.conn.EnsureInMemory(ctx); err != nil {
		return now, err
	}
	return e.conn.State(ctx, contract.StreamTasks)
}

// missed tells the watcher that a publish found no stream.
func (e *Engine) missed(err error) {
	if errors.Is(err, bus.ErrNoStream) {
		select {
		case e.release.stream.lost <- struct{}{}:
		default:
		}
	}
}
