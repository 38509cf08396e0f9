package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/jobspec"
	"github.com/netrust/netrust/services/scheduler/internal/job"
)

const (
	// maxPlanning bounds the jobs that are planned at once.
	maxPlanning = 4
	// inventoryLag bounds one wait for an inventory that is being read.
	inventoryLag = 5 * time.Second
	// maxManifest bounds a manifest that is read back.
	maxManifest = 512 << 20
)

// planNext begins to plan submitted jobs, in order, while there is room for their tasks.
func (e *Engine) planNext(ctx context.Context) {
	for len(e.waiting) > 0 && e.planning < maxPlanning && e.tasks < e.cfg.MaxTasks {
		a := e.waiting[0]
		e.waiting[0] = nil
		e.waiting = e.waiting[1:]
		if e.jobs[a.ID] != a || a.busy || a.State != contract.JobSubmitted || a.cancel != nil {
			continue // it has ended, or is about to
		}
		e.plan(ctx, a)
	}
}

// planned is what planning comes to: a manifest, or problems.
type planned struct {
	plan     jobspec.Plan
	problems []contract.Problem
	ref      *contract.ObjectRef
	deadline time.Time
	seq      uint64
}

// plan resolves a job's targets, keeps the manifest, and states what came out. The same functions have run in the gateway;
// this is the last word.
func (e *Engine) plan(ctx context.Context, a *active) {
	e.planning++
	span := e.span(ctx, a, "plan", time.Time{})
	var p *planned
	e.effect(ctx, a, "planning", func(ctx context.Context) (err error) {
		if p == nil {
			if p, err = e.resolve(ctx, a); err != nil {
				p = nil
				return err
			}
		}
		if p.problems != nil {
			return e.reject(ctx, a, p)
		}
		if p.ref == nil {
			ref, err := e.putJSON(ctx, manifest(a.ID, p.plan))
			if err != nil {
				return err
			}
			p.ref = &ref
		}
		p.seq, err = e.emit(ctx, a.ID, a.EventSeq, "planned", contract.JobEvent{
			State: contract.JobPlanned, At: time.Now().UTC(), Manifest: p.ref, InventoryRevision: p.plan.Revision,
			Targets: len(p.plan.Targets) + len(p.plan.Skipped), Deadline: p.deadline,
			Waves: p.plan.Waves,
		})
		return err
	}, func() {
		e.planning--
		if p.problems != nil {
			span.End("rejected")
			e.forget(a, time.Now())
			e.ended(ctx, a, contract.JobRejected, &contract.Counts{})
			a.log.Info().Int("problems", len(p.problems)).Msg("job is rejected")
			return
		}
		span.Int("netrust.tasks", len(p.plan.Targets)).End("")
		a.EventSeq, a.State, a.Manifest, a.Deadline = p.seq, contract.JobPlanned, p.ref, p.deadline
		a.Skipped = len(p.plan.Skipped)
		tasks := make([]job.Task, len(p.plan.Targets))
		for i, t := range p.plan.Targets {
			tasks[i] = job.Task{Device: t.Device, ReadOnly: t.ReadOnly, Repeatable: t.Repeatable, Wave: uint16(t.Wave)}
		}
		a.prepare(tasks, p.plan.Waves)
		e.tasks += len(a.Tasks)
	})
}

func (e *Engine) resolve(ctx context.Context, a *active) (*planned, error) {
	spec := a.Spec
	if problems := jobspec.Validate(spec); problems != nil {
		return &planned{problems: problems}, nil
	}
	var missed []string
	if spec.Targets.NotReachedOf != "" {
		var err error
		missed, err = e.notReachedOf(ctx, spec.Targets.NotReachedOf)
		if errors.Is(err, bus.ErrNotFound) {
			return &planned{problems: []contract.Problem{{
				Field: "targets.not_reached_of", Message: fmt.Sprintf("job %s has not ended, or is not known", spec.Targets.NotReachedOf),
				Remedy: "wait until it has ended, or name the devices",
			}}}, nil
		}
		if err != nil {
			return nil, err
		}
	}
	if err := e.freshInventory(ctx); err != nil {
		return nil, err
	}
	plan, problems := jobspec.MakePlan(spec, e.devices, missed)
	return &planned{
		plan: plan, problems: problems,
		deadline: time.Now().Add(time.Duration(spec.Limits.DeadlineMS) * time.Millisecond).UTC(),
	}, nil
}

// freshInventory waits until the inventory in memory holds all that the bucket holds now: a job that follows an import must
// run on all the devices that the gateway saw, and not on those that this scheduler has heard of.
func (e *Engine) freshInventory(ctx context.Context) error {
	newest, err := e.conn.LastFor(ctx, bus.KVStream(contract.BucketInventory), bus.KVSubject(contract.BucketInventory, ">"))
	if errors.Is(err, bus.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking how new the inventory is: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, inventoryLag)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for e.devices.Revision() < newest.Seq {
		select {
		case <-ctx.Done():
			return fmt.Errorf("the inventory is known up to revision %d, its newest is %d: %w", e.devices.Revision(), newest.Seq, ctx.Err())
		case <-tick.C:
		}
	}
	return nil
}

