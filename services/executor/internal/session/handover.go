package session

import (
	"context"
	"fmt"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/driver"
)

const (
	// askWithin bounds how long an executor has to answer.
	askWithin = 3 * time.Second
	// askAgain is after which time an executor that still works in its session is asked again.
	askAgain = 500 * time.Millisecond
	// muteFor is for how long an executor that did not answer is not asked again, so that tasks do not wait for it in rows.
	muteFor = 2 * time.Second
)

// clear has sessions of other executors closed, until this one may open its own. It returns the executors that may still have
// one.
func (p *Pool) clear(ctx context.Context, r *Request) ([]string, error) {
	most := r.MaxSessions
	if most <= 0 {
		most = max(1, p.cfg.PerDevice)
	}
	others := r.Lease.Sessions()
	for len(others) >= most {
		if err := p.claim(ctx, r, others[0]); err != nil {
			return nil, err
		}
		others = others[1:]
	}
	return others, nil
}

// claim has one executor's session on the device closed. An executor that is gone has none.
func (p *Pool) claim(ctx context.Context, r *Request, holder string) error {
	held := func(why string, wait time.Duration) error {
		return &HeldError{DeviceID: r.Device.ID, Holder: holder, Why: why, Wait: wait}
	}
	why := "it did not answer a moment ago"
	if !p.isMute(holder) {
		asking, cancel := context.WithTimeout(ctx, askWithin)
		state, err := p.fleet.Ask(asking, holder, contract.SessionAsk{Site: r.Device.Site, DeviceID: r.Device.ID, Asker: p.self})
		cancel()
		switch {
		case err == nil && state == contract.SessionClosed:
			return nil
		case err == nil && state == contract.SessionInUse:
			return held("a task that lost its claim still works in it", askAgain)
		case ctx.Err() != nil:
			return driver.EndedError(ctx, r.Target, driver.StageDial, 0)
		case err == nil:
			why = fmt.Sprintf("it says %q of it", state)
		default:
			p.setMute(holder)
			why = "it does not answer: " + err.Error()
		}
	}
	alive, err := p.fleet.Alive(ctx, holder)
	switch {
	case err != nil:
		return held(why+", and whether it lives cannot be read: "+err.Error(), muteFor)
	case alive:
		return held(why, muteFor)
	}
	return nil
}

func (p *Pool) isMute(holder string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	until, ok := p.mute[holder]
	if ok && time.Now().After(until) {
		delete(p.mute, holder)
		return false
	}
	return ok
}

func (p *Pool) setMute(holder string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mute[holder] = time.Now().Add(muteFor)
}

// Release closes the session on a device for another executor that holds the device, and says what became of it. A session that is
// still in use is closed when its use ends.
func (p *Pool) Release(ctx context.Context, d Device) contract.SessionState {
	for {
		p.mu.Lock()
		e := p.entries[d]
		switch {
		case e == nil:
			p.mu.Unlock()
			return contract.SessionClosed
		case e.state == inUse:
			e.unwanted = true
			p.mu.Unlock()
			return contract.SessionInUse
		case e.state == idle:
			p.counts.Asked++
			p.retire(e, p.farewell)
		}
		gone := e.gone
		p.mu.Unlock()
		select {
		case <-gone:
		case <-ctx.Done():
			return contract.SessionUnknown
		}
	}
}
