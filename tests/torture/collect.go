package torture

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/kvstore"
	"github.com/netrust/netrust/libs/ledger"
)

// collect reads what the round left behind, after claims of ended jobs have been recovered too.
func (r *round) collect(ctx context.Context) (*History, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if err := r.awaitQuiet(ctx); err != nil {
		return nil, err
	}
	before, err := r.conn.State(ctx, contract.StreamJobs)
	if err != nil {
		return nil, err
	}
	if err := r.changeLeader(ctx); err != nil {
		return nil, err
	}
	h := &History{Jobs: r.jobs, Events: map[string][]Event{}, Summaries: map[string]contract.JobSummary{}}
	if h.Faults, err = r.fleet.told(); err != nil {
		return nil, err
	}
	if h.Lines, err = readLines(r.place.effects()); err != nil {
		return nil, err
	}
	if err := r.readEvents(ctx, h, before.LastSeq); err != nil {
		return nil, err
	}
	if h.Replay, err = r.read(ctx, true); err != nil {
		return nil, err
	}
	if h.Kept, err = r.read(ctx, false); err != nil {
		return nil, err
	}
	if h.Ledger, err = r.lived(ctx, h.Kept[len(h.Kept)-1].Seq); err != nil {
		return nil, err
	}
	summaries, err := kvstore.Open[contract.JobSummary](r.conn, contract.BucketJobs).List(ctx, "job.*")
	for _, s := range summaries {
		h.Summaries[s.Value.JobID] = s.Value
	}
	return h, err
}

// lived waits until the watcher has seen the sequence.
func (r *round) lived(ctx context.Context, seq uint64) ([]Entry, error) {
	for {
		if entries, ok := r.seen.upTo(seq); ok {
			return entries, nil
		}
		if !pause(ctx, 50*time.Millisecond) {
			return nil, fmt.Errorf("the follower that lived through the round never saw entry %d of the ledger: %w", seq, r.seen.err)
		}
	}
}

// awaitQuiet waits until no claim and no lease is left: a job may end before the claims of a lost executor are recovered
// only if nobody lives to do it, which is not so here.
func (r *round) awaitQuiet(ctx context.Context) error {
	for {
		entries, err := r.read(ctx, true)
		if err != nil {
			return err
		}
		open := 0
		for i := range entries {
			if e := &entries[i]; e.Lease != nil || e.Task != nil && e.Task.State == contract.Claimed {
				open++
			}
		}
		if open == 0 {
			return nil
		}
		if !pause(ctx, 500*time.Millisecond) {
			return fmt.Errorf("%d claims and leases are left though all jobs have ended", open)
		}
	}
}

// changeLeader kills every scheduler, and waits until a fresh one leads.
func (r *round) changeLeader(ctx context.Context) error {
	bucket := kvstore.Open[contract.Leader](r.conn, contract.BucketJobs)
	old, err := bucket.Get(ctx, contract.SchedulerLeaderKey)
	if err != nil && !errors.Is(err, bus.ErrNotFound) {
		return err
	}
	for i := range r.Schedulers {
		r.fleet.do(FaultKill, processName(RoleScheduler, i), 0)
	}
	for {
		now, err := bucket.Get(ctx, contract.SchedulerLeaderKey)
		if err == nil && now.Value.Incarnation != old.Value.Incarnation {
			break
		}
		if !pause(ctx, 100*time.Millisecond) {
			return errors.New("no fresh scheduler leads")
		}
	}
	// It must have replayed and decided before we look whether it found something to do: a job that is submitted now is
	// planned only after that.
	probe := contract.DeriveJobID("torture", "probe")
	submit := contract.JobSubmit{JobID: probe, Principal: "torture", At: time.Now().UTC(), Spec: spec(probe, 1, true)}
	submit.Spec.DryRun = true
	if err := r.command(ctx, probe, contract.TypeJobSubmit, submit, bus.Seq(0)); err != nil {
		return err
	}
	for {
		last, err := r.conn.LastFor(ctx, contract.StreamJobs, contract.JobEventSubject(probe))
		var ev contract.JobEvent
		if err == nil && json.Unmarshal(last.Data, &ev) == nil && ev.State.Ended() {
			return nil
		}
		if !pause(ctx, 50*time.Millisecond) {
			return errors.New("the fresh scheduler does not end a dry run")
		}
	}
}

// readEvents reads the events of the round's jobs anew; those after the given sequence are the fresh scheduler's.
func (r *round) readEvents(ctx context.Context, h *History, before uint64) error {
	mine := map[string]bool{}
	for i := range r.jobs {
		mine[r.jobs[i].ID] = true
	}
	return r.all(ctx, bus.FollowConfig{Stream: contract.StreamJobs, Filters: []string{contract.JobEventFilter}}, func(s bus.Stored) error {
		e := Event{Seq: s.Seq}
		if err := json.Unmarshal(s.Data, &e.JobEvent); err != nil || !mine[e.JobID] {
			return err
		}
		h.Events[e.JobID] = append(h.Events[e.JobID], e)
		if s.Seq > before {
			h.Later = append(h.Later, e)
		}
		return nil
	})
}

func (r *round) read(ctx context.Context, newest bool) ([]Entry, error) {
	var out []Entry
	err := r.all(ctx, bus.FollowConfig{Stream: ledger.Stream, LastPerSubject: newest}, func(s bus.Stored) error {
		e, err := newEntry(s)
		out = append(out, e)
		return err
	})
	return out, err
}

// all hands what a stream holds now to take.
func (r *round) all(ctx context.Context, cfg bus.FollowConfig, take func(bus.Stored) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	done := false
	cfg.CaughtUp = func() { done = true; stop() }
	err := r.conn.Follow(ctx, cfg, take)
	if done {
		return nil
	}
	return err
}