// notReachedOf reads the list that a job left when it ended.
func (e *Engine) notReachedOf(ctx context.Context, id string) ([]string, error) {
	stored, err := e.conn.LastFor(ctx, contract.StreamJobs, contract.JobEventSubject(id))
	if err != nil {
		return nil, err
	}
	var ev contract.JobEvent
	if err := json.Unmarshal(stored.Data, &ev); err != nil {
		return nil, err
	}
	if !ev.State.Ended() {
		return nil, bus.ErrNotFound
	}
	ids := []string{}
	if ev.NotReached == nil {
		return ids, nil
	}
	data, err := e.conn.GetObject(ctx, *ev.NotReached, maxManifest)
	if err != nil {
		return nil, err
	}
	var list contract.NotReached
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, err
	}
	for _, d := range list.Devices {
		ids = append(ids, d.DeviceID)
	}
	return ids, nil
}

func (e *Engine) reject(ctx context.Context, a *active, p *planned) error {
	fields := make([]string, len(p.problems))
	for i, problem := range p.problems {
		fields[i] = problem.Error()
	}
	final := contract.JobEvent{
		State: contract.JobRejected, At: time.Now().UTC(), Reason: strings.Join(fields, "; "), Problems: p.problems, Counts: &contract.Counts{},
	}
	if err := e.keepSummary(ctx, a, final); err != nil {
		return err
	}
	_, err := e.emit(ctx, a.ID, a.EventSeq, "rejected", final)
	return err
}

// manifest is the plan as it is stored: the devices to work on, and those left alone with the reason.
func manifest(id string, p jobspec.Plan) contract.Manifest {
	m := p.Manifest(id)
	for _, s := range p.Skipped {
		t := contract.ManifestTarget{Skip: s.Reason, Device: contract.Device{ID: s.DeviceID, Name: s.DeviceID}}
		if s.Device != nil {
			t.Device = *s.Device
		}
		m.Targets = append(m.Targets, t)
	}
	slices.SortFunc(m.Targets, func(a, b contract.ManifestTarget) int { return strings.Compare(a.Device.ID, b.Device.ID) })
	return m
}

// loadManifests gives the jobs of an earlier leader their tasks, before the ledger is replayed into them.
func (e *Engine) loadManifests(ctx context.Context) error {
	var planned []*active
	if err := e.inLoop(ctx, func() {
		for _, a := range e.jobs {
			if a.Manifest != nil {
				planned = append(planned, a)
			}
		}
	}); err != nil {
		return err
	}
	for _, a := range planned {
		tasks, skipped, err := e.loadManifest(ctx, a)
		why := e.unreadable(ctx, err)
		if err != nil && why == "" {
			return fmt.Errorf("taking over job %s: %w", a.ID, err)
		}
		if err := e.inLoop(ctx, func() {
			if why != "" {
				a.log.Error().Err(err).Msg("the plan of a job cannot be read; the job ends")
				a.prepare(nil, nil)
				a.Lose(why)
				return
			}
			a.Skipped = skipped
			a.prepare(tasks, a.Waves)
			e.tasks += len(tasks)
		}); err != nil {
			return err
		}
	}
	return nil
}

// unreadable says why a plan can never be read again, or "" where trying again may help: one job's plan must not keep all
// others from being led.
func (e *Engine) unreadable(ctx context.Context, err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.Is(err, bus.ErrNotFound):
		return "the job's plan is missing from the object store; submit the job again"
	case errors.Is(err, bus.ErrAltered), errors.As(err, &syntax), errors.As(err, &kind):
		return "the job's plan in the object store is damaged; submit the job again"
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil && e.conn.Ready(ctx) == nil:
		return "the job's plan in the object store is not complete; submit the job again"
	}
	return ""
}

func (e *Engine) loadManifest(ctx context.Context, a *active) (tasks []job.Task, skipped int, err error) {
	data, err := e.conn.GetObject(ctx, *a.Manifest, maxManifest)
	if err != nil {
		return nil, 0, err
	}
	var m contract.Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, 0, err
	}
	for _, t := range m.Targets {
		if t.Skip != "" {
			skipped++
			continue
		}
		// A device that has not changed since is shared with the inventory; another stays as it was planned.
		device := &t.Device
		if current, ok := e.devices.Get(device.ID); ok && current.Revision == t.Revision {
			device = current.Device
		}
		tasks = append(tasks, job.Task{Device: device, ReadOnly: t.ReadOnly, Repeatable: t.ReadOnly || a.Spec.Repeatable, Wave: uint16(t.Wave)})
	}
	return tasks, skipped, nil
}

// resume takes up the jobs of an earlier leader, once the log is replayed.
func (e *Engine) resume(ctx context.Context) {
	for _, a := range e.jobs {
		if a.State == contract.JobRunning {
			a.enter()
			a.Resume(time.Now())
		}
	}
	e.recoverClaims(func(holder string) bool { return !e.fleet.alive(holder) })
	e.log.Info().Int("jobs", len(e.jobs)).Int("devices", e.devices.Len()).Int("tasks", e.tasks).Msg("the log is replayed")
}
