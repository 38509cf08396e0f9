package rest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/libs/servicekit/metric"
	"github.com/netrust/netrust/libs/servicekit/tracing"
)

// meters are what the API shows of itself.
type meters struct {
	requests *metric.Histograms
	tracer   *tracing.Tracer
}

func newMeters(o servicekit.Observe, streams func() float64) meters {
	o.Metrics.GaugeFunc("netrust_gateway_event_streams", "Streams of server-sent events that clients follow.", streams)
	return meters{
		tracer: o.Tracer.As("netrust-gateway"),
		requests: o.Metrics.Histograms("netrust_gateway_http_request_seconds", "Time of an HTTP request until its answer is written, by the route and the status.",
			metric.Times(), "method", "route", "code"),
	}
}

// probes are asked all the time by machines: they are counted, not traced.
var probes = []string{api.PathHealth, api.PathReady, api.PathMetrics}

// watched measures each request, and begins its trace, or goes on with the caller's. Without an endpoint for traces a
// request still has the ids of one, so that the log lines of every service about it can be found.
func (s *server) watched(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		ctx := tracing.Accept(r.Context(), r.Header.Get(contract.HeaderTraceparent))
		var span *tracing.Span
		if !slices.Contains(probes, r.URL.Path) {
			ctx, span = s.meters.tracer.Start(ctx, r.Method, tracing.Server)
			ctx = tracing.Begin(ctx)
		}
		r = r.WithContext(s.Log.With().Str("trace_id", tracing.ID(ctx)).Logger().WithContext(ctx))
		defer func() { // also when the request panics
			status := http.StatusOK
			if rec, ok := w.(*recorder); ok && rec.status != 0 {
				status = rec.status
			}
			method, route := known(r)
			metric.Since(s.meters.requests.WithLabelValues(method, route, strconv.Itoa(status)), start)
			failure := ""
			if status >= http.StatusInternalServerError {
				failure = http.StatusText(status)
			}
			span.Name(method+" "+route).Str("http.request.method", method).Str("http.route", route).Int("http.response.status_code", status).End(failure)
		}()
		next.ServeHTTP(w, r)
	})
}

// known are the method and the route of a request, in words that the API has: what a client makes up is one of a kind.
func known(r *http.Request) (method, route string) {
	_, route, ok := strings.Cut(r.Pattern, " ")
	if !ok {
		route = "none"
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method, route
	}
	return "other", route
}
