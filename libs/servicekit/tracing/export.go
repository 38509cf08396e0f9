package tracing

import (
	"context"
	"sync/atomic"

	"github.com/rs/zerolog"
	sdk "go.opentelemetry.io/otel/sdk/trace"

	"github.com/netrust/netrust/libs/servicekit/metric"
)

// told is an exporter whose failures are counted and logged here: left to OpenTelemetry, they would be printed through the
// standard logger. A log line is written when the endpoint fails and when it is back, not for each batch.
type told struct {
	sdk.SpanExporter
	log     zerolog.Logger
	url     string
	spans   *metric.Counters
	failing atomic.Bool
}

func newTold(e sdk.SpanExporter, url string, log zerolog.Logger, reg *metric.Registry) *told {
	spans := reg.Counters("netrust_tracing_spans_total", "Spans handed to the OTLP endpoint, and those that it did not take.", "outcome")
	for _, outcome := range []string{"sent", "failed"} {
		spans.WithLabelValues(outcome)
	}
	return &told{SpanExporter: e, log: log, url: url, spans: spans}
}

// ExportSpans implements the exporter.
func (e *told) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, spans)
	if err != nil {
		e.spans.WithLabelValues("failed").Add(float64(len(spans)))
		if !e.failing.Swap(true) {
			e.log.Warn().Err(err).Str("otlp_endpoint", e.url).Msg("traces cannot be handed on; they are dropped until the endpoint answers")
		}
		return nil
	}
	e.spans.WithLabelValues("sent").Add(float64(len(spans)))
	if e.failing.Swap(false) {
		e.log.Info().Str("otlp_endpoint", e.url).Msg("traces are handed on again")
	}
	return nil
}
