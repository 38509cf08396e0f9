package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/services/gateway/internal/view"
)

// ledgerMessage folds one record. Markers of purged records say nothing: the job has ended before.
func (f *Feed) ledgerMessage(ctx context.Context, s bus.Stored) error {
	passed := item{change: view.Passed{Stream: view.LedgerStream, Seq: s.Seq}}
	if s.Deleted {
		return f.push(ctx, passed)
	}
	key, err := contract.ParseExecKey(strings.TrimPrefix(s.Subject, bus.KVSubject(contract.BucketExec, "")))
	rec := view.Record{Seq: s.Seq}
	if err == nil {
		err = json.Unmarshal(s.Data, &rec.TaskRecord)
	}
	if err == nil && (key.Task == nil || key.Task.Job != rec.JobID || key.Task.Device != rec.DeviceID) {
		err = fmt.Errorf("the record is of job %q and device %q", rec.JobID, rec.DeviceID)
	}
	if err == nil {
		err = rec.Check()
	}
	if err != nil {
		job := ""
		if key.Task != nil {
			job = key.Task.Job
		}
		f.passOver(ctx, view.LedgerStream, job, s, err)
		return f.push(ctx, passed)
	}
	if rec.Phase != contract.PhaseRun {
		return f.push(ctx, passed) // a command job's answer is its run; other phases have views of their own
	}
	_, urgent := f.urgent.Load(rec.JobID)
	return f.push(ctx, item{change: rec, bytes: len(s.Data), soon: urgent})
}

// jobMessage folds one command or event.
func (f *Feed) jobMessage(ctx context.Context, s bus.Stored) error {
	err := f.foldJobMessage(ctx, s)
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	job, _, _ := contract.ParseJobSubject(s.Subject) // "" where it is about none
	f.passOver(ctx, contract.StreamJobs, job, s, err)
	return f.push(ctx, item{change: view.Passed{Stream: contract.StreamJobs, Seq: s.Seq}})
}

// passOver keeps what cannot be folded as a dead letter, once for all who cannot read it. It tries once: the fold must go on, and
// the message stays in its stream.
func (f *Feed) passOver(ctx context.Context, stream, job string, s bus.Stored, reason error) {
	f.log.Error().Err(reason).Str("subject", s.Subject).Uint64("seq", s.Seq).Msg("a message cannot be read; it is passed over")
	if err := f.conn.SetAside(ctx, stream, job, s, reason.Error()); err != nil && ctx.Err() == nil {
		f.log.Warn().Err(err).Uint64("seq", s.Seq).Msg("what was passed over could not be kept as a dead letter")
	}
}

func (f *Feed) foldJobMessage(ctx context.Context, s bus.Stored) error {
	job, _, err := contract.ParseJobSubject(s.Subject)
	if err != nil {
		return err
	}
	switch kind := s.HeaderValue(contract.HeaderType); kind {
	case contract.TypeJobSubmit:
		c := view.Submitted{Seq: s.Seq}
		if err := decode(s.Data, &c.JobSubmit, job, &c.JobID); err != nil {
			return err
		}
		if c.Spec.Priority.Class() == contract.Urgent {
			f.urgent.Store(job, nil)
		}
		return f.push(ctx, item{change: c, bytes: len(s.Data), soon: true})
	case contract.TypeJobEvent:
		c := view.Changed{Seq: s.Seq}
		if err := decode(s.Data, &c.JobEvent, job, &c.JobID); err != nil {
			return err
		}
		return f.event(ctx, c, len(s.Data))
	default: // a cancel shows by the scheduler's event; a type of tomorrow shows nothing
		return f.push(ctx, item{change: view.Passed{Stream: contract.StreamJobs, Seq: s.Seq}})
	}
}

