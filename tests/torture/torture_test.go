package torture_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/netrust/netrust/tests/torture"
)

var (
	seed = flag.Uint64("torture.seed", 0, "seed of the round; 0: NETRUST_TORTURE_SEED, or a new one")
	long = flag.Bool("torture.long", false, "8,000 tasks on 400 devices")
	keep = flag.String("torture.keep", "", "keep what the round left behind below this folder")
)

func TestMain(m *testing.M) {
	if code, ok := torture.RunRole(); ok {
		os.Exit(code)
	}
	flag.Parse()
	os.Exit(m.Run())
}

func chooseSeed(t *testing.T) uint64 {
	if *seed != 0 {
		return *seed
	}
	if text := os.Getenv("NETRUST_TORTURE_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("NETRUST_TORTURE_SEED: %v", err)
		}
		return n
	}
	return rand.Uint64N(1_000_000)
}

func TestTheProtocolSurvivesTorture(t *testing.T) {
	settings := torture.Short(chooseSeed(t))
	if *long {
		settings = torture.Long(settings.Seed)
	}
	dir := t.TempDir()
	if *keep != "" {
		dir = filepath.Join(*keep, fmt.Sprintf("seed-%d", settings.Seed))
	}
	t.Logf("seed %d: repeat with NETRUST_TORTURE_SEED=%d", settings.Seed, settings.Seed)
	start := time.Now()
	h, err := torture.Run(t.Context(), settings, dir, t.Logf)
	if err != nil {
		t.Fatalf("seed %d: %v", settings.Seed, err)
	}
	violations, stats := torture.Check(h)
	stats.Took = time.Since(start).Round(time.Second)
	t.Logf("%+v", stats)
	for i, v := range violations {
		if i == 20 {
			t.Errorf("and %d more", len(violations)-i)
			break
		}
		t.Errorf("seed %d: %s", settings.Seed, v)
	}
}
