package servicekit

import (
	"github.com/netrust/netrust/libs/servicekit/metric"
	"github.com/netrust/netrust/libs/servicekit/tracing"
)

// Observe is how a part of a process is watched. A service's Config holds one beside its settings (`yaml:"-"`); the zero
// value is a part that nobody watches.
type Observe struct {
	Metrics *metric.Registry
	Tracer  *tracing.Tracer
}
