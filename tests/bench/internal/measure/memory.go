package measure

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/jobspec"
	"github.com/netrust/netrust/tests/bench/internal/child"
	"github.com/netrust/netrust/tests/bench/internal/product"
	"github.com/netrust/netrust/tests/bench/internal/report"
	"github.com/netrust/netrust/tests/bench/internal/role"
)

// slow is how long a command of a held session takes at most: longer than holding all of them does.
const slow = 50_000

// memory is a process's after its garbage was collected.
type memory struct {
	RSS  int64 `json:"rss_bytes"`
	Heap int64 `json:"heap_bytes"`
}

func settle(ctx context.Context, c *child.Child) (m memory, err error) {
	m.RSS, m.Heap, err = c.Settle(ctx)
	return m, err
}

// sessions holds many sessions open at once and looks at what each costs the executor.
func (b *bench) sessions(ctx context.Context) error {
	p, err := b.shared(ctx)
	if err != nil {
		return err
	}
	part := fmt.Sprintf("%d sessions open at once", b.Some)
	for _, mode := range []struct {
		driver role.DriverChoice
		name   string
	}{{role.DriverOwn, "exec"}, {role.DriverTerminal, "PTY"}} {
		before, during, cores, err := b.hold(ctx, p, mode.driver, mode.name)
		if err != nil {
			return err
		}
		each := float64(during.RSS-before.RSS) / float64(b.Some) / 1024
		b.report.Detail("sessions "+mode.name, []memory{before, during})
		b.report.Add(report.Row{
			Part: part, What: "executor memory per session, " + mode.name, Value: each, Unit: "KiB", Aim: report.AtMost(256),
			Note: fmt.Sprintf("heap in use: %.0f KiB each", float64(during.Heap-before.Heap)/float64(b.Some)/1024),
		})
		b.report.Add(report.Row{
			Part: part, What: "executor processor while all wait for a slow command, " + mode.name, Value: cores, Unit: "cores",
			Aim: report.AtMost(0.1), Note: fmt.Sprintf("over %s", watched),
		})
	}
	return nil
}

// held is a job whose tasks do not end. The scheduler lets few log in until the first login has proved the credential,
// which a task shows at its end: so its limit is as high as it may be.
func held(tag string) contract.JobSpec {
	s := spec(tag)
	s.Limits.AuthFailures = jobspec.MaxAuthFailures
	return s
}

// watched is how long a process is looked at that should do nothing.
const watched = 10 * time.Second

