package report_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/tests/bench/internal/report"
)

func TestMedianIsTheMiddle(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{nil, 0}, {[]float64{7}, 7}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 3, 2}, 2.5},
	} {
		if got := report.Median(c.values); got != c.want {
			t.Errorf("median of %v is %v; want %v", c.values, got, c.want)
		}
	}
	durations := []time.Duration{3, 1, 2}
	if report.Median(durations) != 2 || durations[0] != 3 {
		t.Errorf("the values were changed: %v", durations)
	}
}

func example() *report.Report {
	r := &report.Report{At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Machine: report.Machine{Cores: 2, Kernel: "6.1"}}
	r.Add(report.Row{Part: "engine", What: "tasks per second", Value: 1234.4, Unit: "1/s", Aim: report.AtLeast(1000)})
	r.Add(report.Row{Part: "engine", What: "fsyncs per task", Value: 0.31, Aim: report.AtMost(0.3)})
	r.Add(report.Row{Part: "devices", What: "speed", Value: 12.34, Unit: "1/s", Note: "alone"})
	return r
}

func TestAimsAreJudged(t *testing.T) {
	t.Parallel()
	r := example()
	if m := r.Rows[0].Met; m == nil || !*m {
		t.Error("1234 is at least 1000")
	}
	if m := r.Rows[1].Met; m == nil || *m {
		t.Error("0.31 is more than 0.3")
	}
	if r.Rows[2].Met != nil {
		t.Error("a row without an aim was judged")
	}
	short := r.Short()
	if len(short) != 1 || short[0].What != "fsyncs per task" {
		t.Errorf("short: %v", short)
	}
	exact := &report.Report{}
	exact.Add(report.Row{Value: 0.3, Aim: report.AtMost(0.3)})
	exact.Add(report.Row{Value: 1, Aim: report.AtLeast(1)})
	if len(exact.Short()) != 0 {
		t.Error("a value that is its bound meets the aim")
	}
}

func TestTheTableShowsValueAimAndVerdict(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := example().Print(&b); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(b.String()) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	got := strings.Join(lines[3:], "\n")
	want := "engine\ntasks per second 1234 1/s ≥ 1000 ok\nfsyncs per task 0.310 ≤ 0.300 short\ndevices\nspeed 12.3 1/s alone"
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestTheFileHoldsWhatWasPrinted(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "results.json")
	r := example()
	r.Detail("engine", map[string]int{"runs": 3})
	if err := r.Write(file); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var back report.Report
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if len(back.Rows) != 3 || back.Rows[1].Met == nil || *back.Rows[1].Met || back.Rows[0].Aim.Bound != 1000 || back.Details["engine"] == nil {
		t.Errorf("%+v", back)
	}
}
