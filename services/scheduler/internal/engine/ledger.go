package engine

import (
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
	"github.com/netrust/netrust/services/scheduler/internal/job"
)

// deviceKey names a device's lease.
type deviceKey struct{ site, device string }

// lease is what the engine knows of a device: whether it is held, and which task is out for it.
type lease struct {
	seq     uint64
	held    bool
	out     *taskRef
	waiters []taskRef
	// sessions are the executors that may keep an open session on the device, as of seq.
	sessions []string
}

// taskRef names one task of a job in memory.
type taskRef struct {
	job  *active
	task int
}

func (e *Engine) device(k deviceKey) *lease {
	l := e.leases[k]
	if l == nil {
		l = &lease{}
		e.leases[k] = l
	}
	return l
}

// onLedger applies one entry of the ledger.
func (e *Engine) onLedger(entry ledger.Entry) {
	switch {
	case entry.Key.Task != nil:
		e.onRecord(*entry.Key.Task, entry)
	case entry.Key.Device != nil:
		e.onLease(deviceKey{entry.Key.Device.Site, entry.Key.Device.Device}, entry)
	case entry.Key.Gate != "":
		e.onGate(entry)
	case entry.Key.Login != nil:
		e.onLogin(entry)
	case entry.Deleted:
		delete(e.fleet.keys, entry.Key.Executor)
		e.onGone(entry.Key.Executor)
	default:
		e.fleet.put(entry.Executor, time.Now())
	}
}

func (e *Engine) onGate(entry ledger.Entry) {
	a := e.jobs[entry.Key.Gate]
	if a == nil || entry.Gate == nil {
		return
	}
	if !entry.Gate.Open {
		a.GateClosed = true
		return
	}
	a.GateSeq = entry.Seq // never that of a closed gate: a release that carried it would be claimed
}

func (e *Engine) onLease(k deviceKey, entry ledger.Entry) {
	l := e.device(k)
	if entry.Seq <= l.seq {
		return
	}
	l.seq, l.held, l.sessions = entry.Seq, !entry.Deleted, e.fleet.names(entry.Sessions)
	if !l.held {
		e.wake(l)
	}
}

// wake puts the tasks that wait for a device back in their queues, in front: they were there first.
func (e *Engine) wake(l *lease) {
	if l.held || l.out != nil {
		return
	}
	for i := len(l.waiters) - 1; i >= 0; i-- {
		w := l.waiters[i]
		w.job.queue(w.job.site(w.task)).pushFront(w.task)
	}
	l.waiters = nil
}

// onRecord applies a task's record. Claims are kept also for jobs that have ended: their devices must come free.
func (e *Engine) onRecord(key contract.TaskKey, entry ledger.Entry) {
	if entry.Task == nil {
		return // purged with its job
	}
	e.trackClaim(key, entry)
	e.kept.sawRecord(key.Job, entry.Seq)
	news := entry.Seq > e.recorded
	e.recorded = max(e.recorded, entry.Seq)
	a := e.jobs[key.Job]
	i := -1
	if a != nil {
		if i = a.Find(key.Device); i < 0 && a.Lost() {
			i = a.Learn(key, entry.Task)
			e.tasks++
		}
	}
	if i < 0 {
		if news {
			e.remember(key, entry.Task.Result)
		}
		return
	}
	if !a.Record(i, entry.Seq, entry.Task) {
		return
	}
	if e.started { // what is replayed was counted by the leader before
		e.count(a, i, entry.Task)
	}
	l := e.device(deviceKey{key.Site, key.Device})
	mine := l.out != nil && l.out.job == a && l.out.task == i
	switch entry.Task.State {
	case contract.Claimed:
		l.out = &taskRef{a, i}
	case contract.Retry:
		if mine {
			l.out = nil
		}
		e.later(a, i, entry.Task.Retry)
	default:
		if mine {
			l.out = nil
		}
	}
	e.free(a, i)
	e.wake(l)
}

// remember notes how the logins of a job went that has ended: accounts are not locked by one job alone.
func (e *Engine) remember(key contract.TaskKey, r *contract.Result) {
	m, ok := e.devices.Get(key.Device)
	if r == nil || !ok {
		return
	}
	if n := job.Refused(r); n > 0 {
		e.accounts.Refused(m.Device.AuthDomain, m.Device.Credential, n, r.FinishedAt)
	} else if job.Proves(r) {
		e.accounts.Proved(m.Device.AuthDomain, m.Device.Credential, r.StartedAt)
	}
}

// onLogin opens the domain of a probe that got in.
func (e *Engine) onLogin(entry ledger.Entry) {
	a := e.jobs[entry.Key.Login.Job]
	if a == nil || entry.Login == nil {
		return
	}
	if i := a.Find(entry.Key.Login.Device); i >= 0 && a.LoggedIn(i, entry.Login) {
		e.free(a, i)
	}
}

// later puts a task back in its queue when its delay has passed.
func (e *Engine) later(a *active, i int, d *contract.Delay) {
	seq := a.Tasks[i].Seq
	var due time.Time
	if d != nil {
		due = d.NotBefore
	}
	e.at(due, func(time.Time) {
		if a.Tasks[i].Seq == seq {
			a.queue(a.site(i)).push(i)
		}
	})
}
