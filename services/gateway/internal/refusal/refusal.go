// Package refusal keeps what the gateway refused from filling the audit log.
//
// The log is never shortened, and anybody can be refused as often as he likes. So each principal (all who have none are
// one) has an allowance of records; what goes beyond it within a window is counted, and the count is one record at the
// window's end. Nothing is left uncounted.
package refusal

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/netrust/netrust/libs/contract"
)

// Allowance of records in one window, for each principal.
const (
	Window    = 10 * time.Second
	Allowance = 20
	// addresses is how many a count names.
	addresses = 10
)

// Recorder records refusals. Safe for concurrent use.
type Recorder struct {
	report func(contract.AuditEvent)
	now    func() time.Time

	mu      sync.Mutex
	windows map[string]*window // by principal
}

// window is what one principal was refused since its start.
type window struct {
	start  time.Time
	n      int
	beyond int
	last   contract.AuditEvent // the newest beyond the allowance
	from   []string
	others bool // more addresses than from holds
}

// New makes a recorder that hands what is to be recorded to report, which must not wait.
func New(report func(contract.AuditEvent)) *Recorder {
	return &Recorder{report: report, now: time.Now, windows: map[string]*window{}}
}

// Refused records one refusal, or counts it.
func (r *Recorder) Refused(e contract.AuditEvent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	w := r.windows[e.Actor.Principal]
	if w != nil && now.Sub(w.start) >= Window {
		r.close(w)
		w = nil
	}
	if w == nil {
		w = &window{start: now}
		r.windows[e.Actor.Principal] = w
	}
	if w.n++; w.n <= Allowance {
		r.report(e)
		return
	}
	w.beyond++
	w.last = e
	host := e.Actor.Address
	if i := strings.LastIndexByte(host, ':'); i > 0 {
		host = host[:i] // the port is another one each time
	}
	switch {
	case slices.Contains(w.from, host):
	case len(w.from) < addresses:
		w.from = append(w.from, host)
	default:
		w.others = true
	}
}

// close records what a window counted.
func (r *Recorder) close(w *window) {
	if w.beyond == 0 {
		return
	}
	e := w.last
	e.Count = w.beyond
	e.Reason = fmt.Sprintf("%d more within %s, the last: %s", w.beyond, Window, e.Reason)
	parameters := map[string]string{"addresses": strings.Join(w.from, ", ")}
	if w.others {
		parameters["addresses"] += " and others"
	}
	for name, value := range e.Parameters {
		parameters[name] = value
	}
	e.Parameters = parameters
	r.report(e)
}

// Run closes windows whose time is over until ctx ends, and then all of them.
func (r *Recorder) Run(ctx context.Context) error {
	tick := time.NewTicker(Window / 2)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			r.sweep(false)
		case <-ctx.Done():
			r.sweep(true)
			return ctx.Err()
		}
	}
}

func (r *Recorder) sweep(all bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for principal, w := range r.windows {
		if all || r.now().Sub(w.start) >= Window {
			r.close(w)
			delete(r.windows, principal)
		}
	}
}
