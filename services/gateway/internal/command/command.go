// Package command turns requests into commands on JOBS: submit, cancel, retry.
//
// What can be decided from the inventory and the view is decided before anything is published, by the same pure functions
// that the scheduler runs again. A job's id is derived from who asks and the idempotency key, and its first command
// expects an empty subject: however often and at however many gateways a request is sent, it is one job.
package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/libs/inventory"
	"github.com/netrust/netrust/libs/jobspec"
	"github.com/netrust/netrust/libs/servicekit/tracing"
	"github.com/netrust/netrust/services/gateway/internal/view"
)

// viewLag is how long a read waits for the view to hear of a job that the log has.
const viewLag = 2 * time.Second

// publishAttempts is how often a publish without an answer is repeated.
const publishAttempts = 3

// devices is what a desk needs of the inventory.
type devices interface{ Set() *inventory.Set }

// Desk takes requests. Safe for concurrent use.
type Desk struct {
	conn    *bus.Conn
	view    *view.View
	devices devices
	now     func() time.Time
}

// New makes a desk.
func New(conn *bus.Conn, v *view.View, d devices) *Desk {
	return &Desk{conn: conn, view: v, devices: d, now: time.Now}
}

// Receipt is what became of a submission.
type Receipt struct {
	Command contract.JobSubmit
	// Replayed says that the same request was taken before, and this is its job.
	Replayed bool
}

// traced is the header of a command's trace: that of the request.
func traced(ctx context.Context) map[string]string {
	if t := tracing.Traceparent(ctx); t != "" {
		return map[string]string{contract.HeaderTraceparent: t}
	}
	return nil
}

type askerKey struct{}

// WithAsker returns a context whose commands say by which role and from which address they were asked for. The function is
// called when a command is made.
func WithAsker(ctx context.Context, asker func() (role, address string)) context.Context {
	return context.WithValue(ctx, askerKey{}, asker)
}

func asker(ctx context.Context) (role, address string) {
	if f, ok := ctx.Value(askerKey{}).(func() (string, string)); ok {
		return f()
	}
	return "", ""
}

// Submit publishes a job. The key may be empty: then every call is a job of its own. Errors: [InvalidError], [ErrKeyReused], and
// those of [bus.Conn.Publish]; after [bus.ErrUnknownOutcome] the same call with the same key is safe.
func (d *Desk) Submit(ctx context.Context, principal, key string, spec contract.JobSpec) (Receipt, error) {
	digest := jobspec.Digest(spec)
	id := contract.NewJobID()
	if key != "" {
		id = contract.DeriveJobID(principal, key)
		// A repeated request gets its first answer, also when it would be refused today.
		first, err := d.before(ctx, id)
		if err == nil {
			return replay(first, digest)
		}
		if !errors.Is(err, bus.ErrNotFound) {
			return Receipt{}, fmt.Errorf("looking for job %s: %w", id, err)
		}
	}
	if err := d.check(ctx, spec); err != nil {
		return Receipt{}, err
	}
	return d.publish(ctx, contract.JobSubmit{JobID: id, Principal: principal, At: d.now().UTC(), Spec: spec, SpecDigest: digest})
}

// check decides what can be decided before publishing.
func (d *Desk) check(ctx context.Context, spec contract.JobSpec) error {
	if problems := jobspec.Validate(spec); len(problems) > 0 {
		return &InvalidError{problems}
	}
	notReached, err := d.notReachedOf(ctx, spec.Targets.NotReachedOf)
	if err != nil {
		return err
	}
	if _, problems := jobspec.MakePlan(spec, d.devices.Set(), notReached); len(problems) > 0 {
		return &InvalidError{problems}
	}
	return nil
}

func (d *Desk) publish(ctx context.Context, cmd contract.JobSubmit) (Receipt, error) {
	cmd.Role, cmd.Address = asker(ctx)
	data, err := json.Marshal(cmd)
	if err != nil {
		return Receipt{}, fmt.Errorf("encoding job %s: %w", cmd.JobID, err)
	}
	m := bus.Message{
		Subject: contract.JobCommandSubject(cmd.JobID), Type: contract.TypeJobSubmit, ID: "job-" + cmd.JobID + "/submit", Data: data, Expect: bus.Seq(0),
		Header: traced(ctx),
	}
	for attempt := 1; ; attempt++ {
		_, err := d.conn.Publish(ctx, m)
		switch {
		case err == nil:
			return Receipt{Command: cmd}, nil
		case errors.Is(err, bus.ErrConflict):
			first, err := d.first(ctx, cmd.JobID)
			if err != nil {
				return Receipt{}, fmt.Errorf("reading what job %s was before: %w", cmd.JobID, err)
			}
			r, err := replay(first, cmd.SpecDigest)
			r.Replayed = !first.At.Equal(cmd.At) // it may be this very message, whose answer got lost
			return r, err
		case errors.Is(err, bus.ErrUnknownOutcome) && attempt < publishAttempts && ctx.Err() == nil:
		default:
			return Receipt{}, fmt.Errorf("submitting job %s: %w", cmd.JobID, err)
		}
	}
}

