package measure_test

import (
	"io"
	"strings"
	"testing"

	"github.com/netrust/netrust/tests/bench/internal/measure"
	"github.com/netrust/netrust/tests/bench/internal/report"
)

func TestAPartThatDoesNotExistIsRefusedBeforeAnythingStarts(t *testing.T) {
	t.Parallel()
	cfg := measure.Config{Dir: t.TempDir(), Parts: []string{"engine", "speed"}, Progress: io.Discard}
	err := measure.Run(t.Context(), cfg, new(report.Report))
	if err == nil || !strings.Contains(err.Error(), `"speed"`) || !strings.Contains(err.Error(), "growth") {
		t.Errorf("%v", err)
	}
}
