// Package measure is what an executor shows of itself: its metrics, and the spans of a task's steps.
//
// Labels are a platform, a class, an outcome: never a device or a job. Spans name the device and the job, and of a command
// only what the ledger shows of it too. A nil *[Meters] measures nothing.
package measure

import (
	"context"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/libs/servicekit/metric"
	"github.com/netrust/netrust/libs/servicekit/tracing"
)

// Meters are an executor's instruments. Safe for concurrent use.
type Meters struct {
	tracer *tracing.Tracer

	inHand, slots    *metric.Gauges
	pickup           *metric.Histograms
	tasks            *metric.Histograms
	logins, commands *metric.Histograms
	errors, refused  *metric.Counters
	redelivered      metric.Counter
}

// New makes the instruments.
func New(o servicekit.Observe) *Meters {
	r := o.Metrics
	m := &Meters{
		tracer: o.Tracer.As("netrust-executor"),
		inHand: r.Gauges("netrust_executor_tasks_in_hand", "Tasks that this executor has taken and not ended: waiting for their claim, on a device, or being recorded.", "class"),
		slots:  r.Gauges("netrust_executor_slots", "Tasks that this executor has in hand at most.", "class"),
		pickup: r.Histograms("netrust_executor_pickup_seconds", "From a task's release to its claim by this executor.", metric.Times(), "class"),
		tasks: r.Histograms("netrust_executor_task_seconds", "Time of an attempt on its device, from the credential to the last answer; outcome retry is one that is to be made again.",
			metric.Times(), "platform", "outcome"),
		logins:      r.Histograms("netrust_executor_login_seconds", "Time from dialling a device to its first prompt; outcome is ok, or the kind of error.", metric.Times(), "platform", "outcome"),
		commands:    r.Histograms("netrust_executor_command_seconds", "Time of one command on a device; outcome is ok, or the kind of error.", metric.Times(), "platform", "outcome"),
		errors:      r.Counters("netrust_executor_task_errors_total", "Attempts that ended in an error, by its kind.", "kind"),
		refused:     r.Counters("netrust_executor_claims_refused_total", "Messages whose task was not to be run here: the ledger said why.", "reason"),
		redelivered: r.Counter("netrust_executor_redeliveries_total", "Messages of tasks that came again."),
	}
	for _, c := range contract.Classes {
		m.inHand.WithLabelValues(string(c)).Set(0)
	}
	for _, kind := range []contract.ErrorKind{
		contract.KindUnreachable, contract.KindAuthentication, contract.KindHostKey, contract.KindBusy, contract.KindTimeout,
		contract.KindRejected, contract.KindAmbiguous, contract.KindCredential, contract.KindCancelled, contract.KindDeadline,
	} {
		m.errors.WithLabelValues(string(kind)) // a rate needs the zero from which it rises
	}
	return m
}

// Slots shows how many tasks of a class are in hand at most.
func (m *Meters) Slots(c contract.Class, n int) {
	if m != nil {
		m.slots.WithLabelValues(string(c)).Set(float64(n))
	}
}

// Take notes a task that was taken, for the deliveries-th time, and starts its span, below that of its release. done ends it.
func (m *Meters) Take(ctx context.Context, t *contract.Task, trace string, deliveries uint64) (_ context.Context, done func()) {
	if m == nil {
		return ctx, func() {}
	}
	if deliveries > 1 {
		m.redelivered.Inc()
	}
	hand := m.inHand.WithLabelValues(string(t.Class))
	hand.Inc()
	if m.tracer == nil {
		return ctx, hand.Dec
	}
	ctx, span := m.tracer.Start(tracing.Accept(ctx, trace), "task", tracing.Consumer)
	span.Str("netrust.job_id", t.JobID).Str("netrust.device_id", t.DeviceID).Str("netrust.site", t.Site).
		Str("netrust.platform", t.Target.Platform).Int("netrust.attempt", t.Attempt)
	return ctx, func() {
		hand.Dec()
		span.End("")
	}
}

// Step starts the span of one step of the context's task. Without a trace it costs nothing.
func (m *Meters) Step(ctx context.Context, name string) (context.Context, *tracing.Span) {
	if m == nil {
		return ctx, nil
	}
	return m.tracer.Start(ctx, name, tracing.Internal)
}

// Claimed notes a claim that was granted.
func (m *Meters) Claimed(t *contract.Task) {
	if m != nil && !t.Recover {
		m.pickup.WithLabelValues(string(t.Class)).Observe(max(0, time.Since(t.ReleasedAt).Seconds())) // two clocks
	}
}

// Refused notes a claim that was not granted, and why in a word.
func (m *Meters) Refused(reason string) {
	if m != nil {
		m.refused.WithLabelValues(reason).Inc()
	}
}

// Ended notes how an attempt ended: e is nil where nothing went wrong.
func (m *Meters) Ended(t *contract.Task, outcome string, took time.Duration, e *contract.TaskError) {
	if m == nil {
		return
	}
	m.tasks.WithLabelValues(t.Target.Platform, outcome).Observe(took.Seconds())
	if e != nil {
		m.errors.WithLabelValues(string(e.Kind)).Inc()
	}
}

// Step is one command on its way.
type Step struct {
	meters   *Meters
	span     *tracing.Span
	platform string
	start    time.Time
}

// Command starts the span of a command. [Step.Done] ends it.
func (m *Meters) Command(ctx context.Context, t *contract.Task) (context.Context, Step) {
	if m == nil {
		return ctx, Step{}
	}
	ctx, span := m.tracer.Start(ctx, "command", tracing.Client)
	return ctx, Step{m, span, t.Target.Platform, time.Now()}
}

// Shown reports whether [Step.Show] shows anything to anybody.
func (s Step) Shown() bool { return s.span.Recording() }

// Show says which command it is: only what everybody may see.
func (s Step) Show(command string) { s.span.Str("netrust.command", command) }

// Done says how the command ended.
func (s Step) Done(err error) {
	if s.meters == nil {
		return
	}
	kind := failure(err)
	metric.Since(s.meters.commands.WithLabelValues(s.platform, word(kind)), s.start)
	s.span.End(kind)
}

// Driver measures the logins of a driver.
func (m *Meters) Driver(d driver.Driver) driver.Driver {
	if m == nil {
		return d
	}
	return measured{d, m}
}

type measured struct {
	driver.Driver
	meters *Meters
}

// Open implements [driver.Driver].
func (d measured) Open(ctx context.Context, t driver.Target, o driver.OpenOptions) (driver.Session, error) {
	start := time.Now()
	ctx, span := d.meters.tracer.Start(ctx, "login", tracing.Client)
	s, err := d.Driver.Open(ctx, t, o)
	kind := failure(err)
	metric.Since(d.meters.logins.WithLabelValues(d.Platform(), word(kind)), start)
	span.End(kind)
	return s, err
}

// failure is the kind of a device's error, "" for none. Its text is the device's own, and no business of a trace.
func failure(err error) string {
	if err == nil {
		return ""
	}
	return string(driver.KindOf(err))
}

func word(kind string) string {
	if kind == "" {
		return "ok"
	}
	return kind
}
