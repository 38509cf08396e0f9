// Package kvstore reads and writes JetStream's key-value buckets by compare-and-set.
//
// Every write names the revision that it was decided from, so that of two writers one is told ([bus.ErrConflict]) instead of
// being overwritten. Values are JSON of one type per bucket and key pattern. A revision is the sequence of the bucket's
// stream: revisions of one bucket are ordered across its keys. Meaning and ownership of the buckets: libs/contract.
//
// A [Bucket] is safe for concurrent use.
package kvstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/netrust/netrust/libs/bus"
)

// Entry is one key's value. A deleted key has Revision set and Deleted true.
type Entry[T any] struct {
	Key      string
	Revision uint64
	Value    T
	Deleted  bool
	At       time.Time
}

// Bucket is one bucket, whose values are T.
type Bucket[T any] struct {
	conn *bus.Conn
	name string
}

// Open returns a bucket. It does no I/O: the topology makes the buckets.
func Open[T any](conn *bus.Conn, name string) *Bucket[T] { return &Bucket[T]{conn: conn, name: name} }

// Get returns a key's value, or [bus.ErrNotFound] (the entry then has the revision of the deletion, if there was one).
func (b *Bucket[T]) Get(ctx context.Context, key string) (Entry[T], error) {
	stored, err := b.conn.LastFor(ctx, bus.KVStream(b.name), bus.KVSubject(b.name, key))
	if err != nil {
		return Entry[T]{Key: key}, fmt.Errorf("reading key %s: %w", key, err)
	}
	e, err := b.entry(stored)
	if err == nil && e.Deleted {
		err = fmt.Errorf("reading key %s: %w", key, bus.ErrNotFound)
	}
	return e, err
}

// Create writes a key that does not exist, or was deleted. ttl 0 means for ever.
func (b *Bucket[T]) Create(ctx context.Context, key string, value T, ttl time.Duration) (uint64, error) {
	rev, err := b.write(ctx, key, value, 0, ttl)
	if !errors.Is(err, bus.ErrConflict) {
		return rev, err
	}
	e, getErr := b.Get(ctx, key)
	if getErr == nil || !errors.Is(getErr, bus.ErrNotFound) || e.Revision == 0 {
		return 0, err
	}
	return b.write(ctx, key, value, e.Revision, ttl)
}

// Update writes a key whose newest revision is the given one (0: it has none). ttl 0 means for ever.
func (b *Bucket[T]) Update(ctx context.Context, key string, value T, revision uint64, ttl time.Duration) (uint64, error) {
	return b.write(ctx, key, value, revision, ttl)
}

// Delete removes a key whose newest revision is the given one. The key's history goes with it.
func (b *Bucket[T]) Delete(ctx context.Context, key string, revision uint64) error {
	_, err := b.conn.Publish(ctx, bus.Message{Subject: bus.KVSubject(b.name, key), Purge: true, Expect: &revision})
	if err != nil {
		return fmt.Errorf("deleting key %s: %w", key, err)
	}
	return nil
}

func (b *Bucket[T]) write(ctx context.Context, key string, value T, revision uint64, ttl time.Duration) (uint64, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return 0, fmt.Errorf("writing key %s: %w", key, err)
	}
	rev, err := b.conn.Publish(ctx, bus.Message{Subject: bus.KVSubject(b.name, key), Data: data, Expect: &revision, TTL: ttl})
	if err != nil {
		return 0, fmt.Errorf("writing key %s: %w", key, err)
	}
	return rev, nil
}

// Watch hands the newest entry of every key that matches the pattern (">" for all) to the handler, then every change, in
// order, until ctx ends or the handler fails. caughtUp, when set, is called once after the first of these.
func (b *Bucket[T]) Watch(ctx context.Context, pattern string, caughtUp func(), handle func(Entry[T]) error) error {
	return b.conn.Follow(ctx, bus.FollowConfig{
		Stream: bus.KVStream(b.name), Filters: []string{bus.KVSubject(b.name, pattern)}, LastPerSubject: true, CaughtUp: caughtUp,
	}, func(s bus.Stored) error {
		e, err := b.entry(s)
		if err != nil {
			return err
		}
		return handle(e)
	})
}

// List returns the entries that exist now and match the pattern. It holds them all in memory.
func (b *Bucket[T]) List(ctx context.Context, pattern string) ([]Entry[T], error) {
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	byKey := map[string]int{}
	var out []Entry[T]
	done := errors.New("all entries are read")
	complete := false
	err := b.Watch(ctx, pattern, func() { complete = true; stop() }, func(e Entry[T]) error {
		if complete {
			return done
		}
		if i, ok := byKey[e.Key]; ok {
			out[i] = e
		} else if !e.Deleted {
			byKey[e.Key] = len(out)
			out = append(out, e)
		}
		return nil
	})
	if !complete {
		return nil, fmt.Errorf("listing bucket %s: %w", b.name, err)
	}
	live := out[:0]
	for _, e := range out {
		if !e.Deleted {
			live = append(live, e)
		}
	}
	return live, nil
}

func (b *Bucket[T]) entry(s bus.Stored) (Entry[T], error) {
	e := Entry[T]{
		Key: strings.TrimPrefix(s.Subject, bus.KVSubject(b.name, "")), Revision: s.Seq, Deleted: s.Deleted, At: s.Time,
	}
	if s.Deleted {
		return e, nil
	}
	if err := json.Unmarshal(s.Data, &e.Value); err != nil {
		return e, fmt.Errorf("bucket %s, key %s, revision %d: %w", b.name, e.Key, e.Revision, err)
	}
	return e, nil
}
