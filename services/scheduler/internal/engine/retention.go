package engine

import (
	"context"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
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

// due returns an ended job whose records have been kept long enough.
func (r *retention) due(keep time.Duration, now time.Time) (string, bool) {
	if r.purging {
		return "", false
	}
	for job := range r.records {
		if at, ok := r.ends[job]; ok && now.Sub(at) > keep {
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
	for _, a := range e.jobs {
		e.giveUp(ctx, a, now)
	}
	if job, ok := e.kept.due(e.cfg.KeepRecords, now); ok {
		e.purge(ctx, job)
	}
}

// giveUp ends a stopped job whose claims nobody can recover, because no executor lives: a job never ends as running.
func (e *Engine) giveUp(ctx context.Context, a *active, now time.Time) {
	if a.busy || a.State != contract.JobRunning || !a.GateClosed || len(e.fleet.members) > 0 {
		return
	}
	device := time.Duration(a.Spec.Limits.DeviceTimeoutMS) * time.Millisecond
	if a.Claims() > 0 && now.After(a.Deadline.Add(device+stuckAfter)) {
		e.end(ctx, a)
	}
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
