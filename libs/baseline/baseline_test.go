package baseline_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/netrust/netrust/libs/baseline"
)

var lines = []baseline.Line{
	{Name: "allocations", Value: 30},
	{Name: "bytes", Value: 1000, TolerancePercent: 5},
	{Name: "messages", Value: 2},
	{Name: "none", Value: 0},
}

// counts are those of the baseline, but for one.
func counts(name string, value float64) map[string]float64 {
	all := map[string]float64{"allocations": 30, "bytes": 1000, "messages": 2, "none": 0}
	all[name] = value
	return all
}

func TestACountThatMovedTooFarIsAFault(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		value float64
		want  string // in the fault; "" for none
	}{
		{"messages", 2, ""},
		{"messages", 2.005, "messages: grew from 2 to 2.005"},
		{"messages", 3, "messages: grew from 2 to 3"},
		{"messages", 1, "messages: shrank from 2 to 1"},
		{"allocations", 31, "allocations: grew from 30 to 31"},
		{"allocations", 28, ""}, // better, and near enough
		{"allocations", 26, "allocations: shrank from 30 to 26"},
		{"bytes", 1050, ""},
		{"bytes", 1051, "bytes: grew from 1000 to 1051 (at most 1050)"},
		{"bytes", 860, ""},
		{"bytes", 840, "bytes: shrank"},
		{"none", 1, "none: grew from 0 to 1"},
		{"new", 4, "new: is 4 and not in the baseline"},
	} {
		t.Run(fmt.Sprint(c.name, " ", c.value), func(t *testing.T) {
			t.Parallel()
			got := baseline.Compare(lines, counts(c.name, c.value))
			if c.want == "" && len(got) > 0 || c.want != "" && (len(got) != 1 || !strings.Contains(got[0], c.want)) {
				t.Errorf("got %q; want %q", got, c.want)
			}
		})
	}
}

func TestACountThatIsNoLongerCountedIsAFault(t *testing.T) {
	t.Parallel()
	now := counts("messages", 2)
	delete(now, "bytes")
	if got := baseline.Compare(lines, now); len(got) != 1 || !strings.Contains(got[0], "bytes: is no longer counted") {
		t.Errorf("got %q", got)
	}
}

// witness is a test that notes its errors.
type witness struct {
	testing.TB
	said []string
}

func (w *witness) Helper() {}
func (w *witness) Errorf(format string, args ...any) {
	w.said = append(w.said, fmt.Sprintf(format, args...))
}

func TestATestFailsWithEveryFaultOfItsFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "counts.json")
	if err := os.WriteFile(file, baseline.Format(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	good := &witness{TB: t}
	if baseline.Check(good, file, counts("messages", 2)); len(good.said) > 0 {
		t.Errorf("counts like the baseline: %q", good.said)
	}
	bad := &witness{TB: t}
	now := counts("messages", 3)
	now["allocations"] = 60
	if baseline.Check(bad, file, now); len(bad.said) != 2 || !strings.Contains(bad.said[0], file) {
		t.Errorf("two counts that grew: %q", bad.said)
	}
}

func TestARenewedBaselineIsReadBackAndKeepsItsTolerances(t *testing.T) {
	t.Parallel()
	now := map[string]float64{"bytes": 1200, "messages": 3, "new": 1.5}
	renewed := baseline.Renew(lines, now)
	want := []baseline.Line{{Name: "bytes", Value: 1200, TolerancePercent: 5}, {Name: "messages", Value: 3}, {Name: "new", Value: 1.5}}
	if !reflect.DeepEqual(renewed, want) {
		t.Errorf("got %+v", renewed)
	}
	file := filepath.Join(t.TempDir(), "counts.json")
	if err := os.WriteFile(file, baseline.Format(renewed), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := baseline.Read(file)
	if err != nil || !reflect.DeepEqual(got, want) || len(baseline.Compare(got, now)) > 0 {
		t.Errorf("read back: %+v, %v", got, err)
	}
	if text, _ := os.ReadFile(file); strings.Count(string(text), "\n") != len(want)+2 {
		t.Errorf("not one line per count:\n%s", text)
	}
	if moved := baseline.Renew(want, map[string]float64{"bytes": 1210, "messages": 3, "new": 1.5}); moved[0].Value != 1200 {
		t.Errorf("a count within its tolerance rewrites the baseline: %+v", moved)
	}
}
