package feed

import (
	"context"
	"time"

	"github.com/netrust/netrust/services/gateway/internal/view"
)

// Bounds of a batch. A lone record waits batchAge for company: a transaction costs more than its rows.
const (
	batchLength = 500
	batchBytes  = 4 << 20
	batchAge    = 5 * time.Millisecond
	queueLength = 64
)

// item is one change on its way to the writer.
type item struct {
	change view.Change
	bytes  int
	// done, when set, is called after everything before it is committed.
	done func()
}

// push hands an item to the writer, and waits while its queue is full.
func (f *Feed) push(ctx context.Context, it item) error {
	select {
	case f.items <- it:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// writeAll commits what is pushed until ctx ends.
func (f *Feed) writeAll(ctx context.Context) error {
	f.drain()
	for {
		batch, done, err := f.collect(ctx)
		if err != nil {
			return err
		}
		if err := f.commit(ctx, batch); err != nil {
			return err
		}
		for _, d := range done {
			d()
		}
	}
}

// drain drops what a failed round left: the next one follows from the cursors, which do not cover it.
func (f *Feed) drain() {
	for {
		select {
		case <-f.items:
		default:
			return
		}
	}
}

// collect waits for one item and takes those that come soon after.
func (f *Feed) collect(ctx context.Context) (batch []view.Change, done []func(), err error) {
	bytes := 0
	take := func(it item) {
		if it.change != nil {
			batch = append(batch, it.change)
		}
		if it.done != nil {
			done = append(done, it.done)
		}
		bytes += it.bytes
	}
	select {
	case it := <-f.items:
		take(it)
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	age := time.NewTimer(batchAge)
	defer age.Stop()
	for len(batch) < batchLength && bytes < batchBytes {
		select {
		case it := <-f.items:
			take(it)
		case <-age.C:
			return batch, done, nil
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
	return batch, done, nil
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
