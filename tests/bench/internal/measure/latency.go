package measure

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/tests/bench/internal/product"
	"github.com/netrust/netrust/tests/bench/internal/report"
	"github.com/netrust/netrust/tests/bench/internal/role"
)

// latency is how soon an idle netrust shows the first result of a small job.
func (b *bench) latency(ctx context.Context) error {
	p, err := b.shared(ctx)
	if err != nil {
		return err
	}
	part := fmt.Sprintf("a job of %d devices, idle (median of %d)", role.CountFew, b.Latency)
	for _, run := range []struct {
		driver role.DriverChoice
		name   string
	}{{role.DriverNone, "no driver"}, {role.DriverOwn, "exec"}} {
		if err := p.UseExecutor(ctx, run.driver, 0); err != nil {
			return err
		}
		lines, err := follow(ctx, p, spec(role.TagFew), b.Latency)
		if err != nil {
			return err
		}
		b.report.Detail("latency "+run.name, lines)
		m := medians(lines)
		b.report.Add(report.Row{
			Part: part, What: "first result shown, " + run.name, Value: ms(m.Shown), Unit: "ms", Aim: report.AtMost(100), Note: steps(m),
		})
	}
	return nil
}

// follow runs a small job so many times, one after the other, after two that do not count.
func follow(ctx context.Context, p *product.Product, s contract.JobSpec, times int) ([]product.Timeline, error) {
	var lines []product.Timeline
	for i := range times + 2 {
		t, err := p.Follow(ctx, s)
		if err != nil {
			return nil, err
		}
		if i >= 2 {
			lines = append(lines, t)
		}
	}
	return lines, nil
}

// urgent is how much longer an urgent job takes while a large one runs.
func (b *bench) urgent(ctx context.Context) error {
	p, err := b.shared(ctx)
	if err != nil {
		return err
	}
	urgent := spec(role.TagFew)
	urgent.Priority = contract.PriorityUrgent
	part := fmt.Sprintf("an urgent job of %d devices (median of %d)", role.CountFew, b.Urgent)
	for _, run := range []struct {
		driver role.DriverChoice
		name   string
	}{{role.DriverNone, "no driver"}, {role.DriverOwn, "exec"}} {
		if err := p.UseExecutor(ctx, run.driver, 0); err != nil {
			return err
		}
		alone, err := follow(ctx, p, urgent, b.Urgent)
		if err != nil {
			return err
		}
		large := spec(role.TagAll)
		if run.driver == role.DriverOwn {
			if large, err = b.tuned(ctx, p, role.TagAll); err != nil {
				return err
			}
		}
		behind, err := b.behind(ctx, p, urgent, large)
		if err != nil {
			return err
		}
		b.report.Detail("urgent "+run.name, map[string]any{"alone": alone, "behind": behind})
		a, c := medians(alone), medians(behind)
		b.report.Add(report.Row{Part: part, What: "alone, " + run.name, Value: ms(a.Ended), Unit: "ms", Note: steps(a)})
		b.report.Add(report.Row{Part: part, What: fmt.Sprintf("behind a job of %d, %s", b.Many, run.name), Value: ms(c.Ended), Unit: "ms", Note: steps(c)})
		b.report.Add(report.Row{Part: part, What: "slower by, " + run.name, Value: ms(c.Ended - a.Ended), Unit: "ms", Aim: report.AtMost(150)})
	}
	return nil
}

// behind runs urgent jobs while a large one is in full swing, as many large ones after another as it takes. A sample
// counts only when the large job was still running at its end.
func (b *bench) behind(ctx context.Context, p *product.Product, urgent, large contract.JobSpec) ([]product.Timeline, error) {
	var lines []product.Timeline
	for tries := 0; len(lines) < b.Urgent; tries++ {
		if tries > b.Urgent {
			return nil, errors.New("the large job ends before an urgent one does; raise -devices")
		}
		id, err := p.API.Submit(ctx, large)
		if err != nil {
			return nil, err
		}
		if err := b.swing(ctx, p, id); err != nil {
			return nil, err
		}
		for len(lines) < b.Urgent {
			t, err := p.Follow(ctx, urgent)
			if err != nil {
				return nil, err
			}
			job, err := p.API.Get(ctx, id)
			if err != nil {
				return nil, err
			}
			if job.State.Ended() {
				break
			}
			lines = append(lines, t)
		}
		if _, err := p.API.Await(ctx, id); err != nil {
			return nil, err
		}
	}
	return lines, nil
}

// swing waits until a twentieth of a job is done.
func (b *bench) swing(ctx context.Context, p *product.Product, id string) error {
	return poll(ctx, "the large job to run", func() (bool, error) {
		job, err := p.API.Get(ctx, id)
		return job.Counts.Succeeded >= b.Many/20 || job.State.Ended(), err
	})
}

// poll asks until it is so, at most [product.JobTimeout].
func poll(ctx context.Context, what string, so func() (bool, error)) error {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, product.JobTimeout)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := so()
		if ok || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waited %s in vain for %s: %w", time.Since(began).Round(time.Second), what, ctx.Err())
		}
	}
}

func medians(lines []product.Timeline) product.Timeline {
	of := func(step func(product.Timeline) time.Duration) time.Duration {
		var all []time.Duration
		for _, l := range lines {
			all = append(all, step(l))
		}
		return report.Median(all)
	}
	return product.Timeline{
		Accepted: of(func(t product.Timeline) time.Duration { return t.Accepted }),
		Planned:  of(func(t product.Timeline) time.Duration { return t.Planned }),
		Running:  of(func(t product.Timeline) time.Duration { return t.Running }),
		Taken:    of(func(t product.Timeline) time.Duration { return t.Taken }),
		Claimed:  of(func(t product.Timeline) time.Duration { return t.Claimed }),
		Answered: of(func(t product.Timeline) time.Duration { return t.Answered }),
		Finished: of(func(t product.Timeline) time.Duration { return t.Finished }),
		Shown:    of(func(t product.Timeline) time.Duration { return t.Shown }),
		Ended:    of(func(t product.Timeline) time.Duration { return t.Ended }),
	}
}

func steps(t product.Timeline) string {
	return fmt.Sprintf("ms since submission: accepted %.0f, planned %.0f, running %.0f, taken %.0f, claimed %.0f, answered %.0f, finished %.0f, shown %.0f, ended %.0f",
		ms(t.Accepted), ms(t.Planned), ms(t.Running), ms(t.Taken), ms(t.Claimed), ms(t.Answered), ms(t.Finished), ms(t.Shown), ms(t.Ended))
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
