package catalog_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/netrust/netrust/netrust/internal/catalog"
)

func TestTheReferenceOfMetricsIsCurrentAndTheirNamesAreConventional(t *testing.T) {
	t.Parallel()
	entries, err := catalog.Metrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "reference", "metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	if catalog.Page(entries) != string(page) {
		t.Error("docs/reference/metrics.md is not what the services show; make generate writes it")
	}
	name := regexp.MustCompile(`^netrust(_[a-z]+)+$`)
	for _, e := range entries {
		if !name.MatchString(e.Name) || (e.Kind == "counter") != strings.HasSuffix(e.Name, "_total") || !strings.HasSuffix(e.Help, ".") {
			t.Errorf("the %s %s (%q) is not named as Prometheus asks, or not explained", e.Kind, e.Name, e.Help)
		}
		for _, label := range []string{"device", "device_id", "job", "job_id", "instance", "principal", "address"} {
			if slices.Contains(e.Labels, label) {
				t.Errorf("%s has the label %s: it is not bounded, or Prometheus' own", e.Name, label)
			}
		}
	}
}
