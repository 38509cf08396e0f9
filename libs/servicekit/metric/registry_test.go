package metric_test

import (
	"io"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/servicekit/metric"
)

func shown(t *testing.T, r *metric.Registry) string {
	t.Helper()
	w := httptest.NewRecorder()
	r.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	body, err := io.ReadAll(w.Body)
	if err != nil || w.Code != 200 {
		t.Fatalf("status %d, %v", w.Code, err)
	}
	return string(body)
}

func TestWhatIsMadeIsShown(t *testing.T) {
	t.Parallel()
	r := metric.NewRegistry()
	r.Counter("netrust_test_things_total", "Things.").Add(3)
	r.Counters("netrust_test_kinds_total", "Things by kind.", "kind").WithLabelValues("round").Inc()
	r.Gauge("netrust_test_level", "Level.").Set(4)
	r.Gauges("netrust_test_levels", "Levels.", "side").WithLabelValues("left").Set(5)
	metric.Since(r.Histograms("netrust_test_wait_seconds", "Waits.", metric.Times(), "class").WithLabelValues("urgent"), time.Now())
	for _, line := range []string{
		"netrust_test_things_total 3", `netrust_test_kinds_total{kind="round"} 1`, "netrust_test_level 4", `netrust_test_levels{side="left"} 5`,
		`netrust_test_wait_seconds_bucket{class="urgent",le="+Inf"} 1`, "go_goroutines ", "process_start_time_seconds ",
	} {
		if !strings.Contains(shown(t, r), "\n"+line) {
			t.Errorf("the metrics lack %q", line)
		}
	}
	var names []string
	for _, e := range r.Entries() {
		names = append(names, e.Name+" "+e.Kind)
	}
	want := []string{
		"netrust_test_kinds_total counter", "netrust_test_level gauge", "netrust_test_levels gauge",
		"netrust_test_things_total counter", "netrust_test_wait_seconds histogram",
	}
	if !slices.Equal(names, want) {
		t.Errorf("the registry knows %q, want %q", names, want)
	}
}

func TestTwoPartsThatMakeTheSameInstrumentShareIt(t *testing.T) {
	t.Parallel()
	r := metric.NewRegistry()
	for range 2 {
		r.Counters("netrust_test_kinds_total", "Things by kind.", "kind").WithLabelValues("round").Inc()
	}
	if !strings.Contains(shown(t, r), `netrust_test_kinds_total{kind="round"} 2`) {
		t.Error("the two counts are not one")
	}
}

func TestAGaugeThatIsAskedIsTheNewestOfItsName(t *testing.T) {
	t.Parallel()
	r := metric.NewRegistry()
	for _, value := range []float64{1, 2} {
		r.GaugeFunc("netrust_test_open", "Open.", func() float64 { return value })
	}
	if !strings.Contains(shown(t, r), "\nnetrust_test_open 2\n") {
		t.Error("the second gauge of the name is not shown")
	}
	for _, n := range []float64{3, 4} {
		r.GaugesFunc("netrust_test_doors", "Doors.", "state", func() map[string]float64 { return map[string]float64{"open": n} })
		r.CountersFunc("netrust_test_knocks_total", "Knocks.", "door", func() map[string]float64 { return map[string]float64{"front": n} })
	}
	page := shown(t, r)
	for _, line := range []string{"# TYPE netrust_test_knocks_total counter", `netrust_test_doors{state="open"} 4`, `netrust_test_knocks_total{door="front"} 4`} {
		if !strings.Contains(page, line) {
			t.Errorf("the metrics lack %q", line)
		}
	}
}

func TestWithoutARegistryInstrumentsWork(t *testing.T) {
	t.Parallel()
	var r *metric.Registry
	r.Counter("netrust_test_things_total", "Things.").Inc()
	r.Gauges("netrust_test_levels", "Levels.", "side").WithLabelValues("left").Set(5)
	r.GaugeFunc("netrust_test_open", "Open.", func() float64 { return 1 })
	r.Histograms("netrust_test_sizes", "Sizes.", metric.Sizes()).WithLabelValues().Observe(7)
}

func TestOneNameWithTwoMeaningsIsAMistake(t *testing.T) {
	t.Parallel()
	r := metric.NewRegistry()
	r.Counter("netrust_test_things_total", "Things.")
	defer func() {
		if p := recover(); p == nil || !strings.Contains(p.(string), "netrust_test_things_total") {
			t.Errorf("got %v, want a panic that names the metric", p)
		}
	}()
	r.Gauge("netrust_test_things_total", "Other things.")
}
