// Package hostkey holds host key stores: one over known_hosts files, which never learns, and one in memory, which trusts
// on first use. Both keep the rules of [driver.HostKeys], and share [Verify] with stores elsewhere.
package hostkey

import (
	"bytes"
	"context"
	"slices"
	"sync"

	"github.com/netrust/netrust/libs/driver"
)

// Verify compares a presented key with the stored ones: nil when it is among them, otherwise a *[driver.HostKeyError],
// whose reason is changed, or unknown when none is stored.
func Verify(deviceID, address string, stored []driver.HostKey, got driver.HostKey) error {
	for _, k := range stored {
		if k.Type == got.Type && bytes.Equal(k.Blob, got.Blob) {
			return nil
		}
	}
	reason := driver.HostKeyChanged
	if len(stored) == 0 {
		reason = driver.HostKeyUnknown
	}
	return &driver.HostKeyError{DeviceID: deviceID, Address: address, Reason: reason, Presented: got, Stored: slices.Clone(stored)}
}

// Types lists the types of keys, for [driver.HostKeys.Algorithms].
func Types(stored []driver.HostKey) []string {
	var types []string
	for _, k := range stored {
		if !slices.Contains(types, k.Type) {
			types = append(types, k.Type)
		}
	}
	return types
}

// Memory trusts the first key that a device shows and from then on only that, as long as the process lives. It keeps keys
// by device id, so that a device may change its address. The zero value is ready; it is safe for concurrent use.
type Memory struct {
	mu   sync.Mutex
	keys map[string][]driver.HostKey
}

// Algorithms implements [driver.HostKeys].
func (m *Memory) Algorithms(deviceID, _ string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Types(m.keys[deviceID])
}

// Check implements [driver.HostKeys]. Of two first uses at once, one key is stored and both are held to it.
func (m *Memory) Check(_ context.Context, deviceID, address string, got driver.HostKey) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.keys[deviceID]) == 0 {
		if m.keys == nil {
			m.keys = map[string][]driver.HostKey{}
		}
		m.keys[deviceID] = []driver.HostKey{got}
		return nil
	}
	return Verify(deviceID, address, m.keys[deviceID], got)
}
