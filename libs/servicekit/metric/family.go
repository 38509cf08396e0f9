package metric

import "github.com/prometheus/client_golang/prometheus"

// GaugesFunc makes a family of gauges with one label, whose values are asked for when the metrics are read, by the label's
// value. values must be quick and safe for concurrent use. One of the same name replaces it.
func (r *Registry) GaugesFunc(name, help, label string, values func() map[string]float64) {
	r.ask(family{prometheus.NewDesc(name, help, []string{label}, nil), prometheus.GaugeValue, values},
		Entry{Name: name, Kind: "gauge", Help: help, Labels: []string{label}})
}

// CountersFunc is [Registry.GaugesFunc] for values that only rise.
func (r *Registry) CountersFunc(name, help, label string, values func() map[string]float64) {
	r.ask(family{prometheus.NewDesc(name, help, []string{label}, nil), prometheus.CounterValue, values},
		Entry{Name: name, Kind: "counter", Help: help, Labels: []string{label}})
}

// ask registers what is asked for its values, in place of what had the name before.
func (r *Registry) ask(c prometheus.Collector, e Entry) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if old := r.funcs[e.Name]; old != nil {
		r.prom.Unregister(old)
	}
	r.prom.MustRegister(c)
	r.funcs[e.Name], r.known[e.Name] = c, e
}

// family is a collector over a function.
type family struct {
	desc   *prometheus.Desc
	kind   prometheus.ValueType
	values func() map[string]float64
}

// Describe implements the collector.
func (f family) Describe(out chan<- *prometheus.Desc) { out <- f.desc }

// Collect implements the collector.
func (f family) Collect(out chan<- prometheus.Metric) {
	for value, n := range f.values() {
		out <- prometheus.MustNewConstMetric(f.desc, f.kind, n, value)
	}
}
