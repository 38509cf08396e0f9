// Package measure is what a scheduler shows of itself: its metrics. Traces are started where the work is.
//
// The instruments are made once per process and outlive terms of leadership; what only a leader knows is put back to nothing
// when its term ends.
package measure

import (
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/servicekit/metric"
)

// Meters are the scheduler's instruments. Safe for concurrent use.
type Meters struct {
	Leader     metric.Gauge
	Executors  metric.Gauge
	Events     metric.Gauge   // waiting to be taken in
	Busy       metric.Counter // seconds
	Recoveries metric.Counter

	slots, jobs, tasks          *metric.Gauges
	jobsEnded, tasksEnded       *metric.Counters
	retries, takenBack          *metric.Counters
	wait, releaseSize, released *metric.Histograms
}

// New makes the instruments.
func New(r *metric.Registry) *Meters {
	m := &Meters{
		Leader:     r.Gauge("netrust_scheduler_leader", "1 while this scheduler leads. Summed over all, it is 1."),
		Executors:  r.Gauge("netrust_scheduler_executors", "Executors that live, as the leader sees it."),
		Events:     r.Gauge("netrust_scheduler_events_waiting", "Messages that the leader has received and not taken in yet."),
		Busy:       r.Counter("netrust_scheduler_busy_seconds_total", "Time that the leader's loop was at work: near one second per second, it is the bottleneck."),
		Recoveries: r.Counter("netrust_scheduler_recoveries_total", "Tasks released to be recovered, because their executor was gone."),
		slots:      r.Gauges("netrust_scheduler_slots", "Tasks that the living executors can run at once.", "class"),
		jobs:       r.Gauges("netrust_scheduler_jobs", "Jobs that have not ended, by state.", "state"),
		tasks: r.Gauges("netrust_scheduler_tasks", "Tasks of jobs that have not ended: queued (not released yet, or to be tried again), released (no executor has claimed them yet), running.",
			"class", "state"),
		jobsEnded:  r.Counters("netrust_scheduler_jobs_ended_total", "Jobs that ended, by their last state.", "state"),
		tasksEnded: r.Counters("netrust_scheduler_tasks_ended_total", "Tasks of jobs that ended, by their last state; counted at the job's end.", "state"),
		retries:    r.Counters("netrust_scheduler_task_retries_total", "Attempts that ended with the task to be released again, by what went wrong.", "kind"),
		takenBack:  r.Counters("netrust_scheduler_releases_taken_back_total", "Released tasks that nobody claimed, or whose release could not be written: they are released again.", "class"),
		wait: r.Histograms("netrust_scheduler_queue_wait_seconds", "From a job's submission to the claim of a task's first attempt.",
			append(metric.Times(), 1800, 3600, 4*3600, 24*3600), "class"),
		releaseSize: r.Histograms("netrust_scheduler_release_size", "Tasks released together.", metric.Sizes(), "class"),
		released:    r.Histograms("netrust_scheduler_release_seconds", "Time until a batch of releases stood.", metric.Times(), "class"),
	}
	for _, c := range contract.Classes { // shown from the start: a rate needs the zero
		m.takenBack.WithLabelValues(string(c))
	}
	for _, s := range []contract.JobState{contract.JobSucceeded, contract.JobFailed, contract.JobCancelled, contract.JobRejected} {
		m.jobsEnded.WithLabelValues(string(s))
	}
	m.TasksEnded(&contract.Counts{})
	for _, kind := range []contract.ErrorKind{notStarted, contract.KindUnreachable, contract.KindBusy, contract.KindTimeout, contract.KindAmbiguous} {
		m.retries.WithLabelValues(string(kind))
	}
	return m
}

// open are the states of a job that has not ended.
var open = []contract.JobState{contract.JobSubmitted, contract.JobPlanned, contract.JobRunning}

// notStarted is what retries are counted as when nothing was sent to the device.
const notStarted contract.ErrorKind = "not_started"

// Standing is what waits and runs now.
type Standing struct {
	Jobs                      map[contract.JobState]int
	Queued, Released, Running map[contract.Class]int
	Slots                     map[contract.Class]int
	Executors, Events         int
}

// Show shows what waits and runs; the zero value is that of a scheduler that does not lead.
func (m *Meters) Show(s Standing) {
	m.Executors.Set(float64(s.Executors))
	m.Events.Set(float64(s.Events))
	for _, state := range open {
		m.jobs.WithLabelValues(string(state)).Set(float64(s.Jobs[state]))
	}
	for _, c := range contract.Classes {
		class := string(c)
		m.slots.WithLabelValues(class).Set(float64(s.Slots[c]))
		m.tasks.WithLabelValues(class, "queued").Set(float64(s.Queued[c]))
		m.tasks.WithLabelValues(class, "released").Set(float64(s.Released[c]))
		m.tasks.WithLabelValues(class, "running").Set(float64(s.Running[c]))
	}
}

// JobEnded counts a job that ended.
func (m *Meters) JobEnded(s contract.JobState) { m.jobsEnded.WithLabelValues(string(s)).Inc() }

// TasksEnded counts the tasks of a job that ended.
func (m *Meters) TasksEnded(c *contract.Counts) {
	for state, n := range map[contract.TaskState]int{
		contract.TaskSucceeded: c.Succeeded, contract.TaskFailed: c.Failed, contract.TaskSkipped: c.Skipped,
		contract.TaskCancelled: c.Cancelled, contract.TaskUncertain: c.Uncertain,
	} {
		m.tasksEnded.WithLabelValues(string(state)).Add(float64(n))
	}
}

// Claimed notes a claim of a task's first attempt.
func (m *Meters) Claimed(c contract.Class, submitted, claimed time.Time) {
	m.wait.WithLabelValues(string(c)).Observe(max(0, claimed.Sub(submitted).Seconds())) // two clocks
}

// Retried counts an attempt after which the task is to be released again; kind is "" when nothing was sent to the device.
func (m *Meters) Retried(kind contract.ErrorKind) {
	if kind == "" {
		kind = notStarted
	}
	m.retries.WithLabelValues(string(kind)).Inc()
}

// Released notes a batch of releases that stands.
func (m *Meters) Released(c contract.Class, n int, start time.Time) {
	m.releaseSize.WithLabelValues(string(c)).Observe(float64(n))
	metric.Since(m.released.WithLabelValues(string(c)), start)
}

// TakenBack counts releases that came to nothing.
func (m *Meters) TakenBack(c contract.Class, n int) {
	m.takenBack.WithLabelValues(string(c)).Add(float64(n))
}
