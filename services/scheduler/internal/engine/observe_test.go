package engine_test

import (
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/servicekit/metric"
	"github.com/netrust/netrust/libs/servicekit/metric/metrictest"
	"github.com/netrust/netrust/libs/servicekit/tracing"
	"github.com/netrust/netrust/libs/servicekit/tracing/tracetest"
	"github.com/netrust/netrust/services/scheduler/internal/measure"
)

const request = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

func TestAReleaseGoesOnWithTheTraceOfItsRequestAlsoUnderAnotherLeader(t *testing.T) {
	t.Parallel()
	collector := tracetest.Start(t)
	tracer, err := tracing.New(t.Context(), tracing.Config{Endpoint: collector.URL}, zerolog.Nop(), nil)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	w.config.Tracer, w.config.TraceTasks, w.trace = tracer.As("scheduler"), 3, request
	w.devices("s1", "", 5)
	w.lead()
	c := w.crew("x", 1, 1) // two are out at once
	w.submit("j")
	first := c.next(2)
	if err := w.end(); err == nil {
		t.Fatal("the first leader does not end")
	}
	w.config.Incarnation = "second"
	w.lead()
	c.finish(first[0], "")
	if last := c.work("j"); last.State != contract.JobSucceeded {
		t.Fatalf("the job ended as %s", last.State)
	}
	sampled := 0
	for _, task := range w.released() {
		if tracing.IDOf(task.Trace) != request[3:35] {
			t.Errorf("a task is released with trace %q", task.Trace)
		}
		if tracing.Sampled(task.Trace) {
			sampled++
		}
	}
	if out := len(w.released()); sampled == out || sampled < 3 || sampled > 6 {
		t.Errorf("%d of %d releases are in the trace; each leader adds three at most", sampled, out)
	}
	if err := tracer.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	names := map[string]int{}
	for _, s := range collector.Spans() {
		names[s.Name]++
		if s.Trace != request[3:35] || s.Parent != request[36:52] || s.Attributes["netrust.job_id"] != "j" {
			t.Errorf("span %+v does not hang below the request", s)
		}
	}
	if names["plan"] != 1 || names["job"] != 1 || names["release"] < 2 {
		t.Errorf("the spans are %v", names)
	}
}

func TestTheLeaderShowsWhatWaitsAndRuns(t *testing.T) {
	t.Parallel()
	reg := metric.NewRegistry()
	w := newWorld(t)
	w.config.Meters = measure.New(reg)
	w.devices("s1", "", 7)
	w.lead()
	c := w.crew("x", 2, 1) // four are out at once
	w.submit("j", func(s *contract.JobSpec) { s.Retry.Attempts = 2 })
	released := c.next(4)
	lease := c.claim(released[0])
	w.shows(reg, map[string]float64{
		`netrust_scheduler_executors`:                                1,
		`netrust_scheduler_slots{class="normal"}`:                    2,
		`netrust_scheduler_jobs{state="running"}`:                    1,
		`netrust_scheduler_tasks{class="normal",state="queued"}`:     3,
		`netrust_scheduler_tasks{class="normal",state="released"}`:   3,
		`netrust_scheduler_tasks{class="normal",state="running"}`:    1,
		`netrust_scheduler_queue_wait_seconds_count{class="normal"}`: 1,
		`netrust_scheduler_release_size_sum{class="normal"}`:         4,
	})
	delay := contract.Delay{Reason: "later", NotBefore: time.Now(), Error: &contract.TaskError{Kind: contract.KindBusy, Effect: contract.EffectNone}}
	if err := lease.Delay(t.Context(), delay, true); err != nil {
		t.Fatal(err)
	}
	for _, task := range released[1:] {
		c.finish(task, "")
	}
	if last := c.work("j"); last.State != contract.JobSucceeded {
		t.Fatalf("the job ended as %s", last.State)
	}
	w.shows(reg, map[string]float64{
		`netrust_scheduler_jobs{state="running"}`:                    0,
		`netrust_scheduler_tasks{class="normal",state="queued"}`:     0,
		`netrust_scheduler_tasks{class="normal",state="running"}`:    0,
		`netrust_scheduler_jobs_ended_total{state="succeeded"}`:      1,
		`netrust_scheduler_tasks_ended_total{state="succeeded"}`:     7,
		`netrust_scheduler_task_retries_total{kind="busy"}`:          1,
		`netrust_scheduler_queue_wait_seconds_count{class="normal"}`: 7,
	})
	_ = w.end()
	w.shows(reg, map[string]float64{`netrust_scheduler_executors`: 0, `netrust_scheduler_slots{class="normal"}`: 0})
}

// shows waits until the registry shows these values.
func (w *world) shows(reg *metric.Registry, want map[string]float64) {
	w.Helper()
	for series, value := range want {
		w.await(series, func() bool {
			got, shown := metrictest.Values(w, reg)[series]
			return shown && got == value
		})
	}
}
