package servicekit_test

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/servicekit"
)

// gcPercent is the percentage in force.
func gcPercent() int {
	p := debug.SetGCPercent(100)
	debug.SetGCPercent(p)
	return p
}

// Not parallel: the percentage is the process's.
func TestHeadroomFollowsWhatIsAlive(t *testing.T) {
	before := gcPercent()
	t.Cleanup(func() { debug.SetGCPercent(before) })
	servicekit.Headroom(8<<20, []string{"HOME=/", "GOGC=50"})
	servicekit.Headroom(8<<20, []string{"GOMEMLIMIT=1GiB"})
	if p := gcPercent(); p != before {
		t.Fatalf("an environment that decides was overruled: %d%%, was %d%%", p, before)
	}
	runtime.GC()
	servicekit.Headroom(8<<20, nil)
	small := gcPercent()
	if small <= 100 || small > 1000 {
		t.Errorf("a small heap may grow by %d%%; want more than by Go's default", small)
	}
	alive := make([]byte, 64<<20)
	for end := time.Now().Add(30 * time.Second); gcPercent() != 100; runtime.GC() {
		if time.Now().After(end) {
			t.Fatalf("a heap beyond the headroom may still grow by %d%%", gcPercent())
		}
	}
	runtime.KeepAlive(alive)
}
