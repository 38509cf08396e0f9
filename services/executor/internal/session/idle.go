package session

import (
	"context"
	"time"

	"github.com/netrust/netrust/libs/driver"
)

const (
	// leaveWithin bounds how long a device has to close its side.
	leaveWithin = time.Second
	// pingsAtOnce bounds the signs of life that are waited for; what is due beyond waits for the next round.
	pingsAtOnce = 32
)

// farewell ends a session so that the device knows it.
func (p *Pool) farewell(s driver.Kept) {
	ctx, cancel := context.WithTimeout(context.Background(), leaveWithin)
	defer cancel()
	s.Leave(ctx)
}

// hangUp ends a session at once.
func hangUp(s driver.Kept) { _ = s.Close() }

// retire takes an idle entry out and closes its session beside. The mutex is held.
func (p *Pool) retire(e *entry, end func(driver.Kept)) {
	e.state = closing
	p.order.Remove(e.place)
	p.closers.Go(func() {
		end(e.session)
		p.remove(e)
	})
}

// Run looks after the idle sessions every so often, until ctx ends: it closes those that were idle for too long, that were
// dropped, or that others may count on being gone, and asks the devices of the rest for signs of life. The sessions that are
// left are closed when it returns.
func (p *Pool) Run(ctx context.Context, every time.Duration) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	room := make(chan struct{}, pingsAtOnce)
	defer p.Close()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case now := <-ticker.C:
			p.look(ctx, now, room)
		}
	}
}

// look does one round.
func (p *Pool) look(ctx context.Context, now time.Time, room chan struct{}) {
	dead := p.live.Ready() != nil
	since := p.live.AliveSince()
	p.mu.Lock()
	defer p.mu.Unlock()
	for at := p.order.Front(); at != nil; {
		e := at.Value.(*entry)
		at = at.Next()
		switch {
		case dead || e.since.Before(since):
			p.counts.Unfit++
			p.retire(e, hangUp) // there may be no time for manners
		case !e.session.Alive():
			p.counts.Lost++
			p.retire(e, hangUp)
		case now.Round(0).Sub(e.since) >= p.cfg.Idle:
			p.counts.Expired++
			p.retire(e, p.farewell)
		case p.cfg.Keepalive > 0 && !e.pinging && now.Sub(e.heard) >= p.cfg.Keepalive:
			p.ping(ctx, e, room)
		}
	}
}

// ping asks an idle session's device for a sign of life, if there is room. The mutex is held.
func (p *Pool) ping(ctx context.Context, e *entry, room chan struct{}) {
	select {
	case room <- struct{}{}:
	default:
		return
	}
	e.pinging = true
	s := e.session
	p.closers.Go(func() {
		defer func() { <-room }()
		within, cancel := context.WithTimeout(ctx, checkWithin)
		err := s.Ping(within)
		silent := within.Err() != nil && ctx.Err() == nil
		cancel()
		if err != nil && silent {
			p.noteDeaf(e.device)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		e.pinging = false
		switch {
		case e.state != idle || e.session != s: // a task has it: it will see
		case err == nil:
			e.heard = time.Now()
		default:
			p.counts.Lost++
			p.retire(e, hangUp)
		}
	})
}

// Close closes the idle sessions, and waits until they are. Those in use are closed when their use ends: nothing is kept from
// now on.
func (p *Pool) Close() {
	if p == nil {
		return
	}
	p.mu.Lock()
	p.closed = true
	for p.order.Len() > 0 {
		p.retire(p.order.Front().Value.(*entry), p.farewell)
	}
	p.mu.Unlock()
	p.closers.Wait()
}
