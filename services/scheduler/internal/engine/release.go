package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/services/scheduler/internal/job"
)

const (
	// quantum is how many tasks a job puts out before the next job of its priority gets a turn.
	quantum = 16
	// maxRelease bounds one batch of releases.
	maxRelease = 500
	// window is how many times the fleet's slots are out at most: while one task runs, the next one waits beside it.
	window = 2
)

// releaser is what is out, and the batches on their way.
type releaser struct {
	turn       int
	now        time.Time                         // of the decisions being made
	out        map[contract.Class]map[string]int // released or claimed, by class and site
	outTotal   map[contract.Class]int
	recoveries []*claim
	lanes      map[contract.Class]*lane
	unclaimed  []unclaimed // in order of their time
	stream     tasksOut
}

// lane is the way of one class to the task stream: a batch of normal tasks on its way holds up no urgent one.
type lane struct {
	last struct { // of what was published
		at  time.Time
		seq uint64
	}
	batches  chan releaseBatch
	inFlight bool
	since    uint64 // the stream's newest sequence when the batch in flight was handed over
}

// unclaimed is a released task whose claim has not been seen.
type unclaimed struct {
	ref      taskRef
	seq      uint64
	releases uint16
	due      int64 // unix nanoseconds: there may be a hundred thousand
}

// releaseBatch is tasks to publish, and what to do when that failed.
type releaseBatch struct {
	tasks []contract.Task
	undo  func()
	done  func(last uint64) // the sequence of the last one; 0 when it failed
}

func newReleaser() releaser {
	r := releaser{lanes: map[contract.Class]*lane{}, stream: tasksOut{lost: make(chan struct{}, 1)}}
	for _, class := range contract.Classes {
		r.lanes[class] = &lane{batches: make(chan releaseBatch, 1)}
	}
	return r
}

// releaseTasks puts out as many tasks as the windows allow, urgent ones first, each class at its pace.
func (e *Engine) releaseTasks(now time.Time) {
	counted := false
	e.release.now = now
	for _, class := range contract.Classes {
		l := e.release.lanes[class]
		if l.inFlight || now.Sub(l.last.at) < e.pace(class) {
			continue
		}
		if !counted {
			e.countOut()
			counted = true
		}
		e.releaseClass(class, l, now)
	}
}

// pace is the least time between two releases of a class. Urgent ones are few, and a job's others wait for its first login.
func (e *Engine) pace(class contract.Class) time.Duration {
	if class == contract.Urgent {
		return e.cfg.ReleaseEvery / 4
	}
	return e.cfg.ReleaseEvery
}

// releaseClass puts out tasks of one class; recoveries go with the normal ones.
func (e *Engine) releaseClass(class contract.Class, l *lane, now time.Time) {
	var tasks []contract.Task
	var out []taskOut
	if class == contract.Normal {
		n := min(len(e.release.recoveries), maxRelease)
		for _, c := range e.release.recoveries[:n] {
			if e.claims[c.key] == c {
				tasks = append(tasks, e.recovery(c))
				out = append(out, taskOut{claim: c})
			}
		}
		e.release.recoveries = e.release.recoveries[n:]
	}
	refs := e.pickClass(class, nil, maxRelease-len(tasks))
	if len(tasks)+len(refs) == 0 {
		return
	}
	for _, r := range refs {
		tasks = append(tasks, e.message(r.job, r.task))
		out = append(out, releaseOf(r))
		e.expectClaim(r, now)
	}
	l.last.at, l.inFlight, l.since = now, true, e.release.stream.newest
	l.batches <- releaseBatch{ // has room: one is in flight at most
		tasks: tasks,
		undo:  func() { e.takeBack(refs, (*queue).push) },
		done: func(last uint64) {
			l.inFlight = false
			if last > 0 {
				e.published(l, last, out)
			}
		},
	}
}

