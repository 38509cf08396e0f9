package inventory

import (
	"cmp"
	"iter"
	"slices"
	"sync"

	"github.com/netrust/netrust/libs/contract"
)

// Member is a device of a [Set] and its revision in bucket inventory. The device is shared: do not change it.
type Member struct {
	Device   *contract.Device
	Revision uint64
}

// Set is an inventory in memory that follows changes: [Set.Put] and [Set.Delete] for each entry of the bucket, [Set.Resolve]
// whenever somebody asks. All methods are safe for concurrent use; a selection sees the inventory of one moment.
// The zero value is an empty set.
type Set struct {
	mu       sync.RWMutex
	revision uint64
	byID     map[string]Member
	byName   map[string]map[string]struct{} // ids by name: a set that follows changes may pass through two of one name

	// sorted holds the members by id as of the last selection, and stale the ids that have changed since.
	sorted []Member
	stale  map[string]struct{}
}

// NewSet makes a set of devices, all of revision 0.
func NewSet(devices []contract.Device) *Set {
	s := &Set{}
	for i := range devices {
		s.Put(&devices[i], 0)
	}
	return s
}

// Put adds the device or replaces the one with its id. Revision is that of its entry; the set's own revision is the
// highest it was given. A revision older than the member's is ignored, so that a repeated entry does no harm.
func (s *Set) Put(device *contract.Device, revision uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revision = max(s.revision, revision)
	old, known := s.byID[device.ID]
	if known && revision < old.Revision {
		return
	}
	if s.byID == nil {
		s.byID, s.byName = map[string]Member{}, map[string]map[string]struct{}{}
	}
	if known && old.Device.Name != device.Name {
		s.forgetName(old.Device)
	}
	s.byID[device.ID] = Member{device, revision}
	ids := s.byName[device.Name]
	if ids == nil {
		ids = make(map[string]struct{}, 1)
		s.byName[device.Name] = ids
	}
	ids[device.ID] = struct{}{}
	s.touch(device.ID)
}

// Delete removes the device with the id, if there is one that is not newer than the revision.
func (s *Set) Delete(id string, revision uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revision = max(s.revision, revision)
	old, known := s.byID[id]
	if !known || revision < old.Revision {
		return
	}
	s.forgetName(old.Device)
	delete(s.byID, id)
	s.touch(id)
}

func (s *Set) forgetName(device *contract.Device) {
	ids := s.byName[device.Name]
	delete(ids, device.ID)
	if len(ids) == 0 {
		delete(s.byName, device.Name)
	}
}

func (s *Set) touch(id string) {
	if s.stale == nil {
		s.stale = map[string]struct{}{}
	}
	s.stale[id] = struct{}{}
}

// Get returns the member with the id.
func (s *Set) Get(id string) (Member, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	m, ok := s.byID[id]
	return m, ok
}

// Len is the number of devices.
func (s *Set) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.byID)
}

// Revision is the highest revision that the set was given: that of the inventory it shows.
func (s *Set) Revision() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.revision
}

// All returns the members by id, as they are at the call.
func (s *Set) All() iter.Seq[Member] {
	return slices.Values(s.read(nil).sorted)
}

// view is the set at one moment. Its slice is never changed.
type view struct {
	sorted   []Member
	revision uint64
}

// read calls look, if not nil, under the set's lock, and returns the set as look saw it.
func (s *Set) read(look func()) view {
	s.mu.RLock()
	if len(s.stale) == 0 {
		defer s.mu.RUnlock()
	} else {
		s.mu.RUnlock()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sort()
	}
	if look != nil {
		look()
	}
	return view{s.sorted, s.revision}
}

// sort merges what has changed into a new slice: others may still read the old one. Sorting only the changes keeps a
// selection fast while devices change one by one.
func (s *Set) sort() {
	if len(s.stale) == 0 {
		return
	}
	changed := make([]Member, 0, len(s.stale))
	for id := range s.stale {
		if m, ok := s.byID[id]; ok {
			changed = append(changed, m)
		}
	}
	slices.SortFunc(changed, byID)
	merged := make([]Member, 0, len(s.byID))
	for _, old := range s.sorted {
		if _, stale := s.stale[old.Device.ID]; stale {
			continue
		}
		for len(changed) > 0 && changed[0].Device.ID < old.Device.ID {
			merged, changed = append(merged, changed[0]), changed[1:]
		}
		merged = append(merged, old)
	}
	s.sorted, s.stale = append(merged, changed...), nil
}

func byID(a, b Member) int { return cmp.Compare(a.Device.ID, b.Device.ID) }
