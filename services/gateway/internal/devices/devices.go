// Package devices follows the inventory and imports files into it.
//
// The whole inventory is in memory, so that a selector is resolved without a read. An import decides from there and writes
// each device by compare-and-set, so that two gateways never overwrite each other; repeating an import is harmless.
package devices

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/inventory"
	"github.com/netrust/netrust/libs/kvstore"
)

// Store is the inventory. Safe for concurrent use.
type Store struct {
	conn      *bus.Conn
	bucket    *kvstore.Bucket[contract.Device]
	log       zerolog.Logger
	importing chan struct{} // one import at a time: each may hold a file of 32 MiB

	mu       sync.RWMutex
	set      *inventory.Set
	revision uint64
	changed  chan struct{} // closed and replaced when one of the others changes
	caughtUp bool
	lost     error
}

// New makes a store; [Store.Run] fills it.
func New(conn *bus.Conn, log zerolog.Logger) *Store {
	return &Store{
		conn: conn, bucket: kvstore.Open[contract.Device](conn, contract.BucketInventory), log: log, importing: make(chan struct{}, 1),
		set: &inventory.Set{}, changed: make(chan struct{}),
	}
}

// Run follows the inventory until ctx ends, and then returns nil.
func (s *Store) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		s.restart()
		err := s.conn.Follow(ctx, bus.FollowConfig{
			Stream: bus.KVStream(contract.BucketInventory), LastPerSubject: true, CaughtUp: s.ready,
		}, s.take)
		if ctx.Err() != nil {
			break
		}
		s.mu.Lock()
		s.lost = err
		s.mu.Unlock()
		s.log.Error().Err(err).Msg("following the inventory failed; trying again")
		pause(ctx)
	}
	return nil
}

func (s *Store) restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set, s.revision, s.caughtUp = &inventory.Set{}, 0, false
}

func (s *Store) ready() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.caughtUp, s.lost = true, nil
	s.notify()
}

func (s *Store) take(m bus.Stored) error {
	id, err := contract.ParseInventoryKey(strings.TrimPrefix(m.Subject, bus.KVSubject(contract.BucketInventory, "")))
	var device contract.Device
	if err == nil && !m.Deleted {
		err = json.Unmarshal(m.Data, &device)
	}
	if err == nil && !m.Deleted && device.ID != id {
		err = fmt.Errorf("it is device %q", device.ID)
	}
	if err != nil {
		s.log.Error().Err(err).Str("subject", m.Subject).Uint64("revision", m.Seq).Msg("a device cannot be read; it is not known here")
		m.Deleted = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.Deleted {
		s.set.Delete(id, m.Seq)
	} else {
		s.set.Put(&device, m.Seq)
	}
	s.revision = max(s.revision, m.Seq)
	s.notify()
	return nil
}

func (s *Store) notify() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// Ready returns nil when the whole inventory is known.
func (s *Store) Ready() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	switch {
	case s.lost != nil:
		return fmt.Errorf("following the inventory: %w", s.lost)
	case !s.caughtUp:
		return errors.New("the inventory is still being read")
	}
	return nil
}

// Set is the inventory as it is known now. It goes on following changes.
func (s *Store) Set() *inventory.Set {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.set
}

// Revision is the inventory's newest revision that is known here.
func (s *Store) Revision() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.revision
}

// seen waits until the inventory has been followed up to a revision.
func (s *Store) seen(ctx context.Context, revision uint64) error {
	for {
		s.mu.RLock()
		done, changed := s.caughtUp && s.revision >= revision, s.changed
		s.mu.RUnlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for the inventory to be read: %w", ctx.Err())
		}
	}
}

func pause(ctx context.Context) {
	t := time.NewTimer(500 * time.Millisecond)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