// countOut sums what is out over the jobs in memory.
func (e *Engine) countOut() {
	r := &e.release
	r.out = map[contract.Class]map[string]int{contract.Urgent: {}, contract.Normal: {}}
	r.outTotal = map[contract.Class]int{}
	for _, a := range e.jobs {
		for site, n := range a.OutAt() {
			r.out[a.Class()][site] += n
			r.outTotal[a.Class()] += n
		}
	}
}

// pickClass takes tasks of the class: jobs of a higher priority first, those of the same priority in turns.
func (e *Engine) pickClass(class contract.Class, refs []taskRef, limit int) []taskRef {
	var jobs []*active
	for _, a := range e.jobs {
		if a.Class() == class && a.releasable() {
			e.unpark(a)
			jobs = append(jobs, a)
		}
	}
	slices.SortFunc(jobs, func(a, b *active) int {
		return cmp.Or(cmp.Compare(b.Rank(), a.Rank()), cmp.Compare(a.Order, b.Order))
	})
	for len(jobs) > 0 {
		level := 1
		for level < len(jobs) && jobs[level].Rank() == jobs[0].Rank() {
			level++
		}
		refs = e.pickLevel(jobs[:level], refs, limit)
		jobs = jobs[level:]
	}
	return refs
}

// pickLevel takes tasks of jobs of one priority, beginning with the one whose turn was longest ago: there may be room for
// one task only each time.
func (e *Engine) pickLevel(jobs []*active, refs []taskRef, limit int) []taskRef {
	slices.SortStableFunc(jobs, func(a, b *active) int { return cmp.Compare(a.turn, b.turn) })
	for progress := true; progress && len(refs) < limit; {
		progress = false
		for _, a := range jobs {
			before := len(refs)
			refs = e.pickJob(a, refs, min(limit, before+quantum))
			if len(refs) > before {
				progress = true
				e.release.turn++
				a.turn = e.release.turn
			}
		}
	}
	return refs
}

// pickJob takes tasks of one job, from all its sites, as its own limits and the windows of the sites allow.
func (e *Engine) pickJob(a *active, refs []taskRef, limit int) []taskRef {
	r, class := &e.release, a.Class()
	for site, q := range a.queues {
		for len(refs) < limit && q.len() > 0 && e.siteRoom(a, site) > 0 {
			i, _ := q.pop()
			if !e.take(a, i) {
				continue
			}
			refs = append(refs, taskRef{a, i})
			r.out[class][site]++
			r.outTotal[class]++
		}
	}
	return refs
}

// take puts task i out, unless its device is busy or a limit is reached: it is then kept where what it waits for will find
// it, and hides nothing behind it.
func (e *Engine) take(a *active, i int) bool {
	t := &a.Tasks[i]
	if t.Phase != job.Waiting {
		return false // it was put back, and claimed by a message on its way
	}
	l := e.device(deviceKey{t.Device.Site, t.Device.ID})
	if l.held || l.out != nil {
		l.waiters = append(l.waiters, taskRef{a, i})
		for _, other := range a.Limits(i) { // what it would have taken is free for others
			a.free(other)
		}
		return false
	}
	open := slices.ContainsFunc(l.sessions, e.fleet.has)
	if limit, until, blocked := a.Blocked(i, open, e.release.now); blocked {
		e.park(a, i, limit, until)
		return false
	}
	l.out = &taskRef{a, i}
	a.Release(i, open, e.release.now)
	return true
}

// expectClaim notes a released task.
func (e *Engine) expectClaim(r taskRef, now time.Time) {
	t := &r.job.Tasks[r.task]
	e.release.unclaimed = append(e.release.unclaimed, unclaimed{r, t.Seq, t.Releases, now.Add(e.cfg.UnclaimedAfter).UnixNano()})
}

