package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/netrust/netrust/cli/internal/client"
	"github.com/netrust/netrust/cli/internal/render"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

const (
	verdictWait = 5 * time.Second  // how long one request waits for the scheduler
	planWait    = 60 * time.Second // how long a dry run may take in all
)

// What the tasks of a dry run say. Any other text is the reason why a device would be left alone.
const (
	wouldRun      = "would run" // and then whether it only reads
	wouldReadOnly = wouldRun + ", read-only"
)

// submission sends a job, as it is or as a dry run.
type submission func(ctx context.Context, dryRun bool, key string) (api.Job, error)

func submitSpec(c *client.Client, spec contract.JobSpec) submission {
	return func(ctx context.Context, dryRun bool, key string) (api.Job, error) {
		spec.DryRun = dryRun
		return c.Submit(ctx, spec, key, verdictWait)
	}
}

// submit sends the job after it has shown, by a dry run, on how many devices it runs and whether it may change them, and
// has asked where it may. With yes it neither shows nor asks.
func (a *app) submit(ctx context.Context, c *client.Client, send submission, yes bool) (api.Job, error) {
	if !yes {
		p, err := a.plan(ctx, c, send)
		if err != nil {
			return api.Job{}, err
		}
		if len(p.changing) > 0 {
			a.tell("%s", p.warning(a.ErrWidth()))
			if err := a.ask(ctx, fmt.Sprintf("Run this on %s?", devices(p.run)), "--dry-run"); err != nil {
				return api.Job{}, err
			}
		}
	}
	job, err := send(ctx, false, client.NewKey())
	if err != nil {
		if interrupted(ctx, err) {
			return api.Job{}, &ExitError{Code: ExitFailed, Text: "interrupted while submitting: the job may have been taken; see `netrust job list`"}
		}
		return api.Job{}, err
	}
	return job, rejected(job)
}

// rejected is the error of a job that the scheduler refused.
func rejected(job api.Job) error {
	if job.State != contract.JobRejected {
		return nil
	}
	text := fmt.Sprintf("job %s was rejected", job.ID)
	if job.Reason != "" {
		text += ": " + job.Reason
	}
	return misused("%s", render.CleanText(text+problems(job.Problems)))
}

// plan is what a dry run found.
type plan struct {
	job   api.Job
	tasks []api.Task
	run   int // devices that it would run on
	// changing are those of them whose commands are not known to be read-only.
	changing []api.Task
}

// newPlan sorts the tasks of a dry run. Where none says that it would run, their words are not understood: then all of
// them count as changing.
func newPlan(job api.Job, tasks []api.Task) plan {
	p := plan{job: job, tasks: tasks}
	for _, t := range tasks {
		if strings.HasPrefix(t.Summary, wouldRun) {
			p.run++
			if t.Summary != wouldReadOnly {
				p.changing = append(p.changing, t)
			}
		}
	}
	if p.run == 0 {
		p.run, p.changing = len(tasks), tasks
	}
	return p
}

// plan submits a dry run and waits for its end.
func (a *app) plan(ctx context.Context, c *client.Client, send submission) (plan, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, planWait, errPlanLate)
	defer cancel()
	job, err := send(ctx, true, client.NewKey())
	for err == nil && !job.State.Ended() {
		job, err = c.Job(ctx, job.ID, verdictWait)
		if err == nil && !job.State.Ended() {
			err = pauseFor(ctx, 50*time.Millisecond) // a server that does not wait is not asked in a tight loop
		}
	}
	switch {
	case errors.Is(context.Cause(ctx), errPlanLate):
		return plan{}, fmt.Errorf("%w after %s: is a scheduler running? /readyz of the server says", errPlanLate, planWait)
	case err != nil && interrupted(ctx, err):
		return plan{}, &ExitError{Code: ExitFailed, Text: "interrupted: nothing was run"}
	case err != nil:
		return plan{}, err
	}
	if err := rejected(job); err != nil {
		return plan{}, err
	}
	if job, err = c.Job(ctx, job.ID, 0); err != nil { // the answer to a submission has no waves
		return plan{}, err
	}
	tasks, err := readTasks(ctx, c, job.ID)
	if err == nil && len(tasks) == 0 {
		err = misused("no device is selected: nothing to do; see `netrust device list`")
	}
	return newPlan(job, tasks), err
}

var errPlanLate = errors.New("the dry run has not ended")

// warning says what the commands may change, and where.
func (p plan) warning(width int) string {
	var b strings.Builder
	on := fmt.Sprintf("on %d of %s", len(p.changing), devices(p.run))
	if len(p.changing) == p.run {
		on = "on " + devices(p.run)
	}
	fmt.Fprintf(&b, "Not known to be read-only %s; this may change them:\n", on)
	for _, command := range p.job.Spec.Commands {
		fmt.Fprintf(&b, "    %s\n", render.CleanText(command))
	}
	names := make([]string, 0, len(p.changing))
	for _, t := range p.changing {
		names = append(names, t.DeviceID)
	}
	const most = 12
	if len(names) > most {
		names = append(names[:most], fmt.Sprintf("and %d more", len(p.changing)-most))
	}
	b.WriteString(render.Wrap("Devices: ", "         ", strings.Join(names, ", "), width))
	if p.job.Spec.Repeatable {
		b.WriteString("The job says that running them twice harms nothing: an attempt may be repeated.\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

// showPlan writes what a dry run found, as the result of the command.
func (a *app) showPlan(p plan) error {
	if a.format() != render.FormatTable {
		return render.Encode(a.Stdout, a.format(), api.TaskList{Tasks: p.tasks})
	}
	t := render.Table{Header: []string{"DEVICE", "PLATFORM", "SITE", "PLAN"}, Width: a.Width()}
	waves := len(p.job.Waves) > 0
	if waves {
		t.Header = []string{"DEVICE", "PLATFORM", "SITE", "WAVE", "PLAN"}
	}
	for _, task := range p.tasks {
		row := []string{task.DeviceID, task.Platform, task.Site, task.Summary}
		if waves {
			row = []string{task.DeviceID, task.Platform, task.Site, waveName(p.job.Waves, task.Wave), task.Summary}
		}
		t.Rows = append(t.Rows, row)
	}
	if err := t.Write(a.Stdout); err != nil {
		return err
	}
	left := ""
	if n := len(p.tasks) - p.run; n > 0 {
		left = fmt.Sprintf(", and leave %d alone", n)
	}
	in := ""
	if waves {
		in = fmt.Sprintf(" in %d waves", len(p.job.Waves))
	}
	a.tell("Dry run: it would run on %s%s%s; nothing was touched.", devices(p.run), in, left)
	return nil
}

// waveName is a wave as tables show it.
func waveName(waves []api.Wave, number int) string {
	if number < 1 || number > len(waves) {
		return ""
	}
	return fmt.Sprintf("%d %s", number, waves[number-1].Name)
}

func devices(n int) string {
	if n == 1 {
		return "1 device"
	}
	return fmt.Sprintf("%d devices", n)
}

func pauseFor(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
