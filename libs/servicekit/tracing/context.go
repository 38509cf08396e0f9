package tracing

import (
	"context"
	"crypto/rand"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Header is the name of the W3C header.
const Header = "traceparent"

// carrier is the one header as OpenTelemetry wants it.
type carrier struct{ value string }

func (c *carrier) Get(key string) string {
	if key == Header {
		return c.value
	}
	return ""
}

func (c *carrier) Set(key, value string) {
	if key == Header {
		c.value = value
	}
}

func (c *carrier) Keys() []string { return []string{Header} }

// Accept returns a context whose spans continue the caller's trace, or ctx itself where the header is none of W3C's.
func Accept(ctx context.Context, traceparent string) context.Context {
	if traceparent == "" {
		return ctx
	}
	return propagation.TraceContext{}.Extract(ctx, &carrier{traceparent})
}

// Begin gives a context that has no trace the ids of one that is not recorded.
func Begin(ctx context.Context) context.Context {
	if trace.SpanContextFromContext(ctx).IsValid() {
		return ctx
	}
	var cfg trace.SpanContextConfig
	rand.Read(cfg.TraceID[:]) //nolint:errcheck // crypto/rand.Read never fails
	rand.Read(cfg.SpanID[:])  //nolint:errcheck // the same
	return trace.ContextWithRemoteSpanContext(ctx, trace.NewSpanContext(cfg))
}

// Traceparent is the header for what the context's span asks of others, "" where there is no trace.
func Traceparent(ctx context.Context) string {
	var c carrier
	propagation.TraceContext{}.Inject(ctx, &c)
	return c.value
}

// ID is the trace's id in the context, "" where there is none.
func ID(ctx context.Context) string {
	if id := trace.SpanContextFromContext(ctx).TraceID(); id.IsValid() {
		return id.String()
	}
	return ""
}

// IDOf is the trace's id in a header that [Traceparent] gave, "" for anything else.
func IDOf(traceparent string) string {
	const begin, end, length = 3, 35, 55
	if len(traceparent) != length || traceparent[begin-1] != '-' || traceparent[end] != '-' {
		return ""
	}
	return traceparent[begin:end]
}

// Unsampled is the same place in the same trace, marked as not to be recorded.
func Unsampled(traceparent string) string {
	if IDOf(traceparent) == "" {
		return traceparent
	}
	return traceparent[:len(traceparent)-2] + "00"
}

// Sampled reports whether a header asks for the trace to be recorded.
func Sampled(traceparent string) bool {
	return trace.SpanContextFromContext(Accept(context.Background(), traceparent)).IsSampled()
}