func replay(first contract.JobSubmit, digest string) (Receipt, error) {
	if first.SpecDigest != digest {
		return Receipt{}, ErrKeyReused
	}
	return Receipt{Command: first, Replayed: true}, nil
}

// before finds the command that made a job: in the view, which remembers longer than the log, or in the log, which knows
// sooner.
func (d *Desk) before(ctx context.Context, id string) (contract.JobSubmit, error) {
	job, err := d.view.Job(ctx, id)
	if err == nil && job.Principal != "" {
		return contract.JobSubmit{JobID: id, Principal: job.Principal, At: job.SubmittedAt, Spec: job.Spec, SpecDigest: jobspec.Digest(job.Spec)}, nil
	}
	return d.first(ctx, id)
}

// first reads the command that made a job.
func (d *Desk) first(ctx context.Context, id string) (cmd contract.JobSubmit, err error) {
	stored, err := d.conn.FirstFor(ctx, contract.StreamJobs, contract.JobCommandSubject(id))
	if err != nil {
		return cmd, err
	}
	if err := json.Unmarshal(stored.Data, &cmd); err != nil {
		return cmd, fmt.Errorf("reading the command of job %s: %w", id, err)
	}
	return cmd, nil
}

// Job returns a job as the view shows it. One that the view has not heard of yet, but the log has, is waited for
// briefly, so that a read at any gateway finds what was written at another.
func (d *Desk) Job(ctx context.Context, id string) (api.Job, error) {
	job, err := d.view.Job(ctx, id)
	if !errors.Is(err, view.ErrNotFound) {
		return job, err
	}
	changed, stop := d.view.Watch(id)
	defer stop()
	cmd, err := d.first(ctx, id)
	if errors.Is(err, bus.ErrNotFound) {
		return api.Job{}, fmt.Errorf("job %s: %w", id, ErrNoJob)
	}
	if err != nil {
		return api.Job{}, fmt.Errorf("looking for job %s: %w", id, err)
	}
	lag := time.NewTimer(viewLag)
	defer lag.Stop()
	for {
		if job, err := d.view.Job(ctx, id); !errors.Is(err, view.ErrNotFound) {
			return job, err
		}
		select {
		case <-changed:
		case <-lag.C:
			return Submitted(cmd), nil
		case <-ctx.Done():
			return api.Job{}, ctx.Err()
		}
	}
}

// Await returns the job once it is as wanted, or as it is when the time is over.
func (d *Desk) Await(ctx context.Context, id string, within time.Duration, wanted func(*api.Job) bool) (api.Job, error) {
	changed, stop := d.view.Watch(id)
	defer stop()
	job, err := d.Job(ctx, id)
	if err != nil || wanted(&job) || within <= 0 {
		return job, err
	}
	over := time.NewTimer(within)
	defer over.Stop()
	for {
		select {
		case <-changed:
		case <-over.C:
			return job, nil
		case <-ctx.Done():
			return job, ctx.Err()
		}
		switch now, err := d.view.Job(ctx, id); {
		case errors.Is(err, view.ErrNotFound): // the view begins again
		case err != nil:
			return job, err
		default:
			if job = now; wanted(&job) {
				return job, nil
			}
		}
	}
}

// Submitted is a job of which nothing is known but its command.
func Submitted(cmd contract.JobSubmit) api.Job {
	return api.Job{
		ID: cmd.JobID, Name: cmd.Spec.Name, State: contract.JobSubmitted, Principal: cmd.Principal, Spec: cmd.Spec, SubmittedAt: cmd.At,
		RetryOf: cmd.Spec.RetryOf,
	}
}

// Cancel asks for the end of a job. A job that is cancelled already is no error; one that has ended otherwise is a
// [StateError].
func (d *Desk) Cancel(ctx context.Context, principal, id, reason string) (api.Job, error) {
	job, err := d.Job(ctx, id)
	if err != nil || job.State == contract.JobCancelled {
		return job, err
	}
	if job.State.Ended() {
		return job, &StateError{id, job.State}
	}
	at := d.now().UTC()
	role, address := asker(ctx)
	data, err := json.Marshal(contract.JobCancel{JobID: id, Principal: principal, At: at, Reason: reason, Role: role, Address: address})
	if err != nil {
		return job, fmt.Errorf("encoding the cancel of job %s: %w", id, err)
	}
	m := bus.Message{
		Subject: contract.JobCommandSubject(id), Type: contract.TypeJobCancel, ID: "job-" + id + "/cancel-" + strconv.FormatInt(at.UnixNano(), 36), Data: data,
		Header: traced(ctx),
	}
	for attempt := 1; ; attempt++ { // a second cancel of the same job is harmless
		_, err := d.conn.Publish(ctx, m)
		if errors.Is(err, bus.ErrUnknownOutcome) && attempt < publishAttempts && ctx.Err() == nil {
			continue
		}
		if err != nil {
			return job, fmt.Errorf("cancelling job %s: %w", id, err)
		}
		return job, nil
	}
}
