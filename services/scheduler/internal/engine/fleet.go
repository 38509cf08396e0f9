package engine

import (
	"slices"
	"time"

	"github.com/netrust/netrust/libs/contract"
)

// fleet is the executors that live, and what they can take.
type fleet struct {
	members map[string]*member
	// keys are the executors whose liveness key was not seen to end: also those that are silent, and so no members.
	keys map[string]string
	// slots by class and site, summed over the members; AnySite holds those that serve every site. total sums all.
	slots map[contract.Class]map[string]int
	total map[contract.Class]int
}

type member struct {
	record contract.Executor
	seen   time.Time
}

func newFleet() fleet {
	f := fleet{members: map[string]*member{}, keys: map[string]string{}}
	f.sum()
	return f
}

// put notes a sign of life, and reports whether it changes what the fleet can take.
func (f *fleet) put(x *contract.Executor, now time.Time) {
	f.keys[x.Incarnation] = x.Incarnation
	m := f.members[x.Incarnation]
	if m != nil && m.record.Draining == x.Draining {
		m.seen = now
		return
	}
	f.members[x.Incarnation] = &member{record: *x, seen: now}
	f.sum()
}

func (f *fleet) remove(incarnation string) {
	if f.members[incarnation] != nil {
		delete(f.members, incarnation)
		f.sum()
	}
}

func (f *fleet) alive(incarnation string) bool { return f.members[incarnation] != nil }

// names gives the list with the names as the fleet has them: there may be a hundred thousand devices, and few executors.
func (f *fleet) names(incarnations []string) []string {
	for i, id := range incarnations {
		if name, ok := f.keys[id]; ok {
			incarnations[i] = name
		}
	}
	return incarnations
}

// has reports whether an executor's liveness key is there.
func (f *fleet) has(incarnation string) bool { _, ok := f.keys[incarnation]; return ok }

// living leaves out those whose liveness key has ended. One that is only silent may still have sessions open.
func (f *fleet) living(incarnations []string) []string {
	gone := func(id string) bool { _, ok := f.keys[id]; return !ok }
	if !slices.ContainsFunc(incarnations, gone) {
		return incarnations
	}
	return slices.DeleteFunc(slices.Clone(incarnations), gone)
}

// silent lists the members that gave no sign of life since.
func (f *fleet) silent(since time.Time) []string {
	var out []string
	for id, m := range f.members {
		if m.seen.Before(since) {
			out = append(out, id)
		}
	}
	return out
}

func (f *fleet) sum() {
	f.slots = map[contract.Class]map[string]int{contract.Urgent: {}, contract.Normal: {}}
	f.total = map[contract.Class]int{}
	for _, m := range f.members {
		if m.record.Draining {
			continue
		}
		for _, c := range contract.Classes {
			f.total[c] += m.record.Slots(c)
			for _, site := range m.record.Sites {
				f.slots[c][site] += m.record.Slots(c)
			}
		}
	}
}

// capacity is how many tasks of the class the executors that serve the site run at once.
func (f *fleet) capacity(c contract.Class, site string) int {
	n := f.slots[c][contract.AnySite]
	if site != contract.AnySite {
		n += f.slots[c][site]
	}
	return n
}
