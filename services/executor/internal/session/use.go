package session

import (
	"context"
	"errors"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/driver"
)

// Use is one task's time with a session. It is not safe for concurrent use.
type Use struct {
	driver.Session

	pool     *Pool
	request  Request
	entry    *entry
	others   []string // that may have a session on the device too
	reused   bool
	reopened bool
	sent     bool
}

// Reused reports whether the task found the session open: it logged in nowhere.
func (u *Use) Reused() bool { return u.reused }

// open logs in.
func (u *Use) open(ctx context.Context) error {
	r := &u.request
	keep := u.pool.keeps() && r.Keep
	s, err := r.Driver.Open(ctx, r.Target, driver.OpenOptions{Commands: r.Commands, Keep: keep})
	if err != nil {
		return err
	}
	u.Session, u.reused = s, false
	if u.pool == nil {
		return nil
	}
	e := u.entry
	e.opened, e.heard = time.Now(), time.Now()
	e.session, _ = s.(driver.Kept)
	e.identity = u.pool.identity(r)
	u.pool.count(func(c *Counts) { c.Opened++ })
	return nil
}

// Run sends a command. See [driver.Session].
func (u *Use) Run(ctx context.Context, c driver.Command) (driver.Output, error) {
	out, err := u.Session.Run(ctx, c)
	if err == nil {
		u.sent = true
	}
	return out, err
}

// MayReopen reports whether the error is that the device had dropped the session that was kept, so that the command may be sent
// in a new one: it was the first, and nothing can have happened, or repeating harms nothing. Once per use.
func (u *Use) MayReopen(err error, repeatable bool) bool {
	if !u.reused || u.reopened || u.sent || u.request.NoLogin {
		return false
	}
	lost := errors.Is(err, driver.ErrSessionClosed) || errors.As(err, new(*driver.UnreachableError))
	return lost && (repeatable || driver.EffectOf(err) == contract.EffectNone)
}

// Reopen opens a new session to the target in place of the one that was lost.
func (u *Use) Reopen(ctx context.Context, t driver.Target) error {
	if !u.reopened {
		u.reopened = true
		_ = u.Session.Close()
		u.entry.session = nil
		u.pool.count(func(c *Counts) { c.Lost++; c.Reopened++ })
	}
	u.request.Target = t
	return u.open(ctx)
}

// Close ends the use: the session is kept if it may be and is as it was opened, else closed. It then tells the lease who may
// have a session when the device is released.
func (u *Use) Close() {
	if u.pool == nil {
		_ = u.Session.Close()
		return
	}
	if u.pool.keep(u) {
		u.request.Lease.Leave(append(u.others[:len(u.others):len(u.others)], u.pool.self))
		return
	}
	if u.pool.keeps() && u.entry.session != nil && u.Session.Alive() {
		u.pool.farewell(u.entry.session)
	} else {
		_ = u.Session.Close()
	}
	u.pool.remove(u.entry)
}

// keep puts the session among the idle ones, if it may be kept.
func (p *Pool) keep(u *Use) bool {
	e := u.entry
	if !p.keeps() || !u.request.Keep || e.session == nil {
		return false
	}
	fit := e.session.Fresh() && p.live.Ready() == nil && !e.opened.Before(p.live.AliveSince())
	p.mu.Lock()
	defer p.mu.Unlock()
	if !fit || p.closed || e.unwanted || p.isDeaf(e.device) {
		p.counts.Unfit++
		return false
	}
	e.state, e.since, e.heard = idle, time.Now().Round(0), time.Now()
	e.place = p.order.PushBack(e)
	for p.order.Len() > p.cfg.Limit {
		p.counts.Evicted++
		p.retire(p.order.Front().Value.(*entry), p.farewell)
	}
	return true
}
