package bus_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/bus/bustest"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/servicekit/metric"
	"github.com/netrust/netrust/libs/servicekit/metric/metrictest"
)

func TestAConnectionCountsWhatItDoes(t *testing.T) {
	t.Parallel()
	server, direct := bustest.Server(t)
	reg := metric.NewRegistry()
	conn, err := bus.Connect(t.Context(), bus.Config{
		Embedded: server, Name: "netrust-executor", StallAfter: 200 * time.Millisecond, Metrics: reg,
	}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c := consumer(t, conn, "s1", contract.Normal, 0)
	for _, device := range []string{"a", "b", "c"} {
		release(t, conn, contract.Normal, "s1", device)
	}
	m := bus.Message{Subject: contract.JobCommandSubject("j1"), Data: []byte("x"), Expect: bus.Seq(7)}
	if _, err := conn.Publish(t.Context(), m); !errors.Is(err, bus.ErrConflict) {
		t.Fatal(err)
	}
	if err := fetch(t, c, 1, 5*time.Second)[0].SetAside(t.Context(), "it cannot be read"); err != nil {
		t.Fatal(err)
	}

	ctx, stop := context.WithCancel(t.Context())
	observed := make(chan error, 1)
	go func() { observed <- conn.Observe(ctx, contract.StreamTasks, contract.StreamDLQ) }()
	want := map[string]float64{
		`netrust_bus_connected{service="executor"}`:                                           1,
		`netrust_bus_messages_written_total{service="executor"}`:                              4,
		`netrust_bus_write_seconds_count{outcome="ok",service="executor"}`:                    4,
		`netrust_bus_write_seconds_count{outcome="conflict",service="executor"}`:              1,
		`netrust_bus_dead_letters_total{service="executor"}`:                                  1,
		`netrust_bus_consumer_pending_messages{consumer="tasks-at-s1-normal",stream="TASKS"}`: 2,
		`netrust_bus_stream_messages{stream="TASKS"}`:                                         3,
		`netrust_bus_stream_messages{stream="DLQ"}`:                                           1,
	}
	await(t, "the counts of what was done", func() bool { return holds(t, reg, want) == "" })

	if err := direct.JetStream().DeleteConsumer(t.Context(), contract.StreamTasks, "tasks-at-s1-normal"); err != nil {
		t.Fatal(err)
	}
	await(t, "a consumer that is made again to be counted", func() bool {
		_ = c.Fetch(t.Context(), 1, 100*time.Millisecond, func(*bus.Delivery) {})
		return metrictest.Values(t, reg)[`netrust_bus_consumers_rebuilt_total{service="executor",stream="TASKS"}`] >= 1
	})
	stop()
	if err := <-observed; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, shown := metrictest.Values(t, reg)[`netrust_bus_stream_messages{stream="TASKS"}`]; shown {
		t.Error("a stream that nobody looks at any more is shown")
	}
}

func TestAFollowerTellsHowFarBehindItIs(t *testing.T) {
	t.Parallel()
	server, direct := bustest.Server(t)
	reg := metric.NewRegistry()
	conn, err := bus.Connect(t.Context(), bus.Config{Embedded: server, Name: "netrust-gateway", Metrics: reg}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, device := range []string{"a", "b", "c"} {
		release(t, direct, contract.Normal, "s1", device)
	}
	const series = `netrust_bus_follower_behind_messages{service="gateway",stream="TASKS"}`
	enough := errors.New("enough")
	left := uint64(3)
	err = conn.Follow(t.Context(), bus.FollowConfig{Stream: contract.StreamTasks}, func(s bus.Stored) error {
		left--
		if shown := metrictest.Values(t, reg)[series]; s.Behind != left || shown != float64(left) {
			t.Errorf("%d messages wait behind %s; it says %d, and shows %v", left, s.Subject, s.Behind, shown)
		}
		if left == 0 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) {
		t.Fatal(err)
	}
}

// holds returns the first series that is not as wanted, "" when all are.
func holds(t testing.TB, reg *metric.Registry, want map[string]float64) string {
	got := metrictest.Values(t, reg)
	for series, value := range want {
		if v, shown := got[series]; !shown || v != value {
			return series
		}
	}
	return ""
}
