package counts_test

import (
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/baseline"
	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
)

func TestATaskThatLogsInLeavesNoMoreMessagesThanBefore(t *testing.T) {
	t.Parallel()
	newEngine(t, 0).compare("testdata/login.json")
}

func TestATaskOnAnOpenSessionLeavesNoMoreMessagesThanBefore(t *testing.T) {
	t.Parallel()
	newEngine(t, time.Hour).compare("testdata/session.json")
}

// compare counts what a second job leaves: the first made host keys and sessions.
func (e *engine) compare(file string) {
	e.Helper()
	e.job()
	before := map[string]uint64{}
	for _, s := range bus.StreamNames() {
		before[s] = e.last(s)
	}
	e.job()
	counts := map[string]float64{}
	for _, s := range bus.StreamNames() {
		switch s {
		case ledger.Stream:
			e.ledger(before[s], counts)
		case bus.KVStream(contract.BucketJobs):
			for _, m := range e.since(s, before[s]) {
				if !strings.HasSuffix(m.Subject, ".leader") { // it comes by the clock
					counts["jobs bucket: messages per job"]++
				}
			}
		case contract.StreamJobs:
			messages := e.since(s, before[s])
			counts["JOBS: messages per job"] = float64(len(messages))
			for _, m := range messages {
				counts["JOBS: bytes per job"] += float64(len(m.Data))
			}
		default: // of TASKS what was claimed is purged: its sequence tells
			counts[s+": messages per task"] = float64(e.last(s)-before[s]) / devices
		}
	}
	baseline.Check(e, file, counts)
}

// ledger counts by what the key is of. Signs of life are left out: they come by the clock and with every batch.
func (e *engine) ledger(from uint64, counts map[string]float64) {
	for _, m := range e.since(ledger.Stream, from) {
		entry, err := ledger.Decode(m)
		e.must(err)
		kind, per := "", 1.0
		switch k := entry.Key; {
		case k.Task != nil:
			kind, per = "records per task", devices
		case k.Device != nil:
			kind, per = "leases per task", devices
		case k.Login != nil:
			kind = "login proofs per job"
		case k.Gate != "":
			kind = "gates per job"
		default:
			continue
		}
		counts["ledger: "+kind] += 1 / per
		if per > 1 {
			counts["ledger: bytes of "+kind] += float64(len(m.Data)) / per
		}
	}
	for name, n := range counts {
		counts[name] = float64(int(n*1000+0.5)) / 1000
	}
}

func (e *engine) last(stream string) uint64 {
	e.Helper()
	s, err := e.conn.State(e.Context(), stream)
	e.must(err)
	return s.LastSeq
}

// since are the messages of a stream behind a sequence.
func (e *engine) since(stream string, seq uint64) (all []bus.Stored) {
	e.Helper()
	for {
		next, err := e.conn.Range(e.Context(), stream, seq+1, bus.MaxRange)
		e.must(err)
		if len(next) == 0 {
			return all
		}
		all, seq = append(all, next...), next[len(next)-1].Seq
	}
}
