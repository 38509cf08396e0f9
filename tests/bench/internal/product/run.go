package product

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/libs/ledger"
	"github.com/netrust/netrust/tests/bench/internal/child"
	"github.com/netrust/netrust/tests/bench/internal/role"
)

// Run is what one job took.
type Run struct {
	Devices int           `json:"devices"`
	Began   time.Time     `json:"began"`
	Took    time.Duration `json:"took_ns"` // from submission to the end of the job, as a client sees both
	// CPU and Peak are by process: processor time used, and the highest memory in bytes.
	CPU  map[string]time.Duration `json:"cpu_ns"`
	Peak map[string]int64         `json:"peak_bytes"`
	// Messages are those stored, by stream.
	Messages map[string]uint64 `json:"messages"`
	// Again is how many attempts beyond the first of each device there were, and Slowest the longest that one took.
	Again   int           `json:"again"`
	Slowest time.Duration `json:"slowest_ns"`
}

// PerSecond is how many devices were done in a second.
func (r *Run) PerSecond() float64 { return float64(r.Devices) / r.Took.Seconds() }

// MessagesPerTask sums all streams.
func (r *Run) MessagesPerTask() float64 {
	var sum uint64
	for _, n := range r.Messages {
		sum += n
	}
	return float64(sum) / float64(r.Devices)
}

// streams in which a job leaves messages.
var streams = []string{contract.StreamJobs, contract.StreamTasks, ledger.Stream, bus.KVStream(contract.BucketJobs),
	bus.KVStream(contract.BucketObserved), "OBJ_" + contract.ObjectsResults}

// Measure runs a job and measures it. A job in which not every device succeeded is an error. With a directory for
// profiles it profiles every process while the job runs, into files that begin with name.
func (p *Product) Measure(ctx context.Context, spec contract.JobSpec, profiles, name string) (Run, error) {
	run := Run{CPU: map[string]time.Duration{}, Peak: map[string]int64{}, Messages: map[string]uint64{}}
	before, err := p.lastSequences(ctx)
	if err != nil {
		return run, err
	}
	if err := p.mark(run.CPU); err != nil {
		return run, err
	}
	stop, err := p.profile(ctx, profiles, name)
	if err != nil {
		return run, err
	}
	run.Began = time.Now()
	job, err := p.complete(ctx, spec)
	run.Took = time.Since(run.Began)
	if err = errors.Join(err, stop()); err != nil {
		return run, err
	}
	run.Devices = job.Counts.Succeeded
	for name, c := range p.measured() {
		u, err := c.Usage()
		if err != nil {
			return run, err
		}
		run.CPU[name], run.Peak[name] = u.CPU-run.CPU[name], u.Peak
	}
	after, err := p.lastSequences(ctx)
	for stream, last := range after {
		run.Messages[stream] = last - before[stream]
	}
	return run, errors.Join(err, p.attempts(ctx, job.ID, &run))
}

// complete runs a job to its end: it must succeed on all devices.
func (p *Product) complete(ctx context.Context, spec contract.JobSpec) (api.Job, error) {
	id, err := p.API.Submit(ctx, spec)
	if err != nil {
		return api.Job{}, err
	}
	job, err := p.API.Await(ctx, id)
	if err == nil && (job.State != contract.JobSucceeded || job.Counts.Succeeded != job.Counts.Total) {
		err = fmt.Errorf("job %s ended as %s (%s): %+v", id, job.State, job.Reason, job.Counts)
	}
	return job, err
}

// attempts looks at what the job's tasks took.
func (p *Product) attempts(ctx context.Context, id string, run *Run) error {
	tasks, err := p.API.Tasks(ctx, id)
	for _, t := range tasks {
		run.Again += t.Attempt - 1
		run.Slowest = max(run.Slowest, time.Duration(t.DurationMS)*time.Millisecond)
	}
	return err
}

// measured are the processes of the product, and the lab.
func (p *Product) measured() map[string]*child.Child {
	all := p.Children()
	if p.cfg.Lab != nil {
		all[role.Lab] = p.cfg.Lab
	}
	return all
}

// mark notes what every process has used, and resets its peak.
func (p *Product) mark(cpu map[string]time.Duration) error {
	for name, c := range p.measured() {
		u, err := c.Usage()
		if err != nil {
			return err
		}
		if err := c.ResetPeak(); err != nil {
			return err
		}
		cpu[name] = u.CPU
	}
	return nil
}

func (p *Product) lastSequences(ctx context.Context) (map[string]uint64, error) {
	out := map[string]uint64{}
	for _, stream := range streams {
		s, err := p.conn.State(ctx, stream)
		if err != nil {
			return nil, err
		}
		out[stream] = s.LastSeq
	}
	return out, nil
}

// profile begins profiles of all processes; the function that it returns ends and keeps them.
func (p *Product) profile(ctx context.Context, dir, name string) (func() error, error) {
	if dir == "" {
		return func() error { return nil }, nil
	}
	for _, c := range p.Children() {
		if err := c.StartProfile(ctx); err != nil {
			return nil, err
		}
	}
	return func() error {
		var errs []error
		for process, c := range p.Children() {
			errs = append(errs, c.StopProfile(ctx, filepath.Join(dir, name+"-"+process+".pprof")))
		}
		return errors.Join(errs...)
	}, nil
}
