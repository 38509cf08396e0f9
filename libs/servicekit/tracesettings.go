package servicekit

import (
	"errors"
	"net/url"
)

// TraceSettings say where traces go. Without an endpoint none are made.
type TraceSettings struct {
	Endpoint string  `yaml:"otlp_endpoint" help:"URL of the OpenTelemetry collector (OTLP over HTTP) that gets traces, such as http://127.0.0.1:4318; empty: none are made"`
	Ratio    float64 `yaml:"trace_ratio" help:"part of the requests whose trace is recorded, 0 to 1; one that comes with a traceparent follows that"`
}

// DefaultTrace records every request, once there is an endpoint: jobs are few, and the scheduler bounds how many tasks of
// each are in its trace.
func DefaultTrace() TraceSettings { return TraceSettings{Ratio: 1} }

// Validate reports every fault.
func (s *TraceSettings) Validate() error {
	var errs []error
	if s.Endpoint != "" {
		u, err := url.Parse(s.Endpoint)
		switch {
		case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
			errs = append(errs, Fault("otlp_endpoint", "write it like http://127.0.0.1:4318", "%q is not the URL of a collector", s.Endpoint))
		case u.User != nil:
			errs = append(errs, Fault("otlp_endpoint", "set the variable OTEL_EXPORTER_OTLP_HEADERS instead", "it holds a password, which would show in logs"))
		}
	}
	if !(s.Ratio >= 0 && s.Ratio <= 1) {
		errs = append(errs, Fault("trace_ratio", "set it between 0 and 1", "%v is no part of a whole", s.Ratio))
	}
	return errors.Join(errs...)
}
