package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/netrust/netrust/cli/internal/client"
	"github.com/netrust/netrust/cli/internal/render"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

const (
	redraw = 100 * time.Millisecond // of the bar on a terminal
	speak  = 5 * time.Second        // between plain lines elsewhere
)

// watch follows a job to its end, showing how far it is on standard error, and returns the job as it ended. Ctrl-C stops
// the watching, not the job.
func (a *app) watch(ctx context.Context, c *client.Client, job api.Job) (api.Job, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	events := make(chan client.Event)
	lost := make(chan error, 1)
	done := make(chan error, 1)
	go func() {
		done <- c.Follow(ctx, job.ID, func(e client.Event) error {
			select {
			case events <- e:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}, func(err error) {
			select {
			case lost <- err:
			default:
			}
		})
	}()
	v := a.newView(job)
	tick := time.NewTicker(v.every())
	defer tick.Stop()
	v.draw()
	for {
		select {
		case e := <-events:
			v.take(e)
		case <-lost:
			v.note = "connection lost, trying again"
		case <-tick.C:
			v.draw()
		case err := <-done:
			v.finish(err == nil)
			return v.job, a.watched(ctx, v, err)
		}
	}
}

// watched says how the watching ended.
func (a *app) watched(ctx context.Context, v *view, err error) error {
	if err == nil {
		return nil
	}
	if interrupted(ctx, err) {
		a.tell("Stopped watching; job %s goes on.\n  watch it again:  netrust job watch %s\n  cancel it:       netrust job cancel %s", v.job.ID, v.job.ID, v.job.ID)
		return failedQuietly()
	}
	return fmt.Errorf("watching job %s: %w\nThe job goes on by itself; watch it again: netrust job watch %s", v.job.ID, err, v.job.ID)
}

// view is what is known of the job, and how it is shown.
type view struct {
	app *app
	job api.Job
	// seen is the state of each task that an event told of, and tally their counts.
	seen  map[string]contract.TaskState
	tally contract.Counts
	since time.Time
	note  string
	wave  string // where a job with waves stands
	bar   bool   // a bar is on the screen
	last  string // plain line
}

func (a *app) newView(job api.Job) *view {
	return &view{app: a, job: job, seen: map[string]contract.TaskState{}, since: a.Now()}
}

func (v *view) terminal() bool { return v.app.ErrWidth() > 0 }

func (v *view) every() time.Duration {
	if v.terminal() {
		return redraw
	}
	return speak
}

// take notes an event.
func (v *view) take(e client.Event) {
	v.note = ""
	switch {
	case e.Job != nil:
		v.job = *e.Job
		if e.Job.Stopping != nil {
			v.note = "stopping: " + e.Job.Stopping.Reason
		} else if w := e.Job.Wave; w != nil && !e.Job.State.Ended() {
			v.wave = fmt.Sprintf("wave %d of %d (%s)", w.Number, w.Of, w.Name)
			if w.State == contract.WaveEnded && !w.PauseUntil.IsZero() {
				v.wave += " done, the next at " + w.PauseUntil.Local().Format(time.TimeOnly)
			}
		}
	case e.Task != nil:
		if n := count(&v.tally, v.seen[e.Task.DeviceID]); n != nil {
			*n--
		}
		v.seen[e.Task.DeviceID] = e.Task.State
		if n := count(&v.tally, e.Task.State); n != nil {
			*n++
		}
	}
}

// counts are those that the job's newest event told, or, when the tasks' events have come further, those of the tasks.
func (v *view) counts() contract.Counts {
	told, own := v.job.Counts, v.tally
	if render.Done(own)+own.Running <= render.Done(told) || v.job.State.Ended() {
		return told
	}
	own.Total, own.NotReached = told.Total, told.NotReached
	own.Pending = max(0, told.Total-render.Done(own)-own.Running)
	return own
}

func count(c *contract.Counts, s contract.TaskState) *int {
	switch s {
	case contract.TaskPending:
		return &c.Pending
	case contract.TaskRunning:
		return &c.Running
	case contract.TaskSucceeded:
		return &c.Succeeded
	case contract.TaskFailed:
		return &c.Failed
	case contract.TaskSkipped:
		return &c.Skipped
	case contract.TaskCancelled:
		return &c.Cancelled
	case contract.TaskUncertain:
		return &c.Uncertain
	}
	return nil
}

// untaken is how long a submitted job is expected to wait for a scheduler at most.
const untaken = 10 * time.Second

func (v *view) draw() {
	p := render.Progress{JobID: v.job.ID, State: v.job.State, Counts: v.counts(), Elapsed: v.elapsed(), Note: v.note}
	if p.Note == "" && v.job.State == contract.JobSubmitted && p.Elapsed > untaken {
		p.Note = "no scheduler has taken it yet: is one running?"
	}
	if p.Note == "" && v.wave != "" && !v.job.State.Ended() {
		p.Note = v.wave
	}
	if v.terminal() {
		v.bar = true
		fmt.Fprintf(v.app.Stderr, "\r\x1b[K%s", render.Bar(p, v.app.ErrWidth()))
		return
	}
	if line := render.Line(p); line != v.last {
		v.last = line
		v.app.tell("%s", line)
	}
}

// finish leaves the bar as it was at the end, and what follows on a line of its own.
func (v *view) finish(ended bool) {
	if ended {
		v.draw()
	}
	if v.bar {
		fmt.Fprintln(v.app.Stderr)
	}
}

func (v *view) elapsed() time.Duration { return elapsed(v.job, v.since, v.app.Now()) }

// elapsed is how long the job has run: by the server's clock once it has ended, else since it began or since we watch.
func elapsed(job api.Job, since, now time.Time) time.Duration {
	start := job.StartedAt
	if start.IsZero() {
		start = since
	}
	if !job.EndedAt.IsZero() {
		now = job.EndedAt
		if job.StartedAt.IsZero() {
			start = job.SubmittedAt
		}
	}
	return max(0, now.Sub(start))
}
