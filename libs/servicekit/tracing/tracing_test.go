package tracing_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/servicekit/metric"
	"github.com/netrust/netrust/libs/servicekit/tracing"
	"github.com/netrust/netrust/libs/servicekit/tracing/tracetest"
)

const outside = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

func tracer(t *testing.T, endpoint string, ratio float64) *tracing.Tracer {
	t.Helper()
	tr, err := tracing.New(t.Context(), tracing.Config{Endpoint: endpoint, Ratio: ratio}, zerolog.Nop(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestSpansOfTwoServicesAreOneTree(t *testing.T) {
	t.Parallel()
	c := tracetest.Start(t)
	tr := tracer(t, c.URL, 1)
	ctx, request := tr.As("gateway").Start(tracing.Accept(t.Context(), outside), "POST", tracing.Server)
	request.Int("code", 202)
	header := tracing.Traceparent(ctx)
	if tracing.IDOf(header) != tracing.ID(ctx) || tracing.ID(ctx) != outside[3:35] || !tracing.Sampled(header) {
		t.Errorf("the header %q does not go on with trace %s", header, outside[3:35])
	}
	at := time.Now().Add(-time.Minute)
	_, login := tr.As("executor").StartAt(tracing.Accept(t.Context(), header), "login", tracing.Client, at)
	login.Str("platform", "frr").End("authentication")
	request.Name("POST /v1/jobs").End("")
	if err := tr.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	spans := c.Spans()
	if got, want := tracetest.Tree(spans), "executor: login (authentication)\ngateway: POST /v1/jobs\n"; len(spans) != 2 ||
		spans[0].Parent != spans[1].ID || spans[1].Parent != outside[36:52] || spans[0].Attributes["platform"] != "frr" ||
		spans[0].Start != uint64(at.UnixNano()) || spans[1].Attributes["code"] != "202" {
		t.Errorf("got\n%s%+v, want\n%s", got, spans, want)
	}
}

func TestWhoBeginsATraceDecidesWhetherItIsRecorded(t *testing.T) {
	t.Parallel()
	c := tracetest.Start(t)
	never := tracer(t, c.URL, 0)
	ctx, root := never.Start(t.Context(), "root", tracing.Server)
	if root.Recording() || tracing.ID(ctx) == "" || tracing.Sampled(tracing.Traceparent(ctx)) {
		t.Errorf("at ratio 0 a root records %v, with header %q", root.Recording(), tracing.Traceparent(ctx))
	}
	_, follower := never.Start(tracing.Accept(t.Context(), outside), "follower", tracing.Server)
	if !follower.Recording() {
		t.Error("a trace that is recorded elsewhere is not gone on with")
	}
	always := tracer(t, c.URL, 1)
	if _, s := always.Start(tracing.Accept(t.Context(), tracing.Unsampled(outside)), "left out", tracing.Server); s.Recording() {
		t.Error("a trace that is not recorded elsewhere is recorded here")
	}
	follower.End("")
	if err := errors.Join(never.Close(t.Context()), always.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	if got := tracetest.Tree(c.Spans()); got != "netrust: follower\n" {
		t.Errorf("got\n%s", got)
	}
}

func TestWithoutAnEndpointIdsGoOnAndNothingIsAllocated(t *testing.T) { // allocations are counted: not parallel
	tr := tracer(t, "", 1)
	if tr != nil {
		t.Fatal("there is a tracer without an endpoint")
	}
	ctx := tracing.Accept(t.Context(), outside)
	if n := testing.AllocsPerRun(100, func() {
		ctx, span := tr.As("executor").Start(ctx, "login", tracing.Client)
		span.Str("platform", "frr").Int("attempt", 1).End("")
		_ = ctx
	}); n != 0 {
		t.Errorf("a span that nobody sees costs %v allocations", n)
	}
	if got := tracing.Traceparent(ctx); got != outside {
		t.Errorf("the header is %q, want it as it came", got)
	}
	if err := tr.Close(t.Context()); err != nil {
		t.Error(err)
	}
	begun := tracing.Begin(t.Context())
	if id := tracing.ID(begun); len(id) != 32 || tracing.Sampled(tracing.Traceparent(begun)) || tracing.ID(tracing.Begin(begun)) != id {
		t.Errorf("a trace that is begun for its id: %q", tracing.Traceparent(begun))
	}
}

func TestAnEndpointThatFailsIsLoggedOnceAndCounted(t *testing.T) {
	t.Parallel()
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }))
	t.Cleanup(refusing.Close)
	var log strings.Builder
	reg := metric.NewRegistry()
	tr, err := tracing.New(t.Context(), tracing.Config{Endpoint: refusing.URL, Ratio: 1}, zerolog.New(&log), reg)
	if err != nil {
		t.Fatal(err)
	}
	for range 3000 { // more than two batches
		_, s := tr.Start(t.Context(), "x", tracing.Internal)
		s.End("")
	}
	if err := tr.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if n := strings.Count(log.String(), "traces cannot be handed on"); n != 1 {
		t.Errorf("%d log lines about one endpoint that fails:\n%s", n, &log)
	}
	w := httptest.NewRecorder()
	reg.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	if !strings.Contains(w.Body.String(), `netrust_tracing_spans_total{outcome="failed"} 3000`) {
		t.Error("the spans that were lost are not counted")
	}
}

func FuzzAHeaderIsTakenOrLeft(f *testing.F) {
	f.Add(outside)
	f.Add("00-00000000000000000000000000000000-00f067aa0ba902b7-01")
	f.Add("made up")
	f.Fuzz(func(t *testing.T, header string) {
		ctx := tracing.Accept(context.Background(), header)
		out := tracing.Traceparent(ctx)
		if id := tracing.ID(ctx); id != tracing.IDOf(out) || (id == "") != (out == "") {
			t.Errorf("header %q becomes %q, of trace %q", header, out, id)
		}
		if out != "" && tracing.Sampled(tracing.Unsampled(out)) {
			t.Errorf("header %q is sampled though it should not be", tracing.Unsampled(out))
		}
		if again := tracing.Traceparent(tracing.Accept(context.Background(), out)); again != out {
			t.Errorf("header %q becomes %q on the way", out, again)
		}
	})
}
