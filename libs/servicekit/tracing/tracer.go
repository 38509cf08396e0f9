package tracing

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/netrust/netrust/libs/servicekit/metric"
)

// Bounds of what waits for the endpoint.
const (
	queueSpans    = 16_384
	batchSpans    = 1024
	batchEvery    = 2 * time.Second
	exportTimeout = 10 * time.Second
)

// Config says where spans go.
type Config struct {
	// Endpoint is the URL of an OTLP/HTTP collector: http://127.0.0.1:4318. Empty: spans are not made.
	Endpoint string
	// Ratio is the part of the traces begun here that is recorded, 0 to 1. A trace that comes from outside is recorded when
	// its header says so.
	Ratio float64
	// Instance tells processes of one service apart.
	Instance string
}

// Tracer makes the spans of one service. Safe for concurrent use; nil makes none.
type Tracer struct {
	tracer  trace.Tracer
	sampler sdk.Sampler
	sink    sdk.SpanProcessor
	cfg     Config
}

// New makes the tracer of a process, nil without an endpoint. It does not connect. [Tracer.Close] ends it.
func New(ctx context.Context, cfg Config, log zerolog.Logger, reg *metric.Registry) (*Tracer, error) {
	if cfg.Endpoint == "" {
		return nil, nil
	}
	to, err := url.Parse(cfg.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("reading the address of the traces' endpoint: %w", err)
	}
	if to.Path == "" || to.Path == "/" {
		to.Path = "/v1/traces" // the OTLP specification's own
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(to.String()), otlptracehttp.WithTimeout(exportTimeout))
	if err != nil {
		return nil, fmt.Errorf("preparing traces for %s: %w", to.Redacted(), err)
	}
	t := &Tracer{
		cfg: cfg, sampler: sdk.ParentBased(sdk.TraceIDRatioBased(cfg.Ratio)),
		sink: sdk.NewBatchSpanProcessor(newTold(exporter, to.Redacted(), log, reg), sdk.WithMaxQueueSize(queueSpans), sdk.WithMaxExportBatchSize(batchSpans),
			sdk.WithBatchTimeout(batchEvery), sdk.WithExportTimeout(exportTimeout)),
	}
	return t.As("netrust"), nil
}

// As is the tracer of a service in the same process: its spans say whose they are.
func (t *Tracer) As(service string) *Tracer {
	if t == nil {
		return nil
	}
	provider := sdk.NewTracerProvider(sdk.WithSpanProcessor(t.sink), sdk.WithSampler(t.sampler), sdk.WithResource(resource.NewSchemaless(
		attribute.String("service.name", service), attribute.String("service.namespace", "netrust"),
		attribute.String("service.instance.id", t.cfg.Instance),
	)))
	other := *t
	other.tracer = provider.Tracer("github.com/netrust/netrust")
	return &other
}

// Close hands on what waits, until ctx ends, and stops. Spans that end later are dropped.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	if err := t.sink.Shutdown(ctx); err != nil {
		return fmt.Errorf("handing on the last traces: %w", err)
	}
	return nil
}
