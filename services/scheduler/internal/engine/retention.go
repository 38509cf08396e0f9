package engine

import (
	"context"
	"time"

	"github.com/netrust/netrust/libs/audit"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
	"github.com/netrust/netrust/services/scheduler/internal/job"
)

// stuckAfter is how long after its deadline a stopped job waits for executors that could recover its claims.
const stuckAfter = time.Minute

// auditEvery is how often a leader looks how far the audit is, while records wait for it.
const auditEvery = 5 * time.Second

// retention knows which ended jobs still have records in the ledger.
type retention struct {
	ends    map[string]time.Time
	records map[string]uint64 // the sequence of the job's newest record
	busy    bool              // something is being purged or looked up
	audited uint64            // up to where the audit had recorded the ledger, at the last look
	looked  time.Time
}

func newRetention() retention {
	return retention{ends: map[string]time.Time{}, records: map[string]uint64{}}
}

func (r *retention) sawRecord(job string, seq uint64) { r.records[job] = max(seq, r.records[job]) }
func (r *retention) ended(job string, at time.Time)   { r.ends[job] = at }

// verdict is what is to be done about old records.
type verdict struct {
	job    string // whose records are purged; "" for none
	unread bool   // the audit has not recorded them, and was waited for long enough
	held   bool   // records wait for the audit
}

// due returns an ended job whose records have been kept long enough, and were read by the audit, unless that is away for
// longer than patience. One of which a claim is left is not due: its record is what the device's lease is recovered by.
func (r *retention) due(keep, patience time.Duration, now time.Time, claims map[claimKey]*claim) (v verdict) {
	if r.busy {
		return v
	}
	claimed := map[string]bool{}
	for key := range claims {
		claimed[key.Job] = true
	}
	for job, last := range r.records {
		at, ended := r.ends[job]
		switch {
		case !ended || now.Sub(at) <= keep || claimed[job]:
		case last <= r.audited:
			return verdict{job: job}
		case now.Sub(at) > keep+patience:
			v.job, v.unread = job, true
		default:
			v.held = true
		}
	}
	return v
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
	switch v := e.kept.due(e.cfg.KeepRecords, e.cfg.KeepForAudit, now, e.claims); {
	case (v.held || v.unread) && now.Sub(e.kept.looked) >= auditEvery:
		e.lookAtAudit(ctx, now)
	case v.job != "":
		e.purge(ctx, v.job, v.unread)
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

// lookAtAudit finds out how far the audit has recorded the ledger.
func (e *Engine) lookAtAudit(ctx context.Context, now time.Time) {
	e.kept.busy, e.kept.looked = true, now
	e.effects.Go(func() {
		at, err := audit.Position(ctx, e.conn, ledger.Stream)
		_ = e.post(ctx, func() { // refused only when the term ends
			e.kept.busy = false
			if err != nil {
				e.log.Warn().Err(err).Msg("how far the audit is cannot be read; old ledger records are kept meanwhile")
				return
			}
			e.kept.audited = at
		})
	})
}

// purge removes an ended job's records from the ledger: its summary stays. Of records that the audit has not read it is
// told that they are gone.
func (e *Engine) purge(ctx context.Context, job string, unread bool) {
	e.kept.busy = true
	e.effects.Go(func() {
		var err error
		if unread {
			e.log.Error().Str("job_id", job).Dur("after", e.cfg.KeepRecords+e.cfg.KeepForAudit).Msg("ledger records are purged that no audit has recorded; is netrust serve audit running?")
			err = audit.NewReporter(e.conn, "scheduler", e.log).Record(ctx, contract.AuditEvent{
				Kind: contract.AuditLogGap, Outcome: contract.AuditFailed, JobID: job, Parameters: map[string]string{"stream": ledger.Stream},
				Reason: "the ledger's records of the job were purged before an audit had read them",
			})
		}
		if err == nil {
			err = e.conn.PurgeSubject(ctx, ledger.Stream, ledger.Subject(contract.JobTaskRecords(job)))
		}
		_ = e.post(ctx, func() { // refused only when the term ends
			e.kept.busy = false
			if err != nil {
				e.log.Warn().Err(err).Str("job_id", job).Msg("purging old ledger records failed; trying again")
				return
			}
			delete(e.kept.records, job)
			delete(e.kept.ends, job)
		})
	})
}
