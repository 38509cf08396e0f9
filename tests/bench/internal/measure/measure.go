// Package measure runs the parts of the benchmark, one after the other, and adds their rows to a report.
//
// Every part that compares runs its two sides in turns, so that what else the machine does strikes both; values are
// medians over the rounds, after a warm-up that is not counted.
package measure

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/tests/bench/internal/bare"
	"github.com/netrust/netrust/tests/bench/internal/child"
	"github.com/netrust/netrust/tests/bench/internal/product"
	"github.com/netrust/netrust/tests/bench/internal/report"
	"github.com/netrust/netrust/tests/bench/internal/role"
)

// Config says how much is run.
type Config struct {
	Dir      string // for streams, views and logs
	Profiles string // directory for profiles; "" for none
	Many     int    // devices of a large job
	Some     int    // of a small one
	Rounds   int    // of comparisons
	Latency  int    // small jobs whose latency is measured
	Urgent   int    // urgent jobs, alone and behind a large one
	Parts    []string
	Progress io.Writer
}

// Parts of the benchmark, in the order in which they run.
var Parts = []string{"engine", "syncs", "devices", "latency", "urgent", "sessions", "reuse", "scale", "growth"}

// parallel is how many devices a job works on at once, unless the best number is looked for.
const parallel = 256

// trials are the concurrencies that are tried. A task of netrust is in hand while it is claimed and recorded too, and so
// needs more of them at once for the same work on devices.
var (
	trials         = []int{16, 64, 128}
	parallelTrials = []int{64, 128, 256}
)

// bench is one run.
type bench struct {
	Config
	report *report.Report
	lab    *child.Child
	facts  role.LabFacts
	main   *product.Product
	best   int // parallel devices at which jobs with devices are fastest; 0: not looked for yet
}

// Run runs the parts and fills the report.
func Run(ctx context.Context, cfg Config, r *report.Report) error {
	for _, name := range cfg.Parts {
		if !slices.Contains(Parts, name) {
			return fmt.Errorf("no part is called %q; choose from %s", name, strings.Join(Parts, ", "))
		}
	}
	b := &bench{Config: cfg, report: r}
	defer b.stop()
	if err := b.start(ctx); err != nil {
		return err
	}
	parts := map[string]func(context.Context) error{
		"engine": b.engine, "syncs": b.syncs, "devices": b.devices, "latency": b.latency, "urgent": b.urgent,
		"sessions": b.sessions, "reuse": b.reuse, "scale": b.scale, "growth": b.growth,
	}
	for _, name := range Parts {
		if len(cfg.Parts) > 0 && !slices.Contains(cfg.Parts, name) {
			continue
		}
		began := time.Now()
		if err := parts[name](ctx); err != nil {
			return fmt.Errorf("part %s: %w", name, err)
		}
		b.say("%s took %s", name, time.Since(began).Round(100*time.Millisecond))
	}
	return nil
}

func (b *bench) start(ctx context.Context) (err error) {
	b.say("starting a lab of %d devices", b.Many+b.Some+role.CountFew)
	b.lab, err = child.Run(ctx, child.Start{
		Role: role.Lab, Name: role.Lab, Dir: b.Dir, Settings: role.LabSettings{All: b.Many, Some: b.Some},
	})
	if err != nil {
		return err
	}
	return b.lab.Facts(&b.facts)
}

// product starts netrust on streams of its own.
func (b *bench) product(ctx context.Context, name string, count bool) (*product.Product, error) {
	p, err := product.Start(ctx, product.Config{
		Dir: filepath.Join(b.Dir, name), Inventory: b.facts.Inventory, Environment: b.facts.Environment, CountSyncs: count, Lab: b.lab,
	})
	if err == nil {
		b.say("%s: imported %d devices in %s", name, b.Many+b.Some+role.CountFew, p.Imported.Round(time.Millisecond))
	}
	return p, err
}

// shared is the product that most parts use.
func (b *bench) shared(ctx context.Context) (*product.Product, error) {
	if b.main != nil {
		return b.main, nil
	}
	p, err := b.product(ctx, "main", false)
	b.main = p
	return p, err
}

func (b *bench) stop() {
	if b.main != nil {
		b.main.Stop()
	}
	if b.lab != nil {
		b.lab.Stop()
	}
}

func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.Progress, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// tuned is a job at the concurrency that is best with devices on this machine.
func (b *bench) tuned(ctx context.Context, p *product.Product, tag string) (contract.JobSpec, error) {
	s := spec(tag)
	if b.best == 0 {
		if _, err := p.Measure(ctx, spec(role.TagSome), "", ""); err != nil { // warm-up
			return s, err
		}
		var fastest time.Duration
		for _, n := range parallelTrials {
			trial := spec(role.TagSome)
			trial.Limits.Parallel = n
			run, err := p.Measure(ctx, trial, "", "")
			if err != nil {
				return s, err
			}
			b.say("netrust, exec, %d at once: %.0f devices per second", n, run.PerSecond())
			if fastest == 0 || run.Took < fastest {
				fastest, b.best = run.Took, n
			}
		}
	}
	s.Limits.Parallel = b.best
	return s, nil
}

// spec is a job of `show version` on the devices with a tag.
func spec(tag string) contract.JobSpec {
	return contract.JobSpec{
		Kind: contract.JobKindCommand, Targets: contract.TargetSelector{Tags: []string{tag}}, Commands: []string{bare.Command},
		Limits: contract.Limits{Parallel: parallel, DeviceTimeoutMS: 120_000, CommandTimeoutMS: 60_000},
	}
}

const mib = 1 << 20

// services are the processes in the order of the table.
var services = []string{role.NATS, role.Scheduler, role.Executor, role.Gateway}

// cost tells processor time per device and peak memory of each process.
func cost(r product.Run) string {
	var parts []string
	for _, s := range append(services, role.Lab) {
		parts = append(parts, fmt.Sprintf("%s %.2f ms %d MiB", s, perDevice(r.CPU[s], r.Devices), r.Peak[s]/mib))
	}
	return strings.Join(parts, ", ")
}

// perDevice is milliseconds.
func perDevice(d time.Duration, devices int) float64 {
	return float64(d.Microseconds()) / 1000 / float64(devices)
}
