package intake_test

import (
	"context"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/libs/servicekit/metric"
	"github.com/netrust/netrust/libs/servicekit/metric/metrictest"
	"github.com/netrust/netrust/libs/servicekit/tracing"
	"github.com/netrust/netrust/libs/servicekit/tracing/tracetest"
)

func TestATaskIsMeasuredAndItsStepsAreOneTree(t *testing.T) {
	t.Parallel()
	collector := tracetest.Start(t)
	tracer, err := tracing.New(t.Context(), tracing.Config{Endpoint: collector.URL}, zerolog.Nop(), nil)
	if err != nil {
		t.Fatal(err)
	}
	reg := metric.NewRegistry()
	f := newFloor(t, 4, func(_ context.Context, device, command string) (string, error) {
		if device == "refuses" {
			return "", &driver.RejectedError{Words: "% the word is s3cr3t"}
		}
		return "done", nil
	}, servicekit.Observe{Metrics: reg, Tracer: tracer})
	const release = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	good := f.task("good", true, "show clock", "show snmp community s3cr3t")
	bad := f.task("refuses", false, "username x password s3cr3t")
	for _, task := range []*contract.Task{good, bad} {
		task.Trace = release
		f.release(task)
		f.state(task, contract.Finished)
	}
	f.publish(good.Key().Subject(good.Class), []byte("{}"))
	f.await("the dead letter", func() bool { return f.unacknowledged() == 0 })
	f.drain()
	if err := tracer.Close(t.Context()); err != nil {
		t.Fatal(err)
	}

	got := metrictest.Values(t, reg)
	for series, want := range map[string]float64{
		`netrust_executor_slots{class="normal"}`:                                          4,
		`netrust_executor_tasks_in_hand{class="normal"}`:                                  0,
		`netrust_executor_pickup_seconds_count{class="normal"}`:                           2,
		`netrust_executor_task_seconds_count{outcome="succeeded",platform="cisco_ios"}`:   1,
		`netrust_executor_task_seconds_count{outcome="failed",platform="cisco_ios"}`:      1,
		`netrust_executor_task_errors_total{kind="rejected"}`:                             1,
		`netrust_executor_login_seconds_count{outcome="ok",platform="cisco_ios"}`:         2,
		`netrust_executor_command_seconds_count{outcome="ok",platform="cisco_ios"}`:       2,
		`netrust_executor_command_seconds_count{outcome="rejected",platform="cisco_ios"}`: 1,
	} {
		if got[series] != want {
			t.Errorf("%s is %v, want %v", series, got[series], want)
		}
	}
	want := `netrust-executor: task
  netrust-executor: claim
  netrust-executor: login
  netrust-executor: command
  netrust-executor: command
  netrust-executor: finish
netrust-executor: task
  netrust-executor: claim
  netrust-executor: login
  netrust-executor: command (rejected)
  netrust-executor: finish
`
	spans := collector.Spans()
	if tree := tracetest.Tree(spans); tree != want {
		t.Errorf("the spans are\n%s, want\n%s", tree, want)
	}
	for _, s := range spans {
		if s.Name == "task" && (s.Parent != release[36:52] || s.Attributes["netrust.job_id"] != "j1" || s.Attributes["netrust.device_id"] == "") {
			t.Errorf("the task's span is %+v", s)
		}
		for key, value := range s.Attributes {
			if strings.Contains(value, "s3cr3t") {
				t.Errorf("attribute %s of %s holds a secret: %q", key, s.Name, value)
			}
		}
		if strings.Contains(s.Failure, "s3cr3t") {
			t.Errorf("%s failed with a device's words: %q", s.Name, s.Failure)
		}
	}
}

func TestAnAttemptThatIsMadeAgainIsCounted(t *testing.T) {
	t.Parallel()
	reg := metric.NewRegistry()
	f := newFloor(t, 4, func(context.Context, string, string) (string, error) {
		return "", &driver.BusyError{Reason: "no free line"}
	}, servicekit.Observe{Metrics: reg})
	task := f.task("busy", true)
	f.release(task)
	f.state(task, contract.Retry)
	f.release(task) // it was claimed before
	f.await("the refusal of a repeat", func() bool {
		return metrictest.Values(t, reg)[`netrust_executor_claims_refused_total{reason="stale"}`] == 1
	})
	got := metrictest.Values(t, reg)
	if got[`netrust_executor_task_seconds_count{outcome="retry",platform="cisco_ios"}`] != 1 || got[`netrust_executor_task_errors_total{kind="busy"}`] != 1 {
		t.Errorf("the metrics are %v", got)
	}
}
