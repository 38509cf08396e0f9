package tracing

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// Kind says which side of an exchange a span is.
type Kind = trace.SpanKind

// The kinds.
const (
	Internal = trace.SpanKindInternal
	Server   = trace.SpanKindServer   // answers a request
	Client   = trace.SpanKindClient   // asks a device
	Producer = trace.SpanKindProducer // puts out messages
	Consumer = trace.SpanKindConsumer // works on a message
)

// Span is one step of the work. A nil one does nothing. It is used by one goroutine.
type Span struct{ span trace.Span }

// Start begins a span below the one in ctx. [Span.End] ends it.
func (t *Tracer) Start(ctx context.Context, name string, kind Kind) (context.Context, *Span) {
	return t.StartAt(ctx, name, kind, time.Time{})
}

// StartAt is [Tracer.Start] for what began at another time than now.
func (t *Tracer) StartAt(ctx context.Context, name string, kind Kind, at time.Time) (context.Context, *Span) {
	if t == nil {
		return ctx, nil
	}
	opts := make([]trace.SpanStartOption, 0, 2)
	opts = append(opts, trace.WithSpanKind(kind))
	if !at.IsZero() {
		opts = append(opts, trace.WithTimestamp(at))
	}
	ctx, span := t.tracer.Start(ctx, name, opts...)
	if !span.IsRecording() {
		return ctx, nil // its ids are in ctx
	}
	return ctx, &Span{span}
}

// Recording reports whether anybody will see the span: what costs something to say need not be said otherwise.
func (s *Span) Recording() bool { return s != nil }

// Str states a fact, under a name like netrust.device_id.
func (s *Span) Str(key, value string) *Span {
	if s != nil {
		s.span.SetAttributes(attribute.String(key, value))
	}
	return s
}

// Int states a number.
func (s *Span) Int(key string, value int) *Span {
	if s != nil {
		s.span.SetAttributes(attribute.Int(key, value))
	}
	return s
}

// Name renames the span, where what it is shows late.
func (s *Span) Name(name string) *Span {
	if s != nil {
		s.span.SetName(name)
	}
	return s
}

// End ends the span. failure is what went wrong in a word or two, "" for nothing; never a device's text.
func (s *Span) End(failure string) {
	if s == nil {
		return
	}
	if failure != "" {
		s.span.SetStatus(codes.Error, failure)
	}
	s.span.End()
}
