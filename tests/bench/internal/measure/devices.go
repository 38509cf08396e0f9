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
	return nil
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
	err = c.Call(ctx, role.PathLoop, role.LoopOrder{Kind: kind, Devices: devices, Concurrency: concurrency}, &l.Took)
	if err != nil {
		return l, err
	}
	after, err := c.Usage()
	l.CPU = after.CPU - before.CPU
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
		Value: run.PerSecond(), Unit: "1/s", Note: cost(run),
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
	for range rounds {
		run, err := c.p.Measure(ctx, spec(c.tag), "", "")
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
		if _, err := c.p.Measure(ctx, spec(role.TagAll), b.Profiles, c.mode); err != nil {
			return err
		}
	}
	c.rows(b.report, runs, bare)
	return nil
}

func (c *comparison) rows(r *report.Report, runs []product.Run, loops map[string][]loop) {
	run := middle(runs)
	part := fmt.Sprintf("%d devices, %s", run.Devices, c.mode)
	r.Detail(part, map[string]any{"netrust": runs, "bare": loops})
	r.Add(report.Row{Part: part, What: "netrust: devices per second", Value: run.PerSecond(), Unit: "1/s", Note: spread(runs)})
	r.Add(report.Row{Part: part, What: "netrust: executor processor per device", Value: perDevice(run.CPU[role.Executor], run.Devices), Unit: "ms", Note: cost(run)})
	r.Add(report.Row{Part: part, What: "netrust: messages per task", Value: run.MessagesPerTask()})
	for _, kind := range c.beside {
		var speed, ratios, cpu []float64
		for i, l := range loops[kind] {
			speed = append(speed, l.perSecond())
			ratios = append(ratios, runs[i].PerSecond()/l.perSecond())
			cpu = append(cpu, perDevice(l.CPU, l.Devices))
		}
		r.Add(report.Row{Part: part, What: kind + ": devices per second", Value: report.Median(speed), Unit: "1/s",
			Note: fmt.Sprintf("%d at once, %.2f ms of processor per device", c.best[kind], report.Median(cpu))})
		r.Add(report.Row{Part: part, What: "netrust / " + kind, Value: report.Median(ratios), Aim: aimBeside(kind)})
	}
}

// aimBeside is what part of a bare loop's speed netrust should have.
func aimBeside(kind string) *report.Aim {
	if kind == bare.Scrapligo {
		return report.AtLeast(1)
	}
	return report.AtLeast(0.8)
}
