package measure

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/tests/bench/internal/product"
	"github.com/netrust/netrust/tests/bench/internal/report"
	"github.com/netrust/netrust/tests/bench/internal/role"
	"github.com/netrust/netrust/tests/bench/internal/syncs"
)

// engine runs jobs with a driver that does nothing: what is left is the bus, the ledger, the scheduler and the view.
func (b *bench) engine(ctx context.Context) error {
	p, err := b.shared(ctx)
	if err != nil {
		return err
	}
	if err := p.UseExecutor(ctx, role.DriverNone, 0); err != nil {
		return err
	}
	if _, err := p.Measure(ctx, spec(role.TagAll), "", ""); err != nil { // warm-up
		return err
	}
	var runs []product.Run
	for range b.Rounds {
		run, err := p.Measure(ctx, spec(role.TagAll), "", "")
		if err != nil {
			return err
		}
		runs = append(runs, run)
	}
	if b.Profiles != "" {
		if _, err := p.Measure(ctx, spec(role.TagAll), b.Profiles, "engine"); err != nil {
			return err
		}
	}
	b.report.Detail("engine", runs)
	run := middle(runs)
	part := fmt.Sprintf("engine alone: %d tasks, a driver that does nothing", run.Devices)
	b.report.Add(report.Row{Part: part, What: "tasks per second", Value: run.PerSecond(), Unit: "1/s", Aim: report.AtLeast(1000), Note: spread(runs)})
	b.report.Add(report.Row{Part: part, What: "processor per task, all processes", Value: perDevice(total(run), run.Devices), Unit: "ms", Note: cost(run)})
	b.report.Add(report.Row{Part: part, What: "scheduler processor per task", Value: 1000 * perDevice(run.CPU[role.Scheduler], run.Devices), Unit: "µs", Aim: report.AtMost(100)})
	limited, err := p.Measure(ctx, limitedSpec(), "", "")
	if err != nil {
		return err
	}
	b.report.Detail("engine in waves and within limits", limited)
	b.report.Add(report.Row{
		Part: part, What: "scheduler processor per task, in four waves and within limits", Unit: "µs", Aim: report.AtMost(100),
		Value: 1000 * perDevice(limited.CPU[role.Scheduler], limited.Devices), Note: fmt.Sprintf("%.0f tasks per second", limited.PerSecond()),
	})
	b.report.Add(report.Row{Part: part, What: "messages per task", Value: run.MessagesPerTask(), Unit: "", Note: byStream(run)})
	return nil
}

// limitedSpec is the same job in waves and within limits that thousands of its tasks run against.
func limitedSpec() contract.JobSpec {
	s := spec(role.TagAll)
	s.Rollout = contract.Rollout{Batches: []contract.Batch{{Percent: 25}}}
	s.Limits.PerDomain, s.Limits.PerPlatform = parallel/2, parallel/2
	return s
}

// syncs counts what the disk must keep, in runs of their own: with a driver that does nothing, and with devices.
func (b *bench) syncs(ctx context.Context) error {
	p, err := b.product(ctx, "syncs", true)
	if err != nil {
		return err
	}
	defer p.Stop()
	for _, run := range []struct {
		driver role.DriverChoice
		what   string
		aim    *report.Aim
	}{
		{role.DriverNone, "fsyncs per task, driver that does nothing", report.AtMost(0.3)},
		{role.DriverOwn, "fsyncs per task, devices by exec", report.AtMost(0.3)},
	} {
		if err := p.UseExecutor(ctx, run.driver, 0); err != nil {
			return err
		}
		if _, err := p.Measure(ctx, spec(role.TagSome), "", ""); err != nil { // warm-up: host keys are recorded on first use
			return err
		}
		tag := role.TagAll
		if run.driver == role.DriverOwn {
			tag = role.TagSome
		}
		m, err := p.Measure(ctx, spec(tag), "", "")
		if err != nil {
			return err
		}
		c, err := p.Syncs(m.Began, m.Began.Add(m.Took))
		if err != nil {
			return err
		}
		b.report.Detail("syncs "+string(run.driver), c)
		b.report.Add(report.Row{
			Part: "fsyncs, counted under strace", What: run.what, Unit: "", Aim: run.aim,
			Value: float64(c.Calls) / float64(m.Devices),
			Note: fmt.Sprintf("%d tasks at %.0f/s; files opened to be synced: %.3f per task; %s", m.Devices, m.PerSecond(),
				float64(c.Opened)/float64(m.Devices), places(c)),
		})
	}
	return nil
}

// places are the four that cost most.
func places(c syncs.Count) string {
	names := slices.SortedFunc(maps.Keys(c.ByPlace), func(a, b string) int { return cmp.Compare(c.ByPlace[b], c.ByPlace[a]) })
	var out []string
	for _, n := range names[:min(4, len(names))] {
		out = append(out, fmt.Sprintf("%s %d", n, c.ByPlace[n]))
	}
	return strings.Join(out, ", ")
}

// middle is the run of median speed.
func middle(runs []product.Run) product.Run {
	sorted := slices.SortedFunc(slices.Values(runs), func(a, b product.Run) int { return cmp.Compare(a.Took, b.Took) })
	return sorted[len(sorted)/2]
}

func spread(runs []product.Run) string {
	var out []string
	for _, r := range runs {
		out = append(out, fmt.Sprintf("%.0f", r.PerSecond()))
	}
	return "rounds: " + strings.Join(out, ", ")
}

// total is the processor time of the product, without the lab.
func total(r product.Run) (sum time.Duration) {
	for _, s := range services {
		sum += r.CPU[s]
	}
	return sum
}

func byStream(r product.Run) string {
	var out []string
	for _, s := range slices.Sorted(maps.Keys(r.Messages)) {
		if r.Messages[s] > 0 {
			out = append(out, fmt.Sprintf("%s %.2f", s, float64(r.Messages[s])/float64(r.Devices)))
		}
	}
	return strings.Join(out, ", ")
}
