package job

import (
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/services/scheduler/internal/login"
)

// Share is what devices have in common that a limit counts by. Sites are counted apart: tasks wait in queues by site.
type Share uint8

// What limits count by.
const (
	ByLogin    Share = iota // authentication domain: no login has succeeded yet, or the pace of logins
	ByDomain                // authentication domain, of this job
	ByFleet                 // authentication domain, of all jobs
	ByPlatform              // platform
	ByGroup                 // redundancy group
)

// Limit names what a task waits for: fewer tasks out of those that have Name in common.
type Limit struct {
	Share      Share
	Name       string
	Credential string // where it is about the first login with it
}

// most is how many tasks that share this with the task may be out; 0 for no limit. Devices of one redundancy group are not
// changed at the same time unless the job says so: they stand in for each other.
func (j *Job) most(s Share, t *Task) int {
	l := &j.Spec.Limits
	switch s {
	case ByDomain:
		return l.PerDomain
	case ByPlatform:
		return l.PerPlatform
	case ByGroup:
		switch {
		case t.Device.RedundancyGroup == "":
			return 0
		case l.PerGroup == 0 && !t.ReadOnly:
			return 1
		}
		return l.PerGroup
	case ByFleet:
		return j.FleetPerDomain
	}
	return 0
}

// counted are the shares that the job itself counts.
var counted = [...]Share{ByDomain, ByPlatform, ByGroup}

func name(s Share, d *contract.Device) string {
	switch s {
	case ByPlatform:
		return d.Platform
	case ByGroup:
		return d.RedundancyGroup
	}
	return d.AuthDomain
}

func loginLimit(d *contract.Device) Limit {
	return Limit{Share: ByLogin, Name: d.AuthDomain, Credential: d.Credential}
}

// Limits is everything that task i may wait for. The list is good until the next call.
func (j *Job) Limits(i int) []Limit {
	t := &j.Tasks[i]
	list := append(j.limits[:0], loginLimit(t.Device))
	for _, s := range [...]Share{ByDomain, ByPlatform, ByGroup, ByFleet} {
		if j.most(s, t) > 0 {
			list = append(list, Limit{Share: s, Name: name(s, t.Device)})
		}
	}
	j.limits = list
	return list
}

// Room is how many more tasks may be out under a limit that tasks wait for, at least as far as the limit goes by itself.
func (j *Job) Room(l Limit) int {
	switch l.Share {
	case ByLogin:
		return len(j.Tasks) // each is asked for itself
	case ByFleet:
		return j.FleetPerDomain - j.fleet().OutIn(l.Name)
	case ByDomain:
		return j.Spec.Limits.PerDomain - j.shared[l]
	case ByPlatform:
		return j.Spec.Limits.PerPlatform - j.shared[l]
	}
	return max(1, j.Spec.Limits.PerGroup) - j.shared[l]
}

// RoomAt is how many more tasks may be out at the site by the job's own limit.
func (j *Job) RoomAt(site string) int {
	room := j.Spec.Limits.Parallel - j.out
	if most := j.Spec.Limits.PerSite; most > 0 {
		room = min(room, most-j.outAt[site])
	}
	return room
}

// Blocked says what keeps task i from being put out (open: its device may have an open session), and until when, where that is a matter of time.
func (j *Job) Blocked(i int, open bool, now time.Time) (l Limit, until time.Time, blocked bool) {
	t := &j.Tasks[i]
	l = loginLimit(t.Device)
	if !j.MayLogIn(i, open, now) {
		return l, time.Time{}, true
	}
	for _, s := range counted {
		if most := j.most(s, t); most > 0 {
			if k := (Limit{Share: s, Name: name(s, t.Device)}); j.shared[k] >= most {
				return k, time.Time{}, true
			}
		}
	}
	if j.FleetPerDomain > 0 && j.fleet().OutIn(t.Device.AuthDomain) >= j.FleetPerDomain {
		return Limit{Share: ByFleet, Name: t.Device.AuthDomain}, time.Time{}, true
	}
	for _, p := range [...]*login.Pace{j.pace(t.Device.AuthDomain), j.fleet().Pace(t.Device.AuthDomain)} {
		if p != nil && p.Next().After(now) {
			return l, p.Next(), true
		}
	}
	// What was released before and not claimed yet would log in together with the next.
	if most := max(1, j.Spec.Limits.LoginsPerMinute/60); j.Spec.Limits.LoginsPerMinute > 0 && j.unclaimed[t.Device.AuthDomain] >= most {
		return l, time.Time{}, true
	}
	return Limit{}, time.Time{}, false
}

func (j *Job) pace(domain string) *login.Pace {
	if j.Spec.Limits.LoginsPerMinute == 0 {
		return nil
	}
	p := j.paces[domain]
	if p == nil {
		if j.paces == nil {
			j.paces = map[string]*login.Pace{}
		}
		p = login.NewPace(j.Spec.Limits.LoginsPerMinute)
		j.paces[domain] = p
	}
	return p
}

// Paced reports whether logins in the domain have a pace.
func (j *Job) Paced(domain string) bool {
	return j.pace(domain) != nil || j.fleet().Pace(domain) != nil
}

// Log notes that a login in the domain of task i is about to happen.
func (j *Job) Log(i int, now time.Time) {
	domain := j.Tasks[i].Device.AuthDomain
	for _, p := range [...]*login.Pace{j.pace(domain), j.fleet().Pace(domain)} {
		if p != nil {
			p.Take(now)
		}
	}
}

// Resume begins the paces anew, as a leader that took over does not know the logins just before.
func (j *Job) Resume(now time.Time) {
	for i := range j.Tasks {
		if p := j.pace(j.Tasks[i].Device.AuthDomain); p == nil {
			return
		} else if j.Tasks[i].Attempt > 0 {
			p.Hold(now)
		}
	}
}

// count notes one task more or less out, by what it shares.
func (j *Job) count(t *Task, n int) {
	d := t.Device
	j.out += n
	if j.outAt == nil {
		j.outAt = map[string]int{}
	}
	j.outAt[d.Site] += n
	for _, s := range counted {
		if j.most(s, t) > 0 {
			if j.shared == nil {
				j.shared = map[Limit]int{}
			}
			j.shared[Limit{Share: s, Name: name(s, d)}] += n
		}
	}
	if n > 0 {
		j.fleet().Out(d.AuthDomain)
	} else {
		j.fleet().Back(d.AuthDomain)
	}
}