// missClaims takes back the released tasks that nobody claimed in time: a message may be lost with an executor.
func (e *Engine) missClaims(now time.Time) {
	list := e.release.unclaimed
	n := 0
	for ; n < len(list) && list[n].due <= now.UnixNano(); n++ {
		u := &list[n]
		if u.ref.task < len(u.ref.job.Tasks) {
			if t := &u.ref.job.Tasks[u.ref.task]; t.Seq == u.seq && t.Releases == u.releases {
				e.takeBack([]taskRef{u.ref}, (*queue).push)
				e.cfg.Meters.TakenBack(u.ref.job.Class(), 1)
			}
		}
	}
	e.release.unclaimed = list[n:]
}

// takeBack has tasks that are out released again; put says where in their queues.
func (e *Engine) takeBack(refs []taskRef, put func(*queue, int)) {
	for _, r := range refs {
		t := &r.job.Tasks[r.task]
		l := e.device(deviceKey{t.Device.Site, t.Device.ID})
		if l.out != nil && *l.out == r && !l.held {
			l.out = nil
		}
		if t.Phase == job.Released {
			r.job.TakeBack(r.task)
			e.free(r.job, r.task)
			put(r.job.queue(r.job.site(r.task)), r.task)
		}
		e.wake(l)
	}
}

// message is the release of task i's next attempt.
func (e *Engine) message(a *active, i int) contract.Task {
	t := &a.Tasks[i]
	d := t.Device
	l := e.device(deviceKey{d.Site, d.ID})
	return contract.Task{
		Probe: t.Probe, NoLogin: t.NoLogin, MaxLogins: a.LoginsLeft(i, time.Now()),
		JobID: a.ID, Phase: contract.PhaseRun, DeviceID: d.ID, Site: d.Site, Class: a.Class(), Principal: a.Principal,
		Attempt: int(t.Attempt) + 1, TaskSeq: t.Seq, DeviceSeq: l.seq, GateSeq: a.GateSeq,
		Sessions: e.fleet.living(l.sessions),
		Target: contract.Target{
			Address: d.Address, Port: d.Port, Platform: d.Platform, Credential: d.Credential, Options: d.Options,
		},
		Commands: a.Spec.Commands, Repeatable: t.Repeatable, ReadOnly: t.ReadOnly, KeepRaw: a.Spec.KeepRaw,
		CommandTimeoutMS: a.Spec.Limits.CommandTimeoutMS, DeviceTimeoutMS: a.Spec.Limits.DeviceTimeoutMS,
		Deadline: a.Deadline, Retry: a.Spec.Retry, ReleasedAt: time.Now().UTC(),
		Trace: a.trace.next(),
	}
}

// publishReleases writes the batches of a lane, one at a time. One that fails is taken back: whether it stands after all does no harm.
func (e *Engine) publishReleases(ctx context.Context, class contract.Class, l *lane) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case b := <-l.batches:
			last, err := e.publish(ctx, class, b.tasks)
			if err != nil && ctx.Err() == nil {
				e.missed(err)
				e.cfg.Meters.TakenBack(class, len(b.tasks))
				e.log.Warn().Err(err).Int("tasks", len(b.tasks)).Msg("releasing tasks failed; they are released again")
				time.Sleep(e.cfg.ReleaseEvery) // NATS is away or its disk full: no hurry
			}
			if err := e.post(ctx, func() {
				if err != nil {
					b.undo()
				}
				b.done(last)
			}); err != nil {
				return err
			}
		}
	}
}

func (e *Engine) publish(ctx context.Context, class contract.Class, tasks []contract.Task) (last uint64, err error) {
	start := time.Now()
	end := e.traceReleases(ctx, tasks)
	defer func() { end(err) }()
	var trace headers
	messages := make([]bus.Message, len(tasks))
	for i := range tasks {
		t := &tasks[i]
		data, err := json.Marshal(t)
		if err != nil {
			return 0, err
		}
		messages[i] = bus.Message{
			Subject: t.Key().Subject(t.Class), Data: data, Type: contract.TypeTask, ID: t.Key().ID(), Header: trace.of(t.Trace),
		}
	}
	if last, err = e.conn.PublishBatch(ctx, messages); err == nil {
		e.cfg.Meters.Released(class, len(tasks), start)
	}
	return last, err
}
