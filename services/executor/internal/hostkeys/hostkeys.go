// Package hostkeys decides whether a device's SSH host key is the one that it had: by known_hosts, and by what executors
// recorded in bucket observed when they first met the device.
//
// What known_hosts says about an address wins: that is how an operator accepts a changed key. A device that neither
// knows is refused (strict), or its key is recorded by compare-and-set (trust first), so that of two executors meeting
// it at once both are held to one key.
package hostkeys

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/driver/hostkey"
	"github.com/netrust/netrust/libs/kvstore"
)

// Policies for a device that is not known.
const (
	Strict     = "strict"
	TrustFirst = "trust-first"
)

// Store holds what is recorded in memory, following the bucket. Safe for concurrent use; it needs [Store.Run] running.
type Store struct {
	bucket *kvstore.Bucket[contract.HostKeys]
	known  *hostkey.KnownHosts // nil without a file

	mu       sync.RWMutex
	recorded map[string]recorded
}

type recorded struct {
	keys     []driver.HostKey
	revision uint64
}

// New makes a store. known may be nil.
func New(conn *bus.Conn, known *hostkey.KnownHosts) *Store {
	return &Store{
		bucket: kvstore.Open[contract.HostKeys](conn, contract.BucketObserved), known: known, recorded: map[string]recorded{},
	}
}

// Run follows the bucket until ctx ends; ready is called when all that was there is known.
func (s *Store) Run(ctx context.Context, ready func()) error {
	return s.bucket.Watch(ctx, "hostkey.*", ready, func(e kvstore.Entry[contract.HostKeys]) error {
		s.put(e)
		return nil
	})
}

func (s *Store) put(e kvstore.Entry[contract.HostKeys]) {
	id, ok := strings.CutPrefix(e.Key, contract.ObservedHostKey(""))
	if !ok {
		return
	}
	device, err := contract.UnescapeToken(id)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.Revision < s.recorded[device].revision {
		return
	}
	if e.Deleted {
		delete(s.recorded, device)
		return
	}
	s.recorded[device] = recorded{keys: parse(e.Value.Keys), revision: e.Revision}
}

func (s *Store) get(device string) []driver.HostKey {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.recorded[device].keys
}

// For gives the store as a driver asks it, with the policy for unknown devices.
func (s *Store) For(policy string) driver.HostKeys { return view{s, policy} }

type view struct {
	*Store
	policy string
}

// Algorithms implements driver.HostKeys.
func (v view) Algorithms(device, address string) []string {
	if v.known != nil {
		if types := v.known.Algorithms(device, address); len(types) > 0 {
			return types
		}
	}
	return hostkey.Types(v.get(device))
}

// Check implements driver.HostKeys.
func (v view) Check(ctx context.Context, device, address string, key driver.HostKey) error {
	if v.known != nil && len(v.known.Algorithms(device, address)) > 0 {
		return v.known.Check(ctx, device, address, key)
	}
	if stored := v.get(device); len(stored) > 0 || v.policy != TrustFirst {
		return hostkey.Verify(device, address, stored, key)
	}
	return v.learn(ctx, device, address, key)
}

// learn records the first key that a device shows, unless another executor was faster.
func (v view) learn(ctx context.Context, device, address string, key driver.HostKey) error {
	record := contract.HostKeys{
		DeviceID: device, Address: address, FirstSeen: time.Now().UTC(),
		Keys: []string{key.Type + " " + base64.StdEncoding.EncodeToString(key.Blob)},
	}
	name := contract.ObservedHostKey(device)
	revision, err := v.bucket.Create(ctx, name, record, 0)
	if err == nil {
		v.put(kvstore.Entry[contract.HostKeys]{Key: name, Revision: revision, Value: record})
		return nil
	}
	if !errors.Is(err, bus.ErrConflict) && !errors.Is(err, bus.ErrUnknownOutcome) {
		return unavailable(device, address, key, err)
	}
	entry, err := v.bucket.Get(ctx, name)
	if err != nil {
		return unavailable(device, address, key, err)
	}
	v.put(entry)
	return hostkey.Verify(device, address, parse(entry.Value.Keys), key)
}

func unavailable(device, address string, key driver.HostKey, err error) error {
	return &driver.HostKeyError{
		DeviceID: device, Address: address, Reason: driver.HostKeyUnavailable, Presented: key,
		Err: fmt.Errorf("%w: %w", ErrNotRecorded, err),
	}
}

// ErrNotRecorded is inside the error of a device that is met for the first time while NATS cannot keep its key. Nothing is
// wrong with the device: it is to be tried again.
var ErrNotRecorded = errors.New("the host key could not be recorded")

// parse reads keys in authorized_keys form; what cannot be read matches no key.
func parse(lines []string) []driver.HostKey {
	var out []driver.HostKey
	for _, line := range lines {
		kind, text, _ := strings.Cut(line, " ")
		blob, err := base64.StdEncoding.DecodeString(text)
		if err == nil {
			out = append(out, driver.HostKey{Type: kind, Blob: blob})
		}
	}
	return out
}
