package engine

import (
	"testing"
	"time"
)

// What is due is decided from arguments alone, which no test from outside can give one by one.
func TestWhichRecordsAreDue(t *testing.T) {
	t.Parallel()
	const keep, patience = time.Hour, 24 * time.Hour
	now := time.Now()
	claimed := map[claimKey]*claim{{Job: "j"}: nil}
	for name, c := range map[string]struct {
		ended   time.Duration // before now; 0: it runs
		audited uint64
		busy    bool
		claims  map[claimKey]*claim
		want    verdict
	}{
		"of a job that runs: none":                                         {audited: 9},
		"of one that has just ended: none":                                 {ended: time.Minute, audited: 9},
		"of one that ended long ago and was recorded: they go":             {ended: 2 * time.Hour, audited: 9, want: verdict{job: "j"}},
		"of one whose last record is not recorded: they wait":              {ended: 2 * time.Hour, audited: 8, want: verdict{held: true}},
		"of one that waited for too long: they go, and it is said":         {ended: 26 * time.Hour, audited: 8, want: verdict{job: "j", unread: true}},
		"of one with an open claim: none, whatever its age":                {ended: 99 * time.Hour, audited: 9, claims: claimed},
		"while something is being purged or looked up already: none":       {ended: 2 * time.Hour, audited: 9, busy: true},
		"of one that waited for too long and was recorded: without a word": {ended: 26 * time.Hour, audited: 9, want: verdict{job: "j"}},
	} {
		r := newRetention()
		r.sawRecord("j", 9)
		r.sawRecord("j", 7) // out of order: the newest counts
		r.audited, r.busy = c.audited, c.busy
		if c.ended > 0 {
			r.ended("j", now.Add(-c.ended))
		}
		if got := r.due(keep, patience, now, c.claims); got != c.want {
			t.Errorf("records %s: %+v, want %+v", name, got, c.want)
		}
	}
}
