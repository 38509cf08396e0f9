package metric

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// The instruments. Methods of all of them are safe for concurrent use.
type (
	// Counter only rises.
	Counter = prometheus.Counter
	// Gauge goes up and down.
	Gauge = prometheus.Gauge
	// Observer takes the values of a histogram.
	Observer = prometheus.Observer
	// Counters, Gauges and Histograms are families: one instrument for each combination of label values.
	Counters = prometheus.CounterVec
	// Gauges is a family of [Gauge].
	Gauges = prometheus.GaugeVec
	// Histograms is a family of [Observer].
	Histograms = prometheus.HistogramVec
)

// Entry describes one metric, for the reference.
type Entry struct {
	Name, Kind, Help string
	Labels           []string
}

// Registry holds the instruments of one process. Safe for concurrent use; nil is an empty one that shows nothing.
type Registry struct {
	prom *prometheus.Registry

	mu    sync.Mutex
	known map[string]Entry
	funcs map[string]prometheus.Collector // gauges that are asked, by name: the newest wins
}

// NewRegistry makes a registry that already tells of the process itself: memory, goroutines, open files.
func NewRegistry() *Registry {
	r := &Registry{prom: prometheus.NewRegistry(), known: map[string]Entry{}, funcs: map[string]prometheus.Collector{}}
	r.prom.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// Counter makes a counter without labels.
func (r *Registry) Counter(name, help string) Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	return keep(r, c, Entry{Name: name, Kind: "counter", Help: help})
}

// Counters makes a family of counters.
func (r *Registry) Counters(name, help string, labels ...string) *Counters {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	return keep(r, c, Entry{Name: name, Kind: "counter", Help: help, Labels: labels})
}

// Gauge makes a gauge without labels.
func (r *Registry) Gauge(name, help string) Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	return keep(r, g, Entry{Name: name, Kind: "gauge", Help: help})
}

// Gauges makes a family of gauges.
func (r *Registry) Gauges(name, help string, labels ...string) *Gauges {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	return keep(r, g, Entry{Name: name, Kind: "gauge", Help: help, Labels: labels})
}

// GaugeFunc makes a gauge whose value is asked for when the metrics are read; value must be quick and safe for concurrent
// use. One of the same name replaces it.
func (r *Registry) GaugeFunc(name, help string, value func() float64) {
	r.ask(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value), Entry{Name: name, Kind: "gauge", Help: help})
}

// Histograms makes a family of histograms with these upper bounds; see [Times] and [Sizes].
func (r *Registry) Histograms(name, help string, bounds []float64, labels ...string) *Histograms {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: bounds}, labels)
	return keep(r, h, Entry{Name: name, Kind: "histogram", Help: help, Labels: labels})
}

// keep registers an instrument, or gives the one of the same name. That two parts mean different things by one name is a
// mistake in the program, which the first start shows.
func keep[T prometheus.Collector](r *Registry, c T, e Entry) T {
	if r == nil {
		return c
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.prom.Register(c)
	var known prometheus.AlreadyRegisteredError
	if errors.As(err, &known) {
		if same, ok := known.ExistingCollector.(T); ok {
			return same
		}
	}
	if err != nil {
		panic(fmt.Sprintf("metric %s: %v", e.Name, err))
	}
	r.known[e.Name] = e
	return c
}

// Entries lists what was made, by name. The collectors of the Go runtime and of the process are not among it.
func (r *Registry) Entries() []Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []Entry
	for _, e := range r.known {
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// Handler answers with the values of all instruments, in the format that the client asks for (Prometheus text, OpenMetrics).
func (r *Registry) Handler() http.Handler {
	return promhttp.HandlerFor(r.prom, promhttp.HandlerOpts{EnableOpenMetrics: true, MaxRequestsInFlight: 4})
}
