package bus

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/servicekit/metric"
)

// meters are the counts and times of one connection. Several connections of a process share the instruments, and are told
// apart by their service.
type meters struct {
	service string

	writes      *metric.Histograms
	written     metric.Counter
	connected   metric.Gauge
	reconnects  metric.Counter
	rebuilt     *metric.Counters
	behind      *metric.Gauges
	deadLetters metric.Counter
	pending     *metric.Gauges
	unacked     *metric.Gauges
	messages    *metric.Gauges
	bytes       *metric.Gauges

	mu       sync.Mutex
	durables map[string]jetstream.Consumer // by name: those that this connection fetches from
}

func newMeters(r *metric.Registry, name string) *meters {
	m := &meters{service: strings.TrimPrefix(name, "netrust-"), durables: map[string]jetstream.Consumer{}}
	m.writes = r.Histograms("netrust_bus_write_seconds", "Time until JetStream answered a write: one message, or an atomic batch.", metric.Times(), "service", "outcome")
	m.written = r.Counters("netrust_bus_messages_written_total", "Messages that stand, those of batches included.", "service").WithLabelValues(m.service)
	m.connected = r.Gauges("netrust_bus_connected", "1 while the connection to NATS is up.", "service").WithLabelValues(m.service)
	m.reconnects = r.Counters("netrust_bus_reconnects_total", "Connections to NATS that were lost and are back.", "service").WithLabelValues(m.service)
	m.rebuilt = r.Counters("netrust_bus_consumers_rebuilt_total", "Consumers made again because they stalled, failed or were gone.", "service", "stream")
	m.behind = r.Gauges("netrust_bus_follower_behind_messages", "Messages that wait for a follower of a stream, as of the last one that it got.", "service", "stream")
	m.deadLetters = r.Counters("netrust_bus_dead_letters_total", "Messages set aside because they could not be processed.", "service").WithLabelValues(m.service)
	m.pending = r.Gauges("netrust_bus_consumer_pending_messages", "Consumer lag: messages that a durable consumer has not given to anybody yet.", "stream", "consumer")
	m.unacked = r.Gauges("netrust_bus_consumer_unacknowledged_messages", "Messages of a durable consumer that are in somebody's hands.", "stream", "consumer")
	m.messages = r.Gauges("netrust_bus_stream_messages", "Messages in a stream, as the leading scheduler sees it.", "stream")
	m.bytes = r.Gauges("netrust_bus_stream_bytes", "Bytes in a stream, as the leading scheduler sees it.", "stream")
	for _, outcome := range []string{"ok", "conflict", "unknown", "refused"} { // a rate needs the zero from which it rises
		m.writes.WithLabelValues(m.service, outcome)
	}
	return m
}

// wrote notes a write of n messages.
func (m *meters) wrote(n int, start time.Time, err error) {
	outcome := "ok"
	switch {
	case err == nil:
		m.written.Add(float64(n))
	case errors.Is(err, ErrConflict):
		outcome = "conflict"
	case errors.Is(err, ErrUnknownOutcome):
		outcome = "unknown"
	default:
		outcome = "refused"
	}
	metric.Since(m.writes.WithLabelValues(m.service, outcome), start)
}

func (m *meters) opened(c jetstream.Consumer, name string) {
	m.rebuilt.WithLabelValues(m.service, contract.StreamTasks)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.durables[name] = c
}

func (m *meters) consumers() []jetstream.Consumer {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []jetstream.Consumer
	for _, c := range m.durables {
		out = append(out, c)
	}
	return out
}

// observeEvery is how often the server is asked for what no message tells.
const observeEvery = 5 * time.Second

// Observe asks the server, every few seconds until ctx ends, how much waits in the durable consumers that this connection
// fetches from, and in these streams, and shows it as metrics. What cannot be read is left as it was. It returns ctx's error.
func (c *Conn) Observe(ctx context.Context, streams ...string) error {
	defer func() { // what is not looked at any more must not be shown
		for _, s := range streams {
			c.meters.messages.DeleteLabelValues(s)
			c.meters.bytes.DeleteLabelValues(s)
		}
	}()
	tick := time.NewTicker(observeEvery)
	defer tick.Stop()
	for {
		c.observe(ctx, streams)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func (c *Conn) observe(ctx context.Context, streams []string) {
	for _, name := range streams {
		state, err := c.State(ctx, name)
		if err != nil {
			c.log.Debug().Err(err).Str("stream", name).Msg("a stream cannot be measured")
			continue
		}
		c.meters.messages.WithLabelValues(name).Set(float64(state.Messages))
		c.meters.bytes.WithLabelValues(name).Set(float64(state.Bytes))
	}
	for _, consumer := range c.meters.consumers() {
		within, cancel := bounded(ctx, requestTimeout)
		info, err := consumer.Info(within)
		cancel()
		if err != nil {
			c.log.Debug().Err(err).Msg("a consumer cannot be measured")
			continue
		}
		c.meters.pending.WithLabelValues(info.Stream, info.Name).Set(float64(info.NumPending))
		c.meters.unacked.WithLabelValues(info.Stream, info.Name).Set(float64(info.NumAckPending))
	}
}
