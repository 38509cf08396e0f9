package ledger

import (
	"errors"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/servicekit/metric"
)

// meters are the counts and times of one writer.
type meters struct {
	size    metric.Observer
	written metric.Observer
	refused metric.Counter
	failed  metric.Counter
}

func newMeters(r *metric.Registry, class contract.Class) meters {
	by := string(class)
	batches := r.Counters("netrust_ledger_batches_refused_total", "Batches that did not stand: another had written first (conflict), or NATS gave no answer or refused (failure). They are written again.", "class", "reason")
	return meters{
		size:    r.Histograms("netrust_ledger_group_size", "Claims and results written together, as one atomic batch.", metric.Sizes(), "class").WithLabelValues(by),
		written: r.Histograms("netrust_ledger_write_seconds", "Time until an atomic batch stood.", metric.Times(), "class").WithLabelValues(by),
		refused: batches.WithLabelValues(by, "conflict"), failed: batches.WithLabelValues(by, "failure"),
	}
}

// wrote notes a batch of n operations.
func (m *meters) wrote(n int, start time.Time, err error) {
	switch {
	case err == nil:
		m.size.Observe(float64(n))
		metric.Since(m.written, start)
	case errors.Is(err, bus.ErrConflict):
		m.refused.Inc()
	default:
		m.failed.Inc()
	}
}
