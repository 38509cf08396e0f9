package rest

import (
	"net/http"

	"github.com/netrust/netrust/libs/contract/api"
)

// metricRoutes serves the metrics of the process, where the gateway was told to. They are no part of the API, and so not in
// its description: what they are called is for Prometheus and dashboards.
func (s *server) metricRoutes(mux *http.ServeMux) {
	if s.Metrics != nil {
		mux.Handle("GET "+api.PathMetrics, s.Metrics)
	}
}
