package bus

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// denials are what the server has not permitted lately. It says so outside of any request: what was asked gets no answer,
// and without these would be a time-out that names no cause. The zero value is ready.
type denials struct {
	mu    sync.Mutex
	last  map[string]time.Time // by subject
	fresh chan struct{}        // closed, and made anew, at each denial
}

// maxDenials bounds the subjects that are remembered.
const maxDenials = 256

// denialLogEvery bounds how often one subject is logged.
const denialLogEvery = time.Minute

// violation is how the server words it, for example: Permissions Violation for Publish to "job.event.x".
var violation = regexp.MustCompile(`(?i)permissions violation for (?:publish|subscription) to "([^"]+)"`)

// onError takes what the server says outside of any request.
func (c *Conn) onError(_ *nats.Conn, sub *nats.Subscription, err error) {
	if parts := violation.FindStringSubmatch(err.Error()); errors.Is(err, nats.ErrPermissionViolation) && parts != nil {
		if c.denials.note(parts[1], time.Now()) {
			c.log.Error().Str("subject", parts[1]).Str("service", c.service).
				Msg("NATS does not permit this subject: have its users been made anew since the last upgrade?")
		}
		return
	}
	ev := c.log.Warn().Err(err)
	if sub != nil {
		ev = ev.Str("subject", sub.Subject)
	}
	ev.Msg("NATS reports an error")
}

// note remembers a denial, and reports whether it should be logged.
func (d *denials) note(subject string, now time.Time) (news bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	before, known := d.last[subject]
	if d.last == nil || !known && len(d.last) >= maxDenials {
		d.last = map[string]time.Time{}
	}
	d.last[subject] = now
	if d.fresh != nil {
		close(d.fresh)
		d.fresh = nil
	}
	return now.Sub(before) > denialLogEvery
}

// since returns a subject that contains one of the parts and was denied at the time or later.
func (d *denials) since(begin time.Time, parts ...string) (string, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for subject, at := range d.last {
		if !at.Before(begin) && slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(subject, p) }) {
			return subject, true
		}
	}
	return "", false
}

// overtaken bounds the wait for a denial that the answer to a later message has overtaken inside the client library.
const overtaken = 250 * time.Millisecond

// soon waits until [denials.since] has an answer, or a little time.
func (d *denials) soon(begin time.Time, parts ...string) {
	limit := time.NewTimer(overtaken)
	defer limit.Stop()
	for {
		d.mu.Lock()
		if d.fresh == nil {
			d.fresh = make(chan struct{})
		}
		fresh := d.fresh
		d.mu.Unlock()
		if _, ok := d.since(begin, parts...); ok {
			return
		}
		select {
		case <-fresh:
		case <-limit.C:
			return
		}
	}
}

// explain adds to a failure that began at the time which subject was denied meanwhile, if one with these parts was: that is why
// there was no answer.
func (c *Conn) explain(err error, begin time.Time, parts ...string) error {
	if err == nil {
		return nil
	}
	if subject, ok := c.denials.since(begin, parts...); ok {
		return fmt.Errorf("%w (%w)", err, &DeniedError{User: c.service, Subject: subject})
	}
	return err
}
