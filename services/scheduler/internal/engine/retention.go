package engine

import (
	"context"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
	"github.com/netrust/netrust/services/scheduler/internal/job"
)

// stuckAfter is how long after its deadline a stopped job waits for executors that could recover its claims.
const stuckAfter = time.Minute

// retention knows which ended jobs still have records in the ledger.
type retention struct {
	ends    map[string]time.Time
	records map[string]bool
	purging bool
}

func newRetention() retention {
	return retention{ends: map[string]time.Time{}, records: map[string]bool{}}
}

func (r *retention) sawRecord(job string)           { r.records[job] = true }
func (r *retention) ended(job string, at time.Time) { r.ends[job] = at }

// due returns an ended job whose records have been kept long enough. One of which a claim is left is not due: its record
// is what the device's lease is recovered by.
func (r *retention) due(keep time.Duration, now time.Time, claims map[claimKey]*claim) (string, bool) {
	if r.purging {
		return "", false
	}
	claimed := map[string]bool{}
	for key := range claims {
		claimed[key.Job] = true
	}
	for job := range r.records {
		if at, ok := r.ends[job]; ok && now.Sub(at) > keep && !claimed[job] {
			return job, true
		}
	}
	return "", false
}

// housekeep does what is done once a second.
func (e *Engine) housekeep(ctx context.Context, now time.Time) {
	for _, incarnation := range e.fleet.silent(now.Add(-e.cfg.SilentAfter)) {
		e.onGone(incarnation)
	}
	e.sweepTasks(ctx)
	for _, a := range e.jobs {
		e.giveUp(ctx, a, now)
	}
	if job, ok := e.kept.due(e.cfg.KeepRecords, now, e.claims); ok {
		e.purge(ctx, job)
	}
}

// giveUp ends a stopped job whose claims nobody can recover, because no executor lives that serves their sites: a job
// never ends as running.
func (e *Engine) giveUp(ctx context.Context, a *active, now time.Time) {
	if a.busy || a.State != contract.JobRunning || !a.GateClosed || a.Claims() == 0 {
		return
	}
	device := time.Duration(a.Spec.Limits.DeviceTimeoutMS) * time.Millisecond
	if now.After(a.Deadline.Add(device+stuckAfter)) && !e.recoverable(a) {
		e.end(ctx, a)
	}
}

// recoverable reports whether one of the job's claims has a holder that lives, or somebody who can recover it.
func (e *Engine) recoverable(a *active) bool {
	for i := range a.Tasks {
		if a.Tasks[i].Phase != job.Claimed {
			continue
		}
		if c := e.claims[a.Key(i)]; c != nil && e.fleet.alive(c.record.Holder) || e.fleet.capacity(a.Class(), a.site(i)) > 0 {
			return true
		}
	}
	return false
}

// purge removes an ended job's records from the ledger: its summary stays.
func (e *Engine) purge(ctx context.Context, job string) {
	e.kept.purging = true
	e.effects.Go(func() {
		err := e.conn.PurgeSubject(ctx, ledger.Stream, ledger.Subject(contract.JobTaskRecords(job)))
		_ = e.post(ctx, func() { // refused only when the term ends
			e.kept.purging = false
			if err != nil {
				e.log.Warn().Err(err).Str("job_id", job).Msg("purging old ledger records failed; trying again")
				return
			}
			delete(e.kept.records, job)
			delete(e.kept.ends, job)
		})
	})
}
