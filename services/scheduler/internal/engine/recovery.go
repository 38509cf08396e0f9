package engine

import (
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
)

const (
	// repeatableRecovery is the delay before a task that may be repeated is recovered: a redelivery may do it before.
	repeatableRecovery = 200 * time.Millisecond
	// exclusiveMargin is added to the exclusive time of one that may not: executors add two seconds for their clocks.
	exclusiveMargin = 3 * time.Second
	// recoverAgain is when a recovery that had no effect is released again, at the latest: as soon as any release that was in vain.
	recoverAgain = 10 * time.Second
)

// claimKey names a claimed task.
type claimKey = contract.TaskKey

// claim is a task in an executor's hands.
type claim struct {
	key    claimKey
	seq    uint64
	record *contract.TaskRecord
	// released says that a recovery was released, and may be on its way.
	released bool
}

// trackClaim keeps who is at work on what.
func (e *Engine) trackClaim(key contract.TaskKey, entry ledger.Entry) {
	if old := e.claims[key]; old != nil && old.seq >= entry.Seq {
		return
	}
	if entry.Task.State != contract.Claimed || entry.Task.Claim == nil {
		delete(e.claims, key)
		return
	}
	c := &claim{key: key, seq: entry.Seq, record: entry.Task}
	e.claims[key] = c
	if e.started && !e.fleet.alive(entry.Task.Holder) {
		e.recoverLater(c)
	}
}

// onGone starts the recovery of what an executor left behind.
func (e *Engine) onGone(incarnation string) {
	e.fleet.remove(incarnation)
	if !e.started {
		return
	}
	e.log.Info().Str("executor", incarnation).Int("claims", e.claimsOf(incarnation)).Msg("an executor is gone; tasks it had in hand are recovered when nobody else can be touching their devices")
	e.recoverClaims(func(holder string) bool { return holder == incarnation })
}

func (e *Engine) claimsOf(holder string) (n int) {
	for _, c := range e.claims {
		if c.record.Holder == holder {
			n++
		}
	}
	return n
}

func (e *Engine) recoverClaims(of func(holder string) bool) {
	for _, c := range e.claims {
		if of(c.record.Holder) {
			e.recoverLater(c)
		}
	}
}

// recoverLater releases a recovery for a claim, as soon as one can succeed, until the claim has a newer record.
func (e *Engine) recoverLater(c *claim) {
	due := time.Now().Add(repeatableRecovery)
	if !c.record.Claim.Repeatable {
		due = c.record.Claim.ExclusiveUntil.Add(exclusiveMargin)
	}
	var again func(now time.Time)
	again = func(now time.Time) {
		holder := c.record.Holder
		if e.claims[c.key] != c || e.fleet.alive(holder) {
			return
		}
		c.released = true
		e.release.recoveries = append(e.release.recoveries, c)
		e.cfg.Meters.Recoveries.Inc()
		e.at(now.Add(min(recoverAgain, e.cfg.UnclaimedAfter)), again)
	}
	e.at(due, again)
}

// recovery is the message that asks an executor to find out what is true of a claim whose holder is gone.
func (e *Engine) recovery(c *claim) contract.Task {
	r := c.record
	t := contract.Task{
		JobID: r.JobID, Phase: r.Phase, DeviceID: r.DeviceID, Site: r.Site, Class: contract.Normal,
		Principal: r.Claim.Principal, Attempt: r.Attempt + 1, TaskSeq: c.seq, Recover: true,
		Target:   contract.Target{Address: r.Claim.Address, Platform: r.Claim.Platform, Credential: r.Claim.Credential},
		Commands: []string{}, Repeatable: r.Claim.Repeatable, ReleasedAt: time.Now().UTC(),
	}
	// While the job runs, the task may be run again, and needs all that a release has.
	if a := e.jobs[r.JobID]; a != nil && !a.Lost() {
		if i := a.Find(r.DeviceID); i >= 0 {
			full := e.message(a, i)
			full.Recover, full.TaskSeq, full.Attempt = true, c.seq, r.Attempt+1
			return full
		}
	}
	return t
}
