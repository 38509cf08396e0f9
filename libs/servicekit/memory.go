package servicekit

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
)

// DefaultHeadroom is what the services' processes give the garbage collector, in bytes. An executor at work on 256 devices
// has some 15 MiB alive: with Go's default it collects them ten times a second, for a tenth of its processor time.
const DefaultHeadroom = 64 << 20

// Go's own percentage, and the highest that a headroom makes of it.
const (
	percentDefault = 100
	percentMax     = 1000
)

// Headroom lets the heap grow by at least so many bytes between two collections, where Go's default lets it grow by as much
// as is alive. A small heap is collected more seldom for it; one that is larger than the headroom is collected as ever, so
// that no process takes more than the headroom beyond what it would take anyway. A fixed percentage would give a large heap
// many times its size, and a memory limit would have the collector work without end once more than the limit is alive.
//
// It changes the whole process: only a main calls it, once, with the process's environment. Whoever sets GOGC or GOMEMLIMIT
// there has decided otherwise, and nothing is changed.
func Headroom(bytes uint64, environ []string) {
	for _, v := range environ {
		if strings.HasPrefix(v, "GOGC=") || strings.HasPrefix(v, "GOMEMLIMIT=") {
			return
		}
	}
	adjustHeadroom(bytes)
}

// percentFor is the growth, as a percentage of what is alive, that gives the headroom.
func percentFor(headroom, alive uint64) int {
	return int(min(max(headroom*100/max(alive, 1), percentDefault), percentMax))
}

// adjustHeadroom sets the percentage for what is alive now, and comes again after the next collection: the collector tells by
// cleaning up an object that nothing refers to.
func adjustHeadroom(bytes uint64) {
	alive := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(alive)
	debug.SetGCPercent(percentFor(bytes, alive[0].Value.Uint64()))
	type mark struct{ _ [16]byte } // no tiny object: those share their memory, and are cleaned up late
	runtime.AddCleanup(new(mark), adjustHeadroom, bytes)
}
