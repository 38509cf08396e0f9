package cli

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/netrust/netrust/cli/internal/client"
	"github.com/netrust/netrust/cli/internal/render"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

// afterBreaker finds what a job's reason says that its retry needs.
var afterBreaker = regexp.MustCompile(`--auth-failures \d+`)

// reportOptions say how much of an ended job is written.
type reportOptions struct {
	summaryOnly bool
	full        bool // every device's whole output
	follow      bool // the one device's lines as they come
}

// report writes what came of a job: its table to standard output, why devices failed and what to do to standard error.
// With JSON or YAML it writes the API's results. Its error carries the exit code.
func (a *app) report(ctx context.Context, c *client.Client, job api.Job, o reportOptions) error {
	switch {
	case a.format() != render.FormatTable && o.summaryOnly:
		if err := render.Encode(a.Stdout, a.format(), job); err != nil {
			return err
		}
		return outcome(job)
	case a.format() != render.FormatTable:
		if err := a.encodeResults(ctx, c, job.ID); err != nil {
			return err
		}
		return outcome(job)
	}
	tasks, err := readTasks(ctx, c, job.ID)
	if err != nil {
		return err
	}
	summaryTo := a.Stderr
	if o.summaryOnly {
		summaryTo = a.Stdout
	} else if err := taskTable(tasks, a.Width()).Write(a.Stdout); err != nil {
		return err
	}
	if o.full && !o.summaryOnly {
		if err := a.writeOutputs(ctx, c, job.ID); err != nil {
			return err
		}
	}
	if err := a.writeSummary(summaryTo, job, tasks); err != nil {
		return err
	}
	return outcome(job)
}

// outcome is nil for a job that succeeded.
func outcome(job api.Job) error {
	switch job.State {
	case contract.JobSucceeded:
		return nil
	case contract.JobRejected:
		return rejected(job)
	}
	return failedQuietly()
}

func readTasks(ctx context.Context, c *client.Client, id string) ([]api.Task, error) {
	var tasks []api.Task
	err := c.Tasks(ctx, id, func(t api.Task) error { tasks = append(tasks, t); return nil })
	return tasks, err
}

func taskTable(tasks []api.Task, width int) render.Table {
	t := render.Table{Header: []string{"DEVICE", "PLATFORM", "STATUS", "DURATION", "ANSWER"}, Width: width}
	for _, task := range tasks {
		duration := ""
		if task.State.Ended() && task.Attempt > 0 {
			duration = render.Duration(milliseconds(task.DurationMS))
		}
		t.Rows = append(t.Rows, []string{task.DeviceID, task.Platform, string(task.State), duration, answer(task)})
	}
	return t
}

// answer is a task's line: what the device said, else what went wrong, else why it waits.
func answer(t api.Task) string {
	switch {
	case t.Error != nil:
		return t.Error.Error()
	case t.Summary != "":
		return t.Summary
	}
	return t.Waiting
}

func (a *app) writeSummary(w io.Writer, job api.Job, tasks []api.Task) error {
	width := a.ErrWidth()
	var b strings.Builder
	if causes := render.Causes(tasks); len(causes) > 0 {
		b.WriteString("\nNot done, by cause:\n")
		if err := render.WriteCauses(&b, causes, width); err != nil {
			return err
		}
	}
	c := job.Counts
	line := fmt.Sprintf("Job %s %s: %d of %s ok", job.ID, job.State, c.Succeeded, devices(c.Total))
	for _, n := range []struct {
		count int
		word  string
	}{{c.Failed, "failed"}, {c.Uncertain, "uncertain"}, {c.Skipped, "skipped"}, {c.Cancelled, "cancelled"}} {
		if n.count > 0 {
			line += fmt.Sprintf(", %d %s", n.count, n.word)
		}
	}
	took := elapsed(job, job.SubmittedAt, a.Now())
	line += " in " + render.Duration(took)
	if rate := render.Rate(render.Done(c), took); rate != "" {
		line += " (" + rate + ")"
	}
	if job.Reason != "" && job.State != contract.JobSucceeded {
		line += ": " + render.Clean(job.Reason)
	}
	b.WriteString("\n" + line + ".\n")
	if c.NotReached > 0 && job.State.Ended() {
		again := strings.TrimSpace("netrust job retry " + job.ID + " " + afterBreaker.FindString(job.Reason))
		fmt.Fprintf(&b, "Not reached: %s. Run it on just those: %s\n", devices(c.NotReached), again)
	}
	if c.Uncertain > 0 {
		fmt.Fprintf(&b, "Uncertain means that nobody can tell what the device did: look at each before you run anything again.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (a *app) encodeResults(ctx context.Context, c *client.Client, id string) error {
	list := render.NewList(a.Stdout, a.format(), "results")
	if err := c.Results(ctx, id, func(r api.Result) error { return list.Add(r) }); err != nil {
		return err
	}
	return list.End()
}

// writeOutputs writes every device's whole output, device by device.
func (a *app) writeOutputs(ctx context.Context, c *client.Client, id string) error {
	return c.Results(ctx, id, func(r api.Result) error { return a.writeOutput(ctx, c, r) })
}

func (a *app) writeOutput(ctx context.Context, c *client.Client, r api.Result) error {
	fmt.Fprintf(a.Stdout, "\n━━ %s (%s) %s", render.Clean(r.DeviceID), render.Clean(r.Platform), r.State)
	if r.Error != nil {
		fmt.Fprintf(a.Stdout, ": %s", render.Clean(r.Error.Error()))
	}
	fmt.Fprintln(a.Stdout)
	if r.OutputURL != "" {
		return c.Output(ctx, r.JobID, r.DeviceID, &cleaner{w: a.Stdout})
	}
	for _, out := range r.Outputs {
		end := ""
		if out.Truncated {
			end = "\n[cut: the output was longer than the limit]"
		}
		if _, err := fmt.Fprintf(a.Stdout, "$ %s\n%s%s\n", render.Clean(out.Command), strings.TrimRight(render.CleanText(out.Output), "\n"), end); err != nil {
			return err
		}
	}
	return nil
}

// cleaner makes what passes through it harmless for a terminal. It cuts only at bytes below 0x80, so that no rune is split.
type cleaner struct {
	w    io.Writer
	rest []byte
}

// Write implements io.Writer.
func (c *cleaner) Write(p []byte) (int, error) {
	text := append(c.rest, p...)
	cut := len(text)
	for cut > 0 && text[cut-1] >= 0x80 && len(text)-cut < 4 {
		cut--
	}
	c.rest = append([]byte(nil), text[cut:]...)
	if _, err := io.WriteString(c.w, render.CleanText(string(text[:cut]))); err != nil {
		return 0, err
	}
	return len(p), nil
}
