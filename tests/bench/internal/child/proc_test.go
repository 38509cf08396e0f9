package child_test

import (
	"os"
	"testing"
	"time"

	"github.com/netrust/netrust/tests/bench/internal/child"
)

func TestProcessorTimeIsReadBehindAnyProgramName(t *testing.T) {
	t.Parallel()
	for name, stat := range map[string]string{
		"a plain name":                  "42 (bench) S 1 42 42 0 -1 4194304 900 0 0 0 250 50 0 0 20 0 8 0 123456\n",
		"a name with blanks":            "42 (my bench) S 1 42 42 0 -1 4194304 900 0 0 0 250 50 0 0 20 0 8 0 123456\n",
		"a name that ends with bracket": "42 (a) S 9 9 9) S 1 42 42 0 -1 4194304 900 0 0 0 250 50 0 0 20 0 8 0 123456\n",
	} {
		got, err := child.ParseStat([]byte(stat))
		if err != nil || got != 3*time.Second {
			t.Errorf("%s: %v, %v; want 3s", name, got, err)
		}
	}
	if _, err := child.ParseStat([]byte("42 (bench) Z 1")); err == nil {
		t.Error("a text without times gave one")
	}
}

func TestMemoryIsReadInBytes(t *testing.T) {
	t.Parallel()
	rss, peak, err := child.ParseStatus([]byte("Name:\tbench\nVmPeak:\t  999 kB\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n"))
	if err != nil || rss != 1<<20 || peak != 2<<20 {
		t.Errorf("%d, %d, %v", rss, peak, err)
	}
	if _, _, err := child.ParseStatus([]byte("Name:\tbench\nState:\tZ (zombie)\n")); err == nil {
		t.Error("a process that has ended has no memory, and no error was given")
	}
}

func TestThisProcessHasUsedSomething(t *testing.T) {
	t.Parallel()
	u, err := child.UsageOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if u.RSS < 1<<20 || u.Peak < u.RSS {
		t.Errorf("%+v", u)
	}
}
