package session

import (
	"context"
	"slices"
	"time"

	"github.com/netrust/netrust/libs/driver"
)

// checkAfter is for how long a session that was just heard of is taken for alive without asking.
const checkAfter = 5 * time.Second

// checkWithin bounds a check before reuse, and the sign of life of an idle session.
const checkWithin = 5 * time.Second

// Lease is what a pool needs of the right to work on the device.
type Lease interface {
	// Sessions are the executors that may have a session on the device besides this one, the oldest first.
	Sessions() []string
	// Leave says which executors may have one when the device is released.
	Leave(sessions []string)
}

// Request says what a task needs.
type Request struct {
	Device Device
	Target driver.Target
	Driver driver.Driver
	// Commands are those that the task will send.
	Commands []string
	// Policy is the host key policy that the device is met under.
	Policy string
	// Keep says that the session may stay open afterwards.
	Keep bool
	// Check asks the device for a sign of life before a session is used again, however lately it was heard: the commands may
	// not be repeated.
	Check bool
	// MaxSessions is how many executors may have a session on the device; 0: the pool's setting.
	MaxSessions int
	// NoLogin says that only a session that is open may be used.
	NoLogin bool
	Lease   Lease
}

// Take gives a session for one task that holds the device: the one that was kept, if the device still answers in it, or a new
// one. Before that it has those sessions closed that other executors keep beyond what is allowed. Errors are the driver's, or
// a [*HeldError]; nothing was sent then. Use.Close must be called.
func (p *Pool) Take(ctx context.Context, r Request) (*Use, error) {
	u := &Use{pool: p, request: r}
	if r.NoLogin && !p.has(r.Device) {
		return nil, ErrNoSession // others keep theirs
	}
	if p == nil {
		if err := u.open(ctx); err != nil {
			return nil, err
		}
		return u, nil
	}
	others, err := p.clear(ctx, &r)
	if err != nil {
		return nil, err
	}
	r.Lease.Leave(others)
	u.others = others
	e, err := p.enter(ctx, &r)
	if err != nil {
		return nil, err
	}
	u.entry = e
	if p.resume(ctx, u) {
		return u, nil
	}
	if err = ErrNoSession; !r.NoLogin {
		err = u.open(ctx)
	}
	if err != nil {
		p.remove(e)
		return nil, err
	}
	return u, nil
}

// has reports whether there is an entry of the device, and perhaps a session. A nil pool has none.
func (p *Pool) has(d Device) bool {
	if p == nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.entries[d]
	return e != nil && e.session != nil
}

// enter makes the device's entry this task's own, with the session that it has, if any.
func (p *Pool) enter(ctx context.Context, r *Request) (*entry, error) {
	for {
		p.mu.Lock()
		e := p.entries[r.Device]
		switch {
		case e == nil:
			e = &entry{device: r.Device, state: inUse, gone: make(chan struct{})}
			p.entries[r.Device] = e
			p.mu.Unlock()
			return e, nil
		case e.state == idle:
			e.state = inUse
			p.order.Remove(e.place)
			p.mu.Unlock()
			return e, nil
		case e.state == inUse:
			p.mu.Unlock()
			// Only a task that has lost its claim can still be there.
			return nil, &HeldError{DeviceID: r.Device.ID, Holder: p.self, Why: "a task that lost its claim still works in it", Wait: askAgain}
		}
		gone := e.gone
		p.mu.Unlock()
		select {
		case <-gone:
		case <-ctx.Done():
			return nil, driver.EndedError(ctx, r.Target, driver.StageDial, 0)
		}
	}
}

// resume tries the session that was kept. It reports false when a new one must be opened.
func (p *Pool) resume(ctx context.Context, u *Use) bool {
	e := u.entry
	if e.session == nil {
		return false
	}
	s := e.session
	if e.identity != p.identity(&u.request) || e.since.Before(p.live.AliveSince()) {
		p.farewell(s)
		p.count(func(c *Counts) { c.Unfit++ })
		e.session = nil
		return false
	}
	check := u.request.Check || time.Since(e.heard) > checkAfter
	within, cancel := context.WithTimeout(ctx, checkWithin)
	defer cancel()
	if err := s.Resume(within, check); err != nil {
		if within.Err() != nil && ctx.Err() == nil {
			p.noteDeaf(e.device)
		}
		_ = s.Close()
		e.session = nil
		u.reopened = true
		p.count(func(c *Counts) { c.Lost++; c.Reopened++ })
		return false
	}
	if check {
		e.heard = time.Now()
	}
	u.Session, u.reused = s, true
	p.count(func(c *Counts) { c.Reused++ })
	return true
}

// deafFor is for how long no session is kept on a device that gave no sign of life: there are SSH servers that never answer what
// they do not know, and each reuse would wait for them in vain.
const deafFor = 10 * time.Minute

func (p *Pool) noteDeaf(d Device) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deaf[d] = time.Now().Add(deafFor)
}

// isDeaf reports whether no session is kept on the device for now. The mutex is held.
func (p *Pool) isDeaf(d Device) bool {
	until, ok := p.deaf[d]
	if ok && time.Now().After(until) {
		delete(p.deaf, d)
		return false
	}
	return ok
}

// identity is whom a session is with, and as whom.
func (p *Pool) identity(r *Request) (id [32]byte) {
	return r.Target.Identity(slices.Concat(p.salt, []byte(r.Policy)))
}

func (p *Pool) count(f func(*Counts)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.counts)
}

// remove ends an entry that has no session.
func (p *Pool) remove(e *entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.entries[e.device] == e {
		delete(p.entries, e.device)
		close(e.gone)
	}
}
