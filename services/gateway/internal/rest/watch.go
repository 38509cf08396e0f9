package rest

import (
	"context"
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
		log := s.Log
		if id := tracing.ID(ctx); id != "" {
			log = log.With().Str("trace_id", id).Logger()
		}
		r = r.WithContext(context.WithValue(log.WithContext(ctx), routeKey{}, new(route)))
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
func known(r *http.Request) (method, path string) {
	path = "none"
	if taken, ok := r.Context().Value(routeKey{}).(*route); ok && taken.pattern != "" {
		_, path, _ = strings.Cut(taken.pattern, " ")
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method, path
	}
	return "other", path
}

type routeKey struct{}

// route is which of the API's routes a request takes. It is told through the context, since those in between may hand on a
// copy of the request.
type route struct{ pattern string }

// take notes the mux's pattern, "POST /v1/jobs".
func take(r *http.Request, pattern string) {
	if taken, ok := r.Context().Value(routeKey{}).(*route); ok {
		taken.pattern = pattern
	}
}