// event folds an event after what it refers to.
func (f *Feed) event(ctx context.Context, c view.Changed, size int) error {
	if c.State == contract.JobPlanned && c.Manifest != nil {
		f.parts(ctx, *c.Manifest, func(ctx context.Context, ref contract.ObjectRef) error {
			return stream(ctx, f, ref, "targets", func(targets []contract.ManifestTarget) error {
				return f.push(ctx, item{change: view.Planned{Seq: c.Seq, JobID: c.JobID, Targets: targets}, bytes: 500 * len(targets)})
			})
		})
	}
	if c.State.Ended() {
		f.urgent.Delete(c.JobID)
		if err := f.awaitRecords(ctx, c.JobID); err != nil {
			return err
		}
		if c.NotReached != nil {
			f.parts(ctx, *c.NotReached, func(ctx context.Context, ref contract.ObjectRef) error {
				return stream(ctx, f, ref, "devices", func(devices []contract.NotReachedDevice) error {
					return f.push(ctx, item{change: view.Abandoned{Seq: c.Seq, JobID: c.JobID, Devices: devices}, bytes: 200 * len(devices)})
				})
			})
		}
	}
	return f.push(ctx, item{change: c, bytes: size, soon: true})
}

// parts reads what an event refers to, again and again while NATS does not answer. An object that is gone (the job is
// old) or altered leaves the view with what the records say.
func (f *Feed) parts(ctx context.Context, ref contract.ObjectRef, read func(context.Context, contract.ObjectRef) error) {
	for ctx.Err() == nil {
		err := read(ctx, ref)
		switch {
		case err == nil:
			return
		case errors.Is(err, bus.ErrNotFound), errors.Is(err, errAltered):
			f.log.Warn().Err(err).Msg("an object of a job cannot be had; its tasks show what the ledger says")
			return
		}
		f.log.Warn().Err(err).Msg("reading an object of a job; trying again")
		pause(ctx)
	}
}

// awaitRecords waits until the view shows every record that the ledger holds of the job.
func (f *Feed) awaitRecords(ctx context.Context, job string) error {
	changed, stop := f.view.Watch("")
	defer stop()
	subject := bus.KVSubject(contract.BucketExec, contract.JobTaskRecords(job))
	for {
		at, err := f.view.Cursor(ctx, view.LedgerStream)
		if err != nil {
			return err
		}
		last, err := f.conn.LastFor(ctx, view.LedgerStream, subject)
		switch {
		case errors.Is(err, bus.ErrNotFound), err == nil && last.Seq <= at:
			return nil
		case err != nil:
			f.log.Warn().Err(err).Str("job_id", job).Msg("asking for the last record of a job; trying again")
			pause(ctx)
		}
		if err := f.push(ctx, item{soon: true}); err != nil { // what is collected may hold it
			return err
		}
		if err := waitBeyond(ctx, f.view, changed, last.Seq); err != nil {
			return err
		}
	}
}

// waitBeyond returns when the view has the sequence, and also after a while: the record may be purged before it is seen.
func waitBeyond(ctx context.Context, v *view.View, changed <-chan struct{}, seq uint64) error {
	again := time.NewTimer(time.Second)
	defer again.Stop()
	for {
		at, err := v.Cursor(ctx, view.LedgerStream)
		if err != nil || at >= seq {
			return err
		}
		select {
		case <-changed:
		case <-again.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// summary adds a job that began before the log does.
func (f *Feed) summary(ctx context.Context, s bus.Stored, oldest time.Time) error {
	var sum contract.JobSummary
	if s.Deleted {
		return nil
	}
	if err := json.Unmarshal(s.Data, &sum); err != nil {
		f.log.Error().Err(err).Str("subject", s.Subject).Msg("a job's summary cannot be read; it is passed over")
		return nil
	}
	if sum.JobID == "" || !sum.Submitted.Before(oldest) {
		return nil
	}
	return f.push(ctx, item{change: view.Summary(sum), bytes: len(s.Data)})
}

// decode reads a message and checks that it is about the job of its subject.
func decode(data []byte, to any, job string, named *string) error {
	if err := json.Unmarshal(data, to); err != nil {
		return err
	}
	if *named != job {
		return fmt.Errorf("the message is about job %q", *named)
	}
	return nil
}
