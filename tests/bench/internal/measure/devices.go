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

// loop is what a bare loop took.
type loop struct {
	Kind        string        `json:"kind"`
	Devices     int           `json:"devices"`
	Concurrency int           `json:"concurrency"`
	Took        time.Duration `json:"took_ns"`
	CPU         time.Duration `json:"cpu_ns"`
	LabCPU      time.Duration `json:"lab_cpu_ns"`
}

func (l loop) perSecond() float64 { return float64(l.Devices) / l.Took.Seconds() }

// devices compares whole jobs with bare loops, PTY with PTY and exec with exec, on some devices and on many.
func (b *bench) devices(ctx context.Context) error {
	loops, err := child.Run(ctx, child.Start{
		Role: role.Bare, Name: role.Bare, Dir: b.Dir, Settings: role.BareSettings{Addresses: b.facts.Addresses, Login: b.facts.Login},
	})
	if err != nil {
		return err
	}
	defer loops.Stop()
	best := map[string]int{}
	for _, kind := range []string{bare.Exec, bare.PTY, bare.Scrapligo} {
		if best[kind], err = b.tune(ctx, loops, kind); err != nil {
			return err
		}
	}
	p, err := b.shared(ctx)
	if err != nil {
		return err
	}
	if err := b.firstContact(ctx, p); err != nil {
		return err
	}
	for _, mode := range []struct {
		driver role.DriverChoice
		name   string
		beside []string
	}{
		{role.DriverOwn, "exec", []string{bare.Exec}},
		{role.DriverTerminal, "PTY", []string{bare.PTY, bare.Scrapligo}},
	} {
		if err := p.UseExecutor(ctx, mode.driver, 0); err != nil {
			return err
		}
		for _, size := range []struct {
			tag    string
			rounds int
		}{{role.TagSome, b.Rounds}, {role.TagAll, 1}} {
			c := comparison{p: p, loops: loops, mode: mode.name, tag: size.tag, beside: mode.beside, best: best}
			if err := c.run(ctx, b, size.rounds); err != nil {
				return err
			}
		}
	}
	return b.ios(ctx, p)
}

// ios is a job on devices of cisco_ios, which end the connection after an exec without a status, as the driver chooses.
func (b *bench) ios(ctx context.Context, p *product.Product) error {
	if err := p.UseExecutor(ctx, role.DriverOwn, 0); err != nil {
		return err
	}
	var runs []product.Run
	var before, after role.Held
	for range 2 { // the first records the host keys
		if err := b.lab.Call(ctx, role.PathHeld, nil, &before); err != nil {
			return err
		}
		run, err := p.Measure(ctx, spec(role.TagIOS), "", "")
		if err != nil {
			return err
		}
		runs = append(runs, run)
		if err := b.lab.Call(ctx, role.PathHeld, nil, &after); err != nil {
			return err
		}
	}
	run := runs[1]
	part := fmt.Sprintf("%d devices of cisco_ios, as the driver chooses", run.Devices)
	b.report.Add(report.Row{Part: part, What: "netrust: devices per second", Value: run.PerSecond(), Unit: "1/s", Note: tail(run)})
	b.report.Add(report.Row{Part: part, What: "netrust: executor processor per device", Value: perDevice(run.CPU[role.Executor], run.Devices), Unit: "ms", Note: cost(run)})
	b.report.Add(report.Row{Part: part, What: "logins per device", Value: float64(after.Logins-before.Logins) / float64(run.Devices)})
	return nil
}

// tail tells what the slowest devices did.
func tail(r product.Run) string {
	return fmt.Sprintf("slowest device %s, %d attempts beyond the first", r.Slowest, r.Again)
}

// tune finds the concurrency at which a loop is fastest.
func (b *bench) tune(ctx context.Context, loops *child.Child, kind string) (best int, err error) {
	var fastest loop
	for _, n := range trials {
		l, err := b.loop(ctx, loops, kind, b.Some, n)
		if err != nil {
			return 0, err
		}
		b.say("%s, %d at once: %.0f devices per second", kind, n, l.perSecond())
		if fastest.Took == 0 || l.Took < fastest.Took {
			fastest = l
		}
	}
	return fastest.Concurrency, nil
}

