package bus

import "time"

// progress is where a consumer stands.
type progress struct {
	delivered uint64 // messages given to anyone so far
	waiting   uint64 // messages not yet given to anyone
	full      bool   // no more may be in hand: waiting is right
}

// watchdog decides whether a consumer stalls: pull consumers of released servers have stopped delivering after changes of
// leadership, with messages waiting. It asks the server only after a time without messages.
type watchdog struct {
	after      time.Duration
	quietSince time.Time
	last       *progress
}

// due notes one fetch of got messages and says whether the server should be asked now.
func (w *watchdog) due(got int, now time.Time) bool {
	if got > 0 || w.quietSince.IsZero() {
		w.quietSince, w.last = now, nil
		return false
	}
	if now.Sub(w.quietSince) < w.after {
		return false
	}
	w.quietSince = now
	return true
}

// stalled compares two looks that are at least that long apart, during which this process was fetching all the time.
func (w *watchdog) stalled(p progress) bool {
	before := w.last
	w.last = &p
	if p.waiting == 0 || p.full {
		w.last = nil
		return false
	}
	if before == nil || before.delivered != p.delivered {
		return false
	}
	w.last = nil
	return true
}
