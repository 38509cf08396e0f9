package devices

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/libs/inventory"
)

const (
	// importTimeout bounds one import: the largest writes 200,000 devices.
	importTimeout = 10 * time.Minute
	// writers is how many writes are in flight. Every one is synced before it is acknowledged; more only wait longer.
	writers = 4
)

// ErrBusy says that another import is in progress.
var ErrBusy = errors.New("another import is in progress")

// ConflictError says that somebody else changed a device while an import was writing.
type ConflictError struct {
	DeviceID string
	// Written of Changes are in the inventory.
	Written, Changes int
}

// Error implements error.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("device %s was changed by somebody else at the same time (%d of %d changes are written)", e.DeviceID, e.Written, e.Changes)
}

// PartialError says that an import ended early. The same import again does the rest.
type PartialError struct {
	Written, Changes int
	Err              error
}

// Error implements error.
func (e *PartialError) Error() string {
	return fmt.Sprintf("%d of %d changes are written: %v", e.Written, e.Changes, e.Err)
}

// Unwrap returns the cause.
func (e *PartialError) Unwrap() error { return e.Err }

// Import makes the inventory hold the file's devices, and with prune no others. With preview it only says what it would
// do. A fault of the file is an [*inventory.Faults], and nothing is written.
func (s *Store) Import(ctx context.Context, file []byte, preview, prune bool) (api.Import, error) {
	select {
	case s.importing <- struct{}{}:
		defer func() { <-s.importing }()
	default:
		return api.Import{}, ErrBusy
	}
	next, err := inventory.Parse(file)
	if err != nil {
		return api.Import{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, importTimeout)
	defer cancel()
	if err := s.catchUp(ctx); err != nil {
		return api.Import{}, err
	}
	current, revisions := s.current()
	changes := inventory.Diff(current, next, prune)
	answer := inventory.Tally(changes, len(next))
	answer.Preview, answer.Revision = preview, s.Revision()
	if preview || len(changes) == 0 {
		return answer, nil
	}
	if err := s.write(ctx, changes, revisions); err != nil {
		return api.Import{}, err
	}
	// Who imports and then submits must find the devices.
	if err := s.catchUp(ctx); err != nil {
		return api.Import{}, err
	}
	answer.Revision = s.Revision()
	return answer, nil
}

// catchUp waits until the newest device of the bucket is known here.
func (s *Store) catchUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	last, err := s.conn.LastFor(ctx, bus.KVStream(contract.BucketInventory), bus.KVSubject(contract.BucketInventory, ">"))
	if err != nil && !errors.Is(err, bus.ErrNotFound) {
		return err
	}
	return s.seen(ctx, last.Seq)
}

func (s *Store) current() ([]contract.Device, map[string]uint64) {
	set := s.Set()
	devices := make([]contract.Device, 0, set.Len())
	revisions := make(map[string]uint64, set.Len())
	for m := range set.All() {
		devices = append(devices, *m.Device)
		revisions[m.Device.ID] = m.Revision
	}
	return devices, revisions
}

// write writes all changes: in atomic batches, or one by one where the bucket allows no batches, or a batch is refused
// (that finds the device at fault).
func (s *Store) write(ctx context.Context, changes []inventory.Change, revisions map[string]uint64) error {
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(writers)
	var written atomic.Int64
	batches := true
	for part := range slices.Chunk(changes, batchLength) {
		maybe := false
		if batches {
			var err error
			if maybe, err = s.writeBatch(ctx, part, revisions); err == nil {
				written.Add(int64(len(part)))
				continue
			}
			batches = errors.Is(err, bus.ErrConflict)
		}
		for _, c := range part {
			if groupCtx.Err() != nil {
				break
			}
			group.Go(func() error {
				if err := s.writeOne(groupCtx, c, revisions[c.DeviceID], maybe); err != nil {
					return &deviceError{c.DeviceID, err}
				}
				written.Add(1)
				return nil
			})
		}
		if groupCtx.Err() != nil {
			break
		}
	}
	err := group.Wait()
	var failed *deviceError
	switch {
	case err == nil:
		return ctx.Err()
	case errors.Is(err, bus.ErrConflict) && errors.As(err, &failed):
		return &ConflictError{failed.id, int(written.Load()), len(changes)}
	default:
		return &PartialError{int(written.Load()), len(changes), err}
	}
}

// batchLength is how many devices one batch writes: far below the server's bounds, and synced at once.
const batchLength = 500

// writeBatch writes the changes all or none. maybe says that they may stand although there is an error.
func (s *Store) writeBatch(ctx context.Context, changes []inventory.Change, revisions map[string]uint64) (maybe bool, err error) {
	batch := make([]bus.Message, len(changes))
	for i, c := range changes {
		m := bus.Message{
			Subject: bus.KVSubject(contract.BucketInventory, contract.InventoryKey(c.DeviceID)),
			Expect:  bus.Seq(revisions[c.DeviceID]), Purge: c.After == nil,
		}
		if c.After != nil {
			if m.Data, err = json.Marshal(c.After); err != nil {
				return false, fmt.Errorf("encoding device %s: %w", c.DeviceID, err)
			}
		}
		batch[i] = m
	}
	_, err = s.conn.PublishBatch(ctx, batch)
	return errors.Is(err, bus.ErrUnknownOutcome), err
}

// deviceError keeps which device a write was about.
type deviceError struct {
	id  string
	err error
}

func (e *deviceError) Error() string { return "device " + e.id + ": " + e.err.Error() }
func (e *deviceError) Unwrap() error { return e.err }

// writeOne writes a device from the revision that the import was decided on. An unknown outcome (of this write, or with
// maybe of one before) is settled by writing again: if the first write stands, the second one is refused, and what is
// there then is what was to be written.
func (s *Store) writeOne(ctx context.Context, c inventory.Change, revision uint64, maybe bool) error {
	key := contract.InventoryKey(c.DeviceID)
	for attempt := 1; ; attempt++ {
		var err error
		switch {
		case c.After == nil:
			err = s.bucket.Delete(ctx, key, revision)
		case revision == 0:
			_, err = s.bucket.Create(ctx, key, *c.After, 0)
		default:
			_, err = s.bucket.Update(ctx, key, *c.After, revision, 0)
		}
		switch {
		case errors.Is(err, bus.ErrUnknownOutcome) && attempt < 3 && ctx.Err() == nil:
			maybe = true
		case errors.Is(err, bus.ErrConflict) && maybe:
			return s.settled(ctx, key, c, err)
		default:
			return err
		}
	}
}

// settled tells whether the refused repetition of a write found its own first try.
func (s *Store) settled(ctx context.Context, key string, c inventory.Change, refused error) error {
	e, err := s.bucket.Get(ctx, key)
	switch {
	case c.After == nil && errors.Is(err, bus.ErrNotFound):
		return nil
	case err != nil:
		return err
	case c.After != nil && len(inventory.Diff([]contract.Device{e.Value}, []contract.Device{*c.After}, false)) == 0:
		return nil
	}
	return refused
}
