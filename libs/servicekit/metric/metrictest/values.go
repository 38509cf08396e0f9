// Package metrictest reads metrics inside a test, as Prometheus would.
package metrictest

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/netrust/netrust/libs/servicekit/metric"
)

// Values are the samples of a registry by their series, as it is written: `netrust_bus_connected{service="gateway"}`.
func Values(t testing.TB, r *metric.Registry) map[string]float64 {
	t.Helper()
	w := httptest.NewRecorder()
	r.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("reading the metrics: %d %s", w.Code, w.Body)
	}
	out := map[string]float64{}
	for line := range strings.Lines(w.Body.String()) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cut := strings.LastIndexByte(line, ' ')
		value, err := strconv.ParseFloat(line[cut+1:], 64)
		if err != nil {
			t.Fatalf("a sample without a value: %q", line)
		}
		out[line[:cut]] = value
	}
	return out
}
