package torture

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
)

// watcher follows the ledger and the events of the jobs through the whole round, as a service would.
type watcher struct {
	ended chan struct{} // closed when all expected jobs have ended
	over  chan struct{} // closed when the watch is over, with err
	err   error

	mu     sync.Mutex
	left   map[string]contract.JobState
	closed bool
	ledger []Entry
	events map[string][]Event
}

func newWatcher(jobs []Job) *watcher {
	w := &watcher{ended: make(chan struct{}), over: make(chan struct{}), left: map[string]contract.JobState{}, events: map[string][]Event{}}
	for i := range jobs {
		w.left[jobs[i].ID] = "not submitted"
	}
	w.left["last"] = "not submitted" // holds the end back until the last job is named
	return w
}

// expect names the last job.
func (w *watcher) expect(job string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.left, "last")
	w.left[job] = "not submitted"
}

// watch follows until ctx ends.
func (w *watcher) watch(ctx context.Context, conn *bus.Conn) {
	defer close(w.over)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		return conn.Follow(ctx, bus.FollowConfig{Stream: ledger.Stream}, func(s bus.Stored) error {
			e, err := newEntry(s)
			w.mu.Lock()
			defer w.mu.Unlock()
			w.ledger = append(w.ledger, e)
			return err
		})
	})
	g.Go(func() error {
		return conn.Follow(ctx, bus.FollowConfig{Stream: contract.StreamJobs, Filters: []string{contract.JobEventFilter}}, w.onEvent)
	})
	w.err = g.Wait()
}

func (w *watcher) onEvent(s bus.Stored) error {
	e := Event{Seq: s.Seq}
	if err := json.Unmarshal(s.Data, &e.JobEvent); err != nil {
		return fmt.Errorf("event %d: %w", s.Seq, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events[e.JobID] = append(w.events[e.JobID], e)
	if _, expected := w.left[e.JobID]; !expected {
		return nil
	}
	w.left[e.JobID] = e.State
	if e.State.Ended() {
		delete(w.left, e.JobID)
	}
	if len(w.left) == 0 && !w.closed {
		w.closed = true
		close(w.ended)
	}
	return nil
}

// upTo returns the ledger as it was seen once that sequence has been, and false while it has not.
func (w *watcher) upTo(seq uint64) ([]Entry, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.ledger); n == 0 || w.ledger[n-1].Seq < seq {
		return nil, false
	}
	return slices.Clone(w.ledger), true
}

// open says which jobs have not ended.
func (w *watcher) open() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for id, state := range w.left {
		out = append(out, fmt.Sprintf("%s (%s)", id, state))
	}
	sort.Strings(out)
	return strings.Join(out, ", ")
}