// idleCores is what part of a core a process uses while it is watched.
func idleCores(ctx context.Context, c *child.Child, during time.Duration) (float64, error) {
	before, err := c.Usage()
	if err != nil {
		return 0, err
	}
	select {
	case <-time.After(during):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	after, err := c.Usage()
	return (after.CPU - before.CPU).Seconds() / during.Seconds(), err
}

// hold runs a job whose commands do not end, and returns the executor's memory before and while all sessions are open, and what
// part of a core it uses meanwhile.
func (b *bench) hold(ctx context.Context, p *product.Product, driver role.DriverChoice, name string) (before, during memory, cores float64, err error) {
	if err := p.UseExecutor(ctx, driver, b.Some); err != nil {
		return before, during, 0, err
	}
	s := held(role.TagSome)
	s.Limits.Parallel = b.Some
	if _, err := p.Measure(ctx, s, "", ""); err != nil { // warm-up
		return before, during, 0, err
	}
	executor := p.Children()[role.Executor]
	if before, err = settle(ctx, executor); err != nil {
		return before, during, 0, err
	}
	if err := b.lab.Call(ctx, role.PathSlow, role.SlowDown{MS: slow}, nil); err != nil {
		return before, during, 0, err
	}
	defer b.lab.Call(context.WithoutCancel(ctx), role.PathSlow, role.SlowDown{}, nil) //nolint:errcheck // the next job shows it
	id, err := p.API.Submit(ctx, s)
	if err != nil {
		return before, during, 0, err
	}
	if err := b.open(ctx, p, id); err != nil {
		return before, during, 0, err
	}
	if cores, err = idleCores(ctx, executor, watched); err != nil {
		return before, during, 0, err
	}
	if during, err = settle(ctx, executor); err != nil {
		return before, during, 0, err
	}
	if b.Profiles != "" {
		if err := executor.HeapProfile(ctx, filepath.Join(b.Profiles, "sessions-"+name+"-heap.pprof")); err != nil {
			return before, during, 0, err
		}
	}
	return before, during, cores, p.API.Cancel(ctx, id)
}

// open waits until the job holds all its sessions. That is to be before the first task ends: from then on they cannot all be open.
func (b *bench) open(ctx context.Context, p *product.Product, id string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*slow*time.Millisecond)
	defer cancel()
	var held role.Held
	err := poll(ctx, "all sessions to be open", func() (bool, error) {
		if err := b.lab.Call(ctx, role.PathHeld, nil, &held); err != nil || held.Sessions >= b.Some {
			return true, err
		}
		job, err := p.API.Get(ctx, id)
		if over := job.Counts.Total - job.Counts.Pending - job.Counts.Running; err == nil && (over > 0 || job.State.Ended()) {
			err = fmt.Errorf("job %s is %s, and %d of its tasks are over", id, job.State, over)
		}
		return false, err
	})
	if err != nil {
		return fmt.Errorf("%d of %d sessions were open at once: %w; the logins wait for each other, or take longer than the %s of a command: see which, or lower -some",
			held.Sessions, b.Some, err, slow*time.Millisecond)
	}
	return nil
}

// growth queues ever more tasks behind an executor that finishes none, and looks at what that costs each process.
func (b *bench) growth(ctx context.Context) error {
	p, err := b.product(ctx, "growth", false)
	if err != nil {
		return err
	}
	defer p.Stop()
	if err := p.UseExecutor(ctx, role.DriverHold, 0); err != nil {
		return err
	}
	few, err := b.queue(ctx, p, role.TagSome, b.Some, 1)
	if err != nil {
		return err
	}
	const jobs = 10
	many, err := b.queue(ctx, p, role.TagAll, b.Many, jobs)
	if err != nil {
		return err
	}
	if b.Profiles != "" {
		for name, c := range p.Children() {
			if err := c.HeapProfile(ctx, filepath.Join(b.Profiles, "growth-"+name+"-heap.pprof")); err != nil {
				return err
			}
		}
	}
	b.report.Detail("growth", []map[string]memory{few, many})
	part := fmt.Sprintf("memory, from %d to %d queued tasks", b.Some, b.Some+jobs*b.Many)
	for _, s := range services {
		b.report.Add(report.Row{
			Part: part, What: s, Value: float64(many[s].RSS-few[s].RSS) / mib, Unit: "MiB", Aim: report.AtMost(50),
			Note: fmt.Sprintf("RSS %d → %d MiB, heap in use %d → %d MiB", few[s].RSS/mib, many[s].RSS/mib, few[s].Heap/mib, many[s].Heap/mib),
		})
	}
	return nil
}

// queue submits jobs, waits until all of them are planned and run, and returns what each process then holds.
func (b *bench) queue(ctx context.Context, p *product.Product, tag string, devices, jobs int) (map[string]memory, error) {
	for range jobs {
		id, err := p.API.Submit(ctx, held(tag))
		if err != nil {
			return nil, err
		}
		err = poll(ctx, "a job's tasks to be queued", func() (bool, error) {
			job, err := p.API.Get(ctx, id)
			if err == nil && job.State.Ended() {
				err = fmt.Errorf("job %s ended as %s (%s): none of its tasks should end", id, job.State, job.Reason)
			}
			return !job.StartedAt.IsZero() && job.Counts.Total == devices, err
		})
		if err != nil {
			return nil, err
		}
	}
	out := map[string]memory{}
	for name, c := range p.Children() {
		m, err := settle(ctx, c)
		if err != nil {
			return nil, err
		}
		out[name] = m
	}
	return out, nil
}
