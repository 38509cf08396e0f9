package measure

import (
	"context"
	"fmt"
	"time"

	"github.com/netrust/netrust/tests/bench/internal/bare"
	"github.com/netrust/netrust/tests/bench/internal/child"
	"github.com/netrust/netrust/tests/bench/internal/product"
	"github.com/netrust/netrust/tests/bench/internal/report"
	"github.com/netrust/netrust/tests/bench/internal/role"
)

// reuse runs jobs on devices whose sessions are open from the job before, beside loops that log in each time.
func (b *bench) reuse(ctx context.Context) error {
	loops, err := child.Run(ctx, child.Start{
		Role: role.Bare, Name: role.Bare, Dir: b.Dir, Settings: role.BareSettings{Addresses: b.facts.Addresses, Login: b.facts.Login},
	})
	if err != nil {
		return err
	}
	defer loops.Stop()
	p, err := b.shared(ctx)
	if err != nil {
		return err
	}
	for _, mode := range []struct {
		driver role.DriverChoice
		beside string
	}{{role.DriverOwn, bare.Exec}, {role.DriverTerminal, bare.PTY}} {
		if err := b.reuseBeside(ctx, p, loops, mode.driver, mode.beside); err != nil {
			return err
		}
	}
	return b.keep(ctx, p)
}

func (b *bench) reuseBeside(ctx context.Context, p *product.Product, loops *child.Child, driver role.DriverChoice, kind string) error {
	best, err := b.tune(ctx, loops, kind)
	if err != nil {
		return err
	}
	job := spec(role.TagSome)
	if err := p.UseExecutors(ctx, product.Executors{Count: 1, Driver: driver, Keep: b.Some}); err != nil {
		return err
	}
	if _, err := p.Measure(ctx, job, "", ""); err != nil { // opens the sessions
		return err
	}
	var before, after role.Held
	if err := b.lab.Call(ctx, role.PathHeld, nil, &before); err != nil {
		return err
	}
	var runs []product.Run
	var speed, ratios, work []float64
	logins := 0
	for range b.Rounds {
		run, err := p.Measure(ctx, job, "", "")
		if err != nil {
			return err
		}
		if err := b.lab.Call(ctx, role.PathHeld, nil, &after); err != nil {
			return err
		}
		logins += after.Logins - before.Logins
		l, err := b.loop(ctx, loops, kind, run.Devices, best)
		if err != nil {
			return err
		}
		if err := b.lab.Call(ctx, role.PathHeld, nil, &before); err != nil {
			return err
		}
		runs = append(runs, run)
		speed = append(speed, l.perSecond())
		ratios = append(ratios, run.PerSecond()/l.perSecond())
		work = append(work, float64(l.CPU+l.LabCPU)/float64(total(run)+run.CPU[role.Lab]))
	}
	if b.Profiles != "" {
		if _, err := p.Measure(ctx, job, b.Profiles, "reuse-"+kind); err != nil {
			return err
		}
	}
	run := middle(runs)
	part := fmt.Sprintf("a second job on %d open sessions, %s", run.Devices, kind)
	b.report.Detail(part, runs)
	b.report.Add(report.Row{Part: part, What: "netrust: devices per second", Value: run.PerSecond(), Unit: "1/s",
		Note: fmt.Sprintf("%s; %s; %s", spread(runs), tail(run), cost(run))})
	b.report.Add(report.Row{Part: part, What: "logins per device", Value: float64(logins) / float64(b.Rounds*run.Devices), Aim: report.AtMost(0)})
	b.report.Add(report.Row{Part: part, What: "netrust: messages per task", Value: run.MessagesPerTask(), Note: byStream(run)})
	b.report.Add(report.Row{Part: part, What: kind + " with handshakes: devices per second", Value: report.Median(speed), Unit: "1/s"})
	b.report.Add(report.Row{Part: part, What: "netrust / " + kind + " with handshakes", Value: report.Median(ratios), Aim: report.AtLeast(5)})
	b.report.Add(report.Row{Part: part, What: "the same by processor time", Value: report.Median(work), Note: "the lab's included"})
	return nil
}

// idleWatched is long enough for a round of signs of life.
const idleWatched = 40 * time.Second

// keep looks at what idle sessions cost.
func (b *bench) keep(ctx context.Context, p *product.Product) error {
	executor := p.Children()[role.Executor]
	var held role.Held
	if err := b.lab.Call(ctx, role.PathHeld, nil, &held); err != nil {
		return err
	}
	cores, err := idleCores(ctx, executor, idleWatched)
	if err != nil {
		return err
	}
	b.report.Add(report.Row{
		Part: fmt.Sprintf("%d idle sessions", held.Sessions), What: "executor processor", Value: cores, Unit: "cores",
		Note: fmt.Sprintf("over %s, signs of life every 20 s", idleWatched),
	})
	return nil
}

// Of the part scale: executors of few slots, and devices that take their time.
const (
	scaleSlots   = 4
	scaleLatency = 50 // ms
)

// scale looks at whether executors add up: so many, of few slots each, on devices that take their time for a command.
func (b *bench) scale(ctx context.Context) error {
	p, err := b.shared(ctx)
	if err != nil {
		return err
	}
	if err := b.lab.Call(ctx, role.PathSlow, role.SlowDown{MS: scaleLatency}, nil); err != nil {
		return err
	}
	defer b.lab.Call(context.WithoutCancel(ctx), role.PathSlow, role.SlowDown{}, nil) //nolint:errcheck // the next job shows it
	for _, keep := range []int{0, b.Some} {
		part := fmt.Sprintf("%d devices that take %d ms, executors of %d slots", b.Some, scaleLatency, scaleSlots)
		if keep > 0 {
			part += ", second job on open sessions"
		}
		for _, n := range []int{1, 2, 4} {
			run, err := b.scaled(ctx, p, n, keep)
			if err != nil {
				return err
			}
			row := report.Row{Part: part, What: fmt.Sprintf("tasks per second, executors: %d", n), Value: run.PerSecond(), Unit: "1/s", Note: tail(run)}
			if keep > 0 {
				row.Aim = report.AtLeast(0.9 * float64(n) * scaleSlots * 1000 / scaleLatency)
			}
			b.report.Add(row)
		}
	}
	return nil
}

func (b *bench) scaled(ctx context.Context, p *product.Product, executors, keep int) (product.Run, error) {
	e := product.Executors{Count: executors, Driver: role.DriverOwn, Slots: scaleSlots, Keep: keep}
	if err := p.UseExecutors(ctx, e); err != nil {
		return product.Run{}, err
	}
	if _, err := p.Measure(ctx, spec(role.TagSome), "", ""); err != nil { // host keys, sessions
		return product.Run{}, err
	}
	return p.Measure(ctx, spec(role.TagSome), "", "")
}
