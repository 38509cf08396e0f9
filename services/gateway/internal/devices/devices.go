// Package devices follows the inventory and imports files into it.
//
// The whole inventory is in memory, so that a selector is resolved without a read. An import decides from there and writes
// each device by compare-and-set, so that two gateways never overwrite each other; repeating an import is harmless.
package devices

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/inventory"
	"github.com/netrust/netrust/libs/kvstore"
	"github.com/netrust/netrust/services/gateway/internal/mirror"
)

// Store is the inventory. Safe for concurrent use.
type Store struct {
	conn      *bus.Conn
	bucket    *kvstore.Bucket[contract.Device]
	log       zerolog.Logger
	importing chan struct{} // one import at a time: each may hold a file of 32 MiB

	state    *mirror.State // locks the rest
	set      *inventory.Set
	revision uint64
}

// New makes a store; [Store.Run] fills it.
func New(conn *bus.Conn, log zerolog.Logger) *Store {
	return &Store{
		conn: conn, bucket: kvstore.Open[contract.Device](conn, contract.BucketInventory), log: log, importing: make(chan struct{}, 1),
		set: &inventory.Set{}, state: mirror.New("the inventory"),
	}
}

// Run follows the inventory until ctx ends, and then returns nil.
func (s *Store) Run(ctx context.Context) error {
	restart := func() { s.set, s.revision = &inventory.Set{}, 0 }
	return s.state.Follow(ctx, s.conn, s.log, bus.FollowConfig{Stream: bus.KVStream(contract.BucketInventory), LastPerSubject: true}, restart, s.take)
}

// Ready returns nil when the whole inventory is known.
func (s *Store) Ready() error { return s.state.Ready() }

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
	s.state.Lock()
	defer s.state.Unlock()
	if m.Deleted {
		s.set.Delete(id, m.Seq)
	} else {
		s.set.Put(&device, m.Seq)
	}
	s.revision = max(s.revision, m.Seq)
	s.state.Notify()
	return nil
}

// Set is the inventory as it is known now. It goes on following changes.
func (s *Store) Set() *inventory.Set {
	s.state.RLock()
	defer s.state.RUnlock()
	return s.set
}

// Revision is the inventory's newest revision that is known here.
func (s *Store) Revision() uint64 {
	s.state.RLock()
	defer s.state.RUnlock()
	return s.revision
}

// seen waits until the inventory has been followed up to a revision.
func (s *Store) seen(ctx context.Context, revision uint64) error {
	for {
		s.state.RLock()
		done, changed := s.state.CaughtUp() && s.revision >= revision, s.state.Changed()
		s.state.RUnlock()
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
