package feed

import (
	"context"
	"time"

	"github.com/netrust/netrust/services/gateway/internal/view"
)

// Bounds of a batch. A transaction costs more than its rows: a record waits batchAge for company, and while many come
// (busyBatch in the last one) busyAge, so that a large job costs few transactions and a small one is not delayed. What a
// job's course waits for is soon: it never waits longer than batchAge.
const (
	batchLength = 500
	batchBytes  = 4 << 20
	batchAge    = 5 * time.Millisecond
	busyAge     = 100 * time.Millisecond
	busyBatch   = 8
	queueLength = 64
	// queueBytes bounds what waits for the writer; it holds more than a batch and the largest message.
	queueBytes = 4 * batchBytes
)

// item is one change on its way to the writer.
type item struct {
	change view.Change
	bytes  int
	// soon says that somebody waits for it.
	soon bool
	// done, when set, is called after everything before it is committed.
	done func()
}

// push hands an item to the writer, and waits while too much is on its way.
func (f *Feed) push(ctx context.Context, it item) error {
	it.bytes = min(it.bytes, batchBytes)
	if err := f.room.Acquire(ctx, int64(it.bytes)); err != nil {
		return err
	}
	select {
	case f.items <- it:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// writeAll commits what is pushed until ctx ends.
func (f *Feed) writeAll(ctx context.Context) error {
	for busy := false; ; {
		batch, err := f.collect(ctx, busy)
		if err != nil {
			return err
		}
		busy = len(batch.changes) >= busyBatch
		if err := f.commit(ctx, batch.changes); err != nil {
			return err
		}
		f.room.Release(int64(batch.bytes))
		for _, d := range batch.done {
			d()
		}
	}
}

// collected is what one transaction writes.
type collected struct {
	changes []view.Change
	done    []func()
	bytes   int
	soon    bool
}

func (c *collected) take(it item) {
	if it.change != nil {
		c.changes = append(c.changes, it.change)
	}
	if it.done != nil {
		c.done = append(c.done, it.done)
	}
	c.bytes += it.bytes
	c.soon = c.soon || it.soon
}

// collect waits for one item and takes those that come soon after.
func (f *Feed) collect(ctx context.Context, busy bool) (c collected, err error) {
	select {
	case it := <-f.items:
		c.take(it)
	case <-ctx.Done():
		return c, ctx.Err()
	}
	age := time.NewTimer(busyAge)
	defer age.Stop()
	for short := false; len(c.changes) < batchLength && c.bytes < batchBytes; {
		if !short && (c.soon || !busy) {
			short = true
			age.Reset(batchAge)
		}
		select {
		case it := <-f.items:
			c.take(it)
		case <-age.C:
			return c, nil
		case <-ctx.Done():
			return c, ctx.Err()
		}
	}
	return c, nil
}

// commit writes the batch, however long it takes until the disk has room again.
func (f *Feed) commit(ctx context.Context, batch []view.Change) error {
	for {
		err := f.view.Apply(ctx, batch)
		if err == nil {
			f.fail(nil)
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		f.fail(err)
		f.log.Error().Err(err).Msg("the view cannot be written; trying again")
		pause(ctx)
	}
}
