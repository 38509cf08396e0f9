package product

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
)

// Timeline is when the steps of one small job were first seen, counted from its submission. The steps between are when
// the server stored them.
type Timeline struct {
	Accepted time.Duration `json:"accepted_ns"` // the client has the job's id
	Planned  time.Duration `json:"planned_ns"`
	Running  time.Duration `json:"running_ns"`
	Taken    time.Duration `json:"taken_ns"`    // an executor has the first task
	Claimed  time.Duration `json:"claimed_ns"`  // the first claim is stored
	Answered time.Duration `json:"answered_ns"` // the first device is done
	Finished time.Duration `json:"finished_ns"`
	Shown    time.Duration `json:"shown_ns"` // the client has the first result
	Ended    time.Duration `json:"ended_ns"` // the client knows that the job has ended
}

// Follow runs a small job and returns its timeline.
func (p *Product) Follow(ctx context.Context, spec contract.JobSpec) (Timeline, error) {
	ctx, cancel := context.WithTimeout(ctx, JobTimeout)
	defer cancel()
	before, err := p.lastSequences(ctx)
	if err != nil {
		return Timeline{}, err
	}
	var t Timeline
	began := time.Now()
	id, err := p.API.Submit(ctx, spec)
	if err != nil {
		return t, err
	}
	t.Accepted = time.Since(began)
	ended := make(chan error, 1)
	go func() {
		job, err := p.API.Await(ctx, id)
		t.Ended = time.Since(began)
		if err == nil && job.State != contract.JobSucceeded {
			err = errors.New("job " + id + " ended as " + string(job.State) + ": " + job.Reason)
		}
		ended <- err
	}()
	shown := p.API.FirstResult(ctx, id)
	t.Shown = time.Since(began)
	if err := errors.Join(shown, <-ended); err != nil {
		return t, err
	}
	return t, p.stored(ctx, id, began, before, &t)
}

// stored fills in the steps that the streams tell of.
func (p *Product) stored(ctx context.Context, id string, began time.Time, before map[string]uint64, t *Timeline) error {
	note := func(step *time.Duration, s bus.Stored) {
		if *step == 0 {
			*step = s.Time.Sub(began)
		}
	}
	err := p.history(ctx, contract.StreamJobs, contract.JobEventSubject(id), before, func(s bus.Stored) error {
		var e contract.JobEvent
		if err := json.Unmarshal(s.Data, &e); err != nil {
			return err
		}
		switch e.State {
		case contract.JobPlanned:
			note(&t.Planned, s)
		case contract.JobRunning:
			note(&t.Running, s)
		}
		return nil
	})
	if err != nil {
		return err
	}
	// The release itself is missing: the task stream is purged when the job ends.
	return p.history(ctx, ledger.Stream, ledger.Subject(contract.JobTaskRecords(id)), before, func(s bus.Stored) error {
		entry, err := ledger.Decode(s)
		if err != nil || entry.Task == nil {
			return err
		}
		switch {
		case entry.Task.Claim != nil && t.Claimed == 0:
			t.Taken = entry.Task.Claim.ClaimedAt.Sub(began)
			note(&t.Claimed, s)
		case entry.Task.Result != nil && t.Finished == 0:
			t.Answered = entry.Task.Result.FinishedAt.Sub(began)
			note(&t.Finished, s)
		}
		return nil
	})
}

// history reads what a stream stored about a subject since a sequence.
func (p *Product) history(ctx context.Context, stream, subject string, before map[string]uint64, take func(bus.Stored) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	err := p.conn.Follow(ctx, bus.FollowConfig{
		Stream: stream, Filters: []string{subject}, FromSeq: before[stream] + 1, CaughtUp: cancel,
	}, take)
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
