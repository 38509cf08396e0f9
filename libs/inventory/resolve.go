package inventory

import (
	"cmp"
	"slices"

	"github.com/netrust/netrust/libs/contract"
)

// Selection is what a selector names.
type Selection struct {
	Members []Member  // to work on, by id
	Skipped []Skipped // selected, but not to be touched, by id
	// Revision is that of the inventory that was asked.
	Revision uint64
}

// Skipped is a device that a selector names and a job leaves alone.
type Skipped struct {
	DeviceID string
	Device   *contract.Device // nil when it is no longer in the inventory
	Reason   string
}

// Resolve returns the devices that the selector names. Problems mean that there is no selection.
//
// Every id must be a device's id or name. Devices that are not active are skipped, with the reason; a quarantined one that
// was asked for by id is a problem. Selecting nothing, or only what must be skipped, is a problem too.
//
// A selector with not_reached_of needs the list that only the reader of job results has: see [Set.ResolveAmong].
func (s *Set) Resolve(sel contract.TargetSelector) (Selection, []contract.Problem) {
	if sel.NotReachedOf != "" {
		return Selection{}, []contract.Problem{{Field: "targets.not_reached_of",
			Message: "the devices that job " + sel.NotReachedOf + " did not reach are not known here", Remedy: "wait until the job has ended"}}
	}
	return s.resolve(sel, nil, false)
}

// ResolveAmong is [Set.Resolve] within the devices of the ids: those that the job named by not_reached_of did not reach. Ids
// that are no longer in the inventory are skipped.
func (s *Set) ResolveAmong(sel contract.TargetSelector, ids []string) (Selection, []contract.Problem) {
	return s.resolve(sel, ids, true)
}

func (s *Set) resolve(sel contract.TargetSelector, among []string, within bool) (Selection, []contract.Problem) {
	if problems := CheckSelector(sel); problems != nil {
		return Selection{}, problems
	}
	filter, problems := NewFilter(sel.Tags, sel.Labels)
	if problems != nil {
		return Selection{}, problems
	}
	result := Selection{}
	var near, named lookup
	v := s.read(func() {
		near, named = s.find(among), s.find(sel.IDs)
	})
	result.Revision = v.revision
	candidates := v.sorted
	if within {
		candidates = near.members
		for _, id := range near.missing {
			result.Skipped = append(result.Skipped, Skipped{DeviceID: id, Reason: "it is no longer in the inventory"})
		}
	}
	if len(sel.IDs) > 0 {
		if problems := named.problems(v); problems != nil {
			return Selection{}, problems
		}
		if candidates = named.members; within {
			candidates = intersect(near.members, named.members)
		}
	}
	for _, m := range candidates {
		if filter.Match(m.Device) {
			problems = appendMember(&result, m, len(sel.IDs) > 0, problems)
		}
	}
	slices.SortFunc(result.Skipped, func(a, b Skipped) int { return cmp.Compare(a.DeviceID, b.DeviceID) })
	if problems == nil && len(result.Members) == 0 {
		problems = []contract.Problem{nothing(sel, &result, v)}
	}
	if problems != nil {
		return Selection{}, problems
	}
	return result, nil
}

// appendMember sorts a device that matches into those to work on, those to skip, and the problems.
func appendMember(to *Selection, m Member, byID bool, problems []contract.Problem) []contract.Problem {
	switch status := statusOf(m.Device); {
	case status == contract.DeviceActive:
		to.Members = append(to.Members, m)
	case status == contract.DeviceQuarantined && byID:
		if len(problems) < shownNames {
			problems = append(problems, contract.Problem{Field: "targets.ids", Message: "device " + m.Device.ID + " is quarantined and is not touched",
				Remedy: "leave it out, or set its status to active in the inventory"})
		}
	default:
		to.Skipped = append(to.Skipped, Skipped{m.Device.ID, m.Device, "its status is " + string(status)})
	}
	return problems
}

// lookup is what ids or names stand for.
type lookup struct {
	members   []Member // by id, each once
	missing   []string
	ambiguous []string
}

// find looks ids up, then names. The caller holds the set's lock.
func (s *Set) find(ids []string) lookup {
	l := lookup{members: make([]Member, 0, len(ids))}
	for _, id := range ids {
		m, ok := s.byID[id]
		named := s.byName[id]
		switch {
		case ok:
			l.members = append(l.members, m)
		case len(named) == 1:
			for only := range named {
				l.members = append(l.members, s.byID[only])
			}
		case len(named) > 1:
			l.ambiguous = append(l.ambiguous, id)
		default:
			l.missing = append(l.missing, id)
		}
	}
	l.members = unique(l.members)
	return l
}

func (l *lookup) problems(v view) []contract.Problem {
	var problems []contract.Problem
	for _, name := range l.ambiguous[:min(len(l.ambiguous), shownNames)] {
		problems = append(problems, contract.Problem{Field: "targets.ids", Message: "several devices have the name " + name, Remedy: "use their ids"})
	}
	if l.missing != nil {
		problems = append(problems, unknownDevices(l.missing, v))
	}
	return problems
}

// unique sorts members by id and drops repeats.
func unique(members []Member) []Member {
	slices.SortFunc(members, byID)
	return slices.CompactFunc(members, func(a, b Member) bool { return a.Device.ID == b.Device.ID })
}

// intersect returns the members of both sorted slices.
func intersect(a, b []Member) []Member {
	var both []Member
	for len(a) > 0 && len(b) > 0 {
		switch c := byID(a[0], b[0]); {
		case c < 0:
			a = a[1:]
		case c > 0:
			b = b[1:]
		default:
			both = append(both, a[0])
			a, b = a[1:], b[1:]
		}
	}
	return both
}