func (b *bench) loop(ctx context.Context, c *child.Child, kind string, devices, concurrency int) (loop, error) {
	l := loop{Kind: kind, Devices: devices, Concurrency: concurrency}
	before, err := c.Usage()
	if err != nil {
		return l, err
	}
	lab, err := b.lab.Usage()
	if err != nil {
		return l, err
	}
	err = c.Call(ctx, role.PathLoop, role.LoopOrder{Kind: kind, Devices: devices, Concurrency: concurrency}, &l.Took)
	if err != nil {
		return l, err
	}
	after, err := c.Usage()
	if err != nil {
		return l, err
	}
	labAfter, err := b.lab.Usage()
	l.CPU, l.LabCPU = after.CPU-before.CPU, labAfter.CPU-lab.CPU
	return l, err
}

// firstContact is the first job on every device: its host key is recorded, which costs a write each.
func (b *bench) firstContact(ctx context.Context, p *product.Product) error {
	if err := p.UseExecutor(ctx, role.DriverOwn, 0); err != nil {
		return err
	}
	run, err := p.Measure(ctx, spec(role.TagAll), "", "")
	if err != nil {
		return err
	}
	b.report.Add(report.Row{
		Part: fmt.Sprintf("%d devices, exec", run.Devices), What: "first contact: devices per second, host keys recorded",
		Value: run.PerSecond(), Unit: "1/s", Note: tail(run) + "; " + cost(run),
	})
	return nil
}

// comparison is netrust beside bare loops of the same exchange.
type comparison struct {
	p      *product.Product
	loops  *child.Child
	mode   string
	tag    string
	beside []string
	best   map[string]int
}

// run does so many rounds of one job and one loop of each kind, and adds the rows.
func (c *comparison) run(ctx context.Context, b *bench, rounds int) error {
	var runs []product.Run
	bare := map[string][]loop{}
	job, err := b.tuned(ctx, c.p, c.tag)
	if err != nil {
		return err
	}
	for range rounds {
		run, err := c.p.Measure(ctx, job, "", "")
		if err != nil {
			return err
		}
		runs = append(runs, run)
		for _, kind := range c.beside {
			l, err := b.loop(ctx, c.loops, kind, run.Devices, c.best[kind])
			if err != nil {
				return err
			}
			bare[kind] = append(bare[kind], l)
		}
	}
	if b.Profiles != "" && c.tag == role.TagSome {
		job.Targets.Tags = []string{role.TagAll}
		if _, err := c.p.Measure(ctx, job, b.Profiles, c.mode); err != nil {
			return err
		}
	}
	c.rows(b.report, runs, bare, job.Limits.Parallel)
	return nil
}

func (c *comparison) rows(r *report.Report, runs []product.Run, loops map[string][]loop, parallel int) {
	run := middle(runs)
	part := fmt.Sprintf("%d devices, %s", run.Devices, c.mode)
	r.Detail(part, map[string]any{"netrust": runs, "bare": loops})
	r.Add(report.Row{Part: part, What: "netrust: devices per second", Value: run.PerSecond(), Unit: "1/s",
		Note: fmt.Sprintf("%d at once, %s; %s", parallel, spread(runs), tail(run))})
	r.Add(report.Row{Part: part, What: "netrust: executor processor per device", Value: perDevice(run.CPU[role.Executor], run.Devices), Unit: "ms", Note: cost(run)})
	r.Add(report.Row{Part: part, What: "netrust: messages per task", Value: run.MessagesPerTask()})
	for _, kind := range c.beside {
		var speed, ratios, cpu, work []float64
		for i, l := range loops[kind] {
			speed = append(speed, l.perSecond())
			ratios = append(ratios, runs[i].PerSecond()/l.perSecond())
			cpu = append(cpu, perDevice(l.CPU, l.Devices))
			work = append(work, float64(l.CPU+l.LabCPU)/float64(total(runs[i])+runs[i].CPU[role.Lab]))
		}
		r.Add(report.Row{Part: part, What: kind + ": devices per second", Value: report.Median(speed), Unit: "1/s",
			Note: fmt.Sprintf("%d at once, %.2f ms of processor per device", c.best[kind], report.Median(cpu))})
		r.Add(report.Row{Part: part, What: "netrust / " + kind, Value: report.Median(ratios), Aim: aimBeside(kind)})
		r.Add(report.Row{Part: part, What: "the same by processor time", Value: report.Median(work),
			Note: "the lab's included: what the ratio is where nothing else but the processor bounds it"})
	}
}

// aimBeside is what part of a bare loop's speed netrust should have.
func aimBeside(kind string) *report.Aim {
	if kind == bare.Scrapligo {
		return report.AtLeast(1)
	}
	return report.AtLeast(0.8)
}
