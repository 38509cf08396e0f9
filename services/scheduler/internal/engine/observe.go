package engine

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/servicekit/tracing"
	"github.com/netrust/netrust/services/scheduler/internal/measure"
)

// standing counts what waits and runs: by job, never by task, since it is done every second.
func (e *Engine) standing() measure.Standing {
	s := measure.Standing{
		Jobs: map[contract.JobState]int{}, Queued: map[contract.Class]int{}, Released: map[contract.Class]int{},
		Running: map[contract.Class]int{}, Slots: e.fleet.total, Executors: len(e.fleet.members), Events: len(e.events),
	}
	for _, a := range e.jobs {
		s.Jobs[a.State]++
		class, out, claimed := a.Class(), a.Out(), a.Claims()
		s.Queued[class] += a.Open() - out
		s.Released[class] += out - claimed
		s.Running[class] += claimed
	}
	return s
}

// count counts a record that is news of task i.
func (e *Engine) count(a *active, i int, r *contract.TaskRecord) {
	switch {
	case r.State == contract.Claimed && r.Attempt == 1 && r.Claim != nil:
		e.cfg.Meters.Claimed(a.Class(), a.Submitted, r.Claim.ClaimedAt)
	case r.State == contract.Retry && r.Retry != nil && r.Retry.Error != nil:
		e.cfg.Meters.Retried(a.Tasks[i].Kind)
	case r.State == contract.Retry:
		e.cfg.Meters.Retried("")
	}
}

// trace is where a job's trace goes on. Of a large job only the first tasks are in it with all their steps: nobody reads
// forty thousand spans, and every one costs.
type trace struct {
	parent    string // traceparent of the request that made the job, "" for none
	unsampled string // the same, for tasks that are left out
	left      int    // how many tasks may still be in it
}

func newTrace(parent string, tasks int) trace {
	return trace{parent: parent, unsampled: tracing.Unsampled(parent), left: tasks}
}

// next is the trace of the next release.
func (t *trace) next() string {
	if t.left <= 0 {
		return t.unsampled
	}
	t.left--
	return t.parent
}

// logOf is the log of a job: each line says which job, and which trace.
func (e *Engine) logOf(job, traceparent string) zerolog.Logger {
	c := e.log.With().Str("job_id", job)
	if id := tracing.IDOf(traceparent); id != "" {
		c = c.Str("trace_id", id)
	}
	return c.Logger()
}

// span starts a step of a job, below the request that made it.
func (e *Engine) span(ctx context.Context, a *active, name string, at time.Time) *tracing.Span {
	if e.cfg.Tracer == nil {
		return nil
	}
	_, span := e.cfg.Tracer.StartAt(tracing.Accept(ctx, a.trace.parent), name, tracing.Internal, at)
	return span.Str("netrust.job_id", a.ID)
}

// ended counts a job that has ended, and closes its trace with a span over all of it.
func (e *Engine) ended(ctx context.Context, a *active, state contract.JobState, c *contract.Counts) {
	e.cfg.Meters.JobEnded(state)
	e.cfg.Meters.TasksEnded(c)
	failure := ""
	if state != contract.JobSucceeded {
		failure = string(state)
	}
	e.span(ctx, a, "job", a.Submitted).Int("netrust.tasks", c.Total).Int("netrust.succeeded", c.Succeeded).End(failure)
}

// traceReleases starts a span for each job in the batch and hangs its tasks below it. What it returns ends them.
func (e *Engine) traceReleases(ctx context.Context, tasks []contract.Task) (end func(error)) {
	if e.cfg.Tracer == nil {
		return func(error) {} // the tasks go on with the trace of their request
	}
	type release struct {
		header string
		span   *tracing.Span
		tasks  int
	}
	below := map[string]*release{}
	for i := range tasks {
		t := &tasks[i]
		if t.Trace == "" {
			continue
		}
		r := below[t.Trace]
		if r == nil {
			ctx, span := e.cfg.Tracer.Start(tracing.Accept(ctx, t.Trace), "release", tracing.Producer)
			r = &release{header: tracing.Traceparent(ctx), span: span.Str("netrust.job_id", t.JobID).Str("netrust.class", string(t.Class))}
			below[t.Trace] = r
		}
		r.tasks++
		t.Trace = r.header
	}
	return func(err error) {
		failure := ""
		if err != nil {
			failure = "not written"
		}
		for _, r := range below {
			r.span.Int("netrust.tasks", r.tasks).End(failure)
		}
	}
}

// headers makes the header of each task's trace: tasks of one release share it.
type headers struct {
	trace  string
	header map[string]string
}

func (h *headers) of(trace string) map[string]string {
	if trace == "" {
		return nil
	}
	if h.trace != trace {
		h.trace, h.header = trace, map[string]string{contract.HeaderTraceparent: trace}
	}
	return h.header
}
