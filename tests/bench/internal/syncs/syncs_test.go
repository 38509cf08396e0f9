package syncs_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/tests/bench/internal/syncs"
)

// trace is as strace 6.1 writes it: also calls that end on a later line, and one of before the span.
const trace = `101   1000.500000 fsync(12</tmp/b/data/nats/jetstream/$G/streams/KV_exec/msgs/1.blk>) = 0
102   1001.000001 fsync(12</tmp/b/data/nats/jetstream/$G/streams/KV_exec/msgs/1.blk> <unfinished ...>
103   1001.100000 fsync(14</tmp/b/data/nats/jetstream/$G/streams/TASKS/msgs/3.blk>) = 0
102   1001.200000 <... fsync resumed>)  = 0
104   1001.300000 openat(AT_FDCWD</tmp>, "/tmp/b/data/nats/jetstream/$G/streams/TASKS/obs/any/o.dat.tmp", O_WRONLY|O_CREAT|O_TRUNC|O_SYNC|O_CLOEXEC, 0640) = 20</tmp/b/o.dat.tmp>
104   1001.310000 openat(AT_FDCWD</tmp>, "/tmp/b/data/nats/jetstream/$G/streams/TASKS/msgs/3.blk", O_RDWR|O_CLOEXEC, 0640) = 21</tmp/b/3.blk>
105   1001.400000 fdatasync(9</tmp/b/other>) = 0
101   1002.500000 --- SIGURG {si_signo=SIGURG, si_code=SI_TKILL} ---
101   1003.500000 fsync(12</tmp/b/data/nats/jetstream/$G/streams/KV_exec/msgs/1.blk>) = 0
`

func TestSyncsAreCountedOnceAndWithinTheSpan(t *testing.T) {
	t.Parallel()
	c, err := syncs.Parse(strings.NewReader(trace), time.Unix(1001, 0), time.Unix(1003, 0))
	if err != nil {
		t.Fatal(err)
	}
	if c.Calls != 3 || c.Opened != 1 {
		t.Errorf("%d calls and %d opened files; want 3 and 1", c.Calls, c.Opened)
	}
	want := map[string]int{"KV_exec msgs": 1, "TASKS msgs": 1, "TASKS obs any": 1, "other": 1}
	if !maps.Equal(c.ByPlace, want) {
		t.Errorf("by place: %v; want %v", c.ByPlace, want)
	}
}

func TestATraceOfNothingCountsNothing(t *testing.T) {
	t.Parallel()
	c, err := syncs.Parse(strings.NewReader("garbage\n\n101 x.y fsync(1)\n"), time.Unix(0, 0), time.Unix(9, 0))
	if err != nil || c.Calls != 0 {
		t.Errorf("%+v, %v", c, err)
	}
}
