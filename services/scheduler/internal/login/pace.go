package login

import "time"

// slack is how far behind its time a login may come without losing its place: tasks are released in ticks.
const slack = 50 * time.Millisecond

// Pace spreads logins evenly: of n per minute, each may come a sixtieth of a minute, divided by n, after the one before. So
// within any minute there are no more than n.
type Pace struct {
	every time.Duration
	next  time.Time
}

// NewPace makes a pace of so many logins per minute.
func NewPace(perMinute int) *Pace {
	return &Pace{every: (time.Minute + slack) / time.Duration(perMinute)}
}

// Next is when the next login may come; in the past, or now, if at once.
func (p *Pace) Next() time.Time { return p.next }

// Take notes a login now.
func (p *Pace) Take(now time.Time) {
	from := p.next
	if earliest := now.Add(-slack); from.Before(earliest) {
		from = now
	}
	p.next = from.Add(p.every)
}

// Hold lets no login come before one interval has passed: what came before now is not known.
func (p *Pace) Hold(now time.Time) {
	if at := now.Add(p.every); at.After(p.next) {
		p.next = at
	}
}
