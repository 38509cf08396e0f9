package engine

import (
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/services/scheduler/internal/job"
)

// Tasks that a limit keeps back are parked by what they wait for, so that they hide nothing behind them. When a task leaves
// what it was counted in, as many are put back in front of their queues as there is room for: each release costs a few steps,
// however many tasks wait.

// park keeps task i where what it waits for will find it.
func (e *Engine) park(a *active, i int, l job.Limit, until time.Time) {
	q := a.parked[l]
	if q == nil {
		q = &queue{}
		a.parked[l] = q
		if l.Share == job.ByLogin {
			a.logins[l.Name] = append(a.logins[l.Name], l)
		}
	}
	q.push(i)
	// What it would have taken elsewhere is free for others.
	for _, other := range a.Limits(i) {
		if other != l {
			a.free(other)
		}
	}
	if !until.IsZero() {
		e.atPace(a, l, until)
		return
	}
	if l.Share == job.ByLogin || l.Share == job.ByFleet {
		jobs := e.waiters[l.Name]
		if jobs == nil {
			jobs = map[*active]struct{}{}
			e.waiters[l.Name] = jobs
		}
		jobs[a] = struct{}{}
	}
	if l.Share == job.ByLogin && !a.Proven(i) {
		a.Refuse(l.Name, e.release.now) // then the job ends at its next step
	}
}

// atPace tries a parked task again when the pace of logins allows one. One timer per job and domain is enough.
func (e *Engine) atPace(a *active, l job.Limit, at time.Time) {
	k := paced{a, l}
	if _, waits := e.paced[k]; waits {
		return
	}
	e.paced[k] = struct{}{}
	e.at(at, func(time.Time) {
		delete(e.paced, k)
		a.free(l)
	})
}

type paced struct {
	job   *active
	limit job.Limit
}

// free notes that a limit may have room for tasks that are parked.
func (a *active) free(l job.Limit) {
	if q := a.parked[l]; q != nil && q.len() > 0 {
		a.freed[l] = struct{}{}
	}
}

// freeDomain does so for what is waited for in an authentication domain.
func (a *active) freeDomain(domain string) {
	for _, l := range a.logins[domain] {
		a.free(l)
	}
	a.free(job.Limit{Share: job.ByFleet, Name: domain})
}

// free notes that task i has changed what is counted: another of its job, or of another job in its domain, may have room.
func (e *Engine) free(a *active, i int) {
	for _, l := range a.Limits(i) {
		a.free(l)
	}
	domain := a.Tasks[i].Device.AuthDomain
	a.freeDomain(domain)
	e.freeOthers(domain)
}

// freeOthers lets the jobs that wait for others in a domain look again. Who still waits comes again.
func (e *Engine) freeOthers(domain string) {
	for other := range e.waiters[domain] {
		other.freeDomain(domain)
	}
	delete(e.waiters, domain)
}

// unpark puts tasks whose limits have room back in front of their queues. One whose site has no room now goes to its queue
// too, and another takes its place: it must not hold what others could use.
func (e *Engine) unpark(a *active) {
	for l := range a.freed {
		q := a.parked[l]
		room := e.room(a, l, q)
		if q.len() == 0 || room <= 0 || l.Share == job.ByLogin {
			delete(a.freed, l) // otherwise it is looked at again next time: others may have taken the room of the site
		}
		bySite := map[string][]int{}
		for room > 0 {
			i, ok := q.pop()
			if !ok {
				break
			}
			site := a.site(i)
			if bySite[site] = append(bySite[site], i); len(bySite[site]) <= e.siteRoom(a, site) {
				room--
			}
		}
		for site, items := range bySite {
			a.queue(site).pushFront(items...)
		}
	}
}

// triesAtOnce is how many tasks are tried when the pace of logins allows one: more may be due since the last time.
const triesAtOnce = 16

// room is how many of the tasks parked by a limit are worth another try. All that wait for a login have the same credential:
// where it has succeeded all may go, else the next is tried.
func (e *Engine) room(a *active, l job.Limit, q *queue) int {
	switch {
	case q.len() == 0:
		return 0
	case l.Share != job.ByLogin:
		return a.Room(l)
	case !a.Proven(int(q.items[q.head])):
		return 1
	case a.Paced(l.Name):
		return triesAtOnce
	}
	return q.len()
}

// siteRoom is how many more tasks of the job may be out at the site.
func (e *Engine) siteRoom(a *active, site string) int {
	r, class := &e.release, a.Class()
	room := min(a.RoomAt(site), window*e.fleet.capacity(class, site)-r.out[class][site], window*e.fleet.total[class]-r.outTotal[class])
	if e.cfg.MaxPerSite > 0 {
		out := 0
		for _, c := range contract.Classes {
			out += r.out[c][site]
		}
		room = min(room, e.cfg.MaxPerSite-out)
	}
	return room
}
