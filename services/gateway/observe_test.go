package gateway_test

import (
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/libs/servicekit/metric"
	"github.com/netrust/netrust/libs/servicekit/metric/metrictest"
	"github.com/netrust/netrust/libs/servicekit/tracing"
	"github.com/netrust/netrust/libs/servicekit/tracing/tracetest"
)

func TestARequestIsMeasuredByItsRouteAlone(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.observe.Metrics = metric.NewRegistry()
	c := f.gateway()
	c.importDevices(inventoryYAML)
	job := call[api.Job](c, 202, "POST", api.PathJobs, showVersion).ID
	call[api.Job](c, 200, "GET", api.PathJobs+"/"+job, "")
	for range 3 {
		c.send("GET", "/made/up", "")
		c.send("BREW", api.PathJobs, "")
	}
	c.send("GET", api.PathJobs+"/nothing-like-it", "")
	c.token = ""
	c.send("GET", api.PathJobs, "")
	page := c.send("GET", api.PathMetrics, "")
	if page.Status != 200 || !strings.Contains(string(page.Body), "go_goroutines") || !strings.HasPrefix(page.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("the metrics without a token: %d %.200s", page.Status, page.Body)
	}
	got := metrictest.Values(t, f.observe.Metrics)
	for series, want := range map[string]float64{
		`netrust_gateway_http_request_seconds_count{code="202",method="POST",route="/v1/jobs"}`:     1,
		`netrust_gateway_http_request_seconds_count{code="200",method="GET",route="/v1/jobs/{id}"}`: 1,
		`netrust_gateway_http_request_seconds_count{code="404",method="GET",route="/v1/jobs/{id}"}`: 1,
		`netrust_gateway_http_request_seconds_count{code="401",method="GET",route="/v1/jobs"}`:      1,
		`netrust_gateway_http_request_seconds_count{code="404",method="GET",route="none"}`:          3,
		`netrust_gateway_http_request_seconds_count{code="405",method="other",route="none"}`:        3,
		`netrust_gateway_view_ready`: 1,
	} {
		if got[series] != want {
			t.Errorf("%s is %v, want %v", series, got[series], want)
		}
	}
	for series := range got {
		if strings.Contains(series, job) || strings.Contains(series, "made/up") || strings.Contains(series, "BREW") {
			t.Errorf("a client makes series: %s", series)
		}
	}
}

func TestWithoutBeingToldAGatewayShowsNoMetrics(t *testing.T) {
	t.Parallel()
	c := newFleet(t).gateway()
	if a := c.send("GET", api.PathMetrics, ""); a.Status != 404 {
		t.Errorf("got %d %.100s", a.Status, a.Body)
	}
}

func TestARequestIsASpanAndItsCommandGoesOnFromIt(t *testing.T) {
	t.Parallel()
	collector := tracetest.Start(t)
	tracer, err := tracing.New(t.Context(), tracing.Config{Endpoint: collector.URL, Ratio: 1}, zerolog.Nop(), nil)
	if err != nil {
		t.Fatal(err)
	}
	f := newFleet(t)
	f.observe.Tracer = tracer
	c := f.gateway()
	c.importDevices(inventoryYAML)
	const outside = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	job := call[api.Job](c, 202, "POST", api.PathJobs, showVersion, header{"traceparent", outside}).ID
	m, err := f.conn.LastFor(t.Context(), contract.StreamJobs, contract.JobCommandSubject(job))
	if err != nil {
		t.Fatal(err)
	}
	c.send("GET", api.PathReady, "")
	if err := tracer.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	found := false
	for _, s := range collector.Spans() {
		if s.Name == "POST /v1/jobs" {
			found = true
			if s.Parent != outside[36:52] || s.Trace != outside[3:35] || s.Attributes["http.response.status_code"] != "202" || s.Service != "netrust-gateway" {
				t.Errorf("the request's span is %+v", s)
			}
			if got, want := m.HeaderValue(contract.HeaderTraceparent), "00-"+s.Trace+"-"+s.ID+"-01"; got != want {
				t.Errorf("the command carries %q, want %q", got, want)
			}
		}
		if strings.Contains(s.Name, "readyz") {
			t.Error("a probe is traced")
		}
	}
	if !found {
		t.Errorf("there is no span of the request among\n%s", tracetest.Tree(collector.Spans()))
	}
}
