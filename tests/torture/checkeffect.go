package torture

import (
	"strings"
	"time"

	"github.com/netrust/netrust/libs/contract"
)

// vouched is how long after its question an effect is still covered by it: a holder answers no when its sign of life is older
// than three quarters of the TTL, and what may not be repeated is not touched by others for two seconds after its time.
const vouched = livenessTTL / 4

// attempt is a session on a device, and the claim that it stands on.
type attempt struct {
	claim *Entry
	begin time.Duration
}

// checkEffects judges what the devices saw.
func (c *checker) checkEffects() {
	byDevice := map[string][]Line{}
	for _, l := range c.h.Lines {
		byDevice[l.Device] = append(byDevice[l.Device], l)
	}
	for device, lines := range byDevice {
		c.checkDevice(device, lines)
	}
	for at, n := range c.effects {
		c.stats.Effects += n
		job := c.jobs[at.job]
		if n > 1 && job != nil && !job.Repeatable {
			c.fail("effect twice", "command %d of job %s reached %s %d times and may not be repeated", at.command, at.job, at.device, n)
		}
	}
}

// checkDevice walks through what one device saw, in order of time.
func (c *checker) checkDevice(device string, lines []Line) {
	type sessionKey struct {
		pid int
		n   uint64
	}
	open := map[sessionKey]attempt{}
	var newest *Entry // the newest claim whose holder has begun
	for _, l := range lines {
		key := sessionKey{l.PID, l.Session}
		switch l.Kind {
		case LineBegin:
			claim := c.claimOf(&l)
			if claim == nil {
				c.fail("no claim", "process %d begins on %s for job %s at %s without a claim of its own", l.PID, device, l.Job, l.Wall)
				continue
			}
			open[key] = attempt{claim, l.At}
			if newest == nil || claim.Seq > newest.Seq {
				newest = claim
			}
		case LineEffect:
			c.effects[place3{l.Job, device, l.Command}]++
			a, ok := open[key]
			if !ok {
				c.fail("no claim", "process %d acts on %s for job %s outside of a session", l.PID, device, l.Job)
				continue
			}
			if newest.Seq == a.claim.Seq {
				continue
			}
			if l.At-l.Asked >= vouched {
				c.stats.HeldUp++
				continue
			}
			c.fail("two holders at work", "process %d acts on %s for job %s (claim %d) %s after it asked, while the holder of claim %d (job %s) has begun",
				l.PID, device, l.Job, a.claim.Seq, l.At-l.Asked, newest.Seq, newest.Task.JobID)
		}
	}
}

// claimOf finds the claim that a session stands on: the newest one of its task and process that was stored before it began.
func (c *checker) claimOf(l *Line) *Entry {
	id := contract.TaskKey{Site: site, Job: l.Job, Phase: contract.PhaseRun, Device: l.Device}.ID()
	records := c.tasks[id]
	for i := len(records) - 1; i >= 0; i-- {
		e := &records[i]
		if e.Task.State == contract.Claimed && c.processes[e.Task.Holder] == l.PID && !e.At.After(l.Wall) {
			return e
		}
	}
	return nil
}

// checkResults compares what the results say with what the devices saw.
func (c *checker) checkResults() {
	for id, records := range c.tasks {
		last := records[len(records)-1]
		job := c.jobs[last.Task.JobID]
		if last.Task.State != contract.Finished || job == nil || last.Task.Result == nil {
			continue
		}
		r := last.Task.Result
		sent := 0
		for k := range commandsPerJob {
			if c.effects[place3{job.ID, last.Task.DeviceID, k}] > 0 {
				sent++
			}
		}
		if r.State == contract.TaskSucceeded && sent != commandsPerJob {
			c.fail("untrue success", "task %s succeeded, and %d of %d commands reached the device", id, sent, commandsPerJob)
		}
		if !job.Repeatable && r.State != contract.TaskUncertain && r.Error != nil && r.Error.Effect == contract.EffectNone && sent > 0 {
			c.fail("untrue innocence", "task %s is %s with effect none (%s), and %d commands reached the device", id, r.State, r.Error.Message, sent)
		}
		if r.State == contract.TaskUncertain {
			c.checkUncertain(id, job, records, r)
		}
	}
}

// checkUncertain: only what may not be repeated, and was in flight when something happened to its holder or the server.
func (c *checker) checkUncertain(id string, job *Job, records []Entry, r *contract.Result) {
	c.stats.Uncertain++
	last := records[len(records)-1]
	if job.Repeatable {
		c.fail("uncertain though repeatable", "task %s: %v", id, r.Error)
	}
	if r.Error == nil || strings.TrimSpace(r.Error.Message) == "" {
		c.fail("uncertain without a reason", "task %s", id)
	}
	if len(records) < 2 || records[len(records)-2].Task.Claim == nil {
		return // an illegal record, told already
	}
	claim := records[len(records)-2]
	pid := c.processes[claim.Task.Holder]
	if !c.disturbed(claim.At, last.At, pid) {
		c.fail("uncertain without cause", "task %s: nothing happened to its holder %s (process %d) or the server between its claim at %s and its result at %s: %v",
			id, claim.Task.Holder, pid, claim.At, last.At, r.Error)
	}
}
