package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/netrust/netrust/cli/internal/client"
	"github.com/netrust/netrust/cli/internal/render"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

func (a *app) jobShow() *cobra.Command {
	return &cobra.Command{
		Use: "show JOB", Short: "Show a job: what was asked, how far it is, why devices failed",
		Example: "  netrust job show 3kq5v2xw7a4m6z1p\n  netrust job show 3kq5v2xw7a4m6z1p --output yaml",
		Args:    Arguments(1, 1, "a job's id"), ValidArgsFunction: a.completeFirst(a.completeJobs),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withClient(func(c *client.Client) error {
				job, err := c.Job(cmd.Context(), args[0], 0)
				if err != nil {
					return err
				}
				if a.format() != render.FormatTable {
					return render.Encode(a.Stdout, a.format(), job)
				}
				tasks, err := readTasks(cmd.Context(), c, job.ID)
				if err != nil {
					return err
				}
				return a.showJob(job, tasks)
			})
		},
	}
}

func (a *app) showJob(job api.Job, tasks []api.Task) error {
	t := render.Table{Width: a.Width()}
	add := func(name, value string) {
		if value != "" {
			t.Rows = append(t.Rows, []string{name, value})
		}
	}
	add("Job", job.ID)
	add("Name", job.Name)
	add("State", string(job.State))
	add("Reason", job.Reason)
	if job.Stopping != nil {
		add("Stopping", job.Stopping.Reason)
	}
	for _, p := range job.Problems {
		add("Problem", p.Error())
	}
	add("Submitted", stamp(job.SubmittedAt)+" by "+job.Principal)
	add("Started", stamp(job.StartedAt))
	add("Ended", stamp(job.EndedAt))
	add("Deadline", stamp(job.Deadline))
	add("Targets", selector(job.Spec.Targets))
	for _, command := range job.Spec.Commands {
		add("Command", command)
	}
	if w := job.Wave; w != nil && !job.State.Ended() {
		text := fmt.Sprintf("%d of %d (%s) %s", w.Number, w.Of, w.Name, w.State)
		if !w.PauseUntil.IsZero() {
			text += "; the next begins at " + stamp(w.PauseUntil)
		}
		add("Wave", text)
	}
	for _, w := range job.Waves {
		add(fmt.Sprintf("Wave %d", w.Number), w.Name+": "+waveCounts(w.Counts))
	}
	add("Retry of", job.RetryOf)
	for key, value := range job.Spec.Labels {
		add("Note", key+"="+value)
	}
	if err := t.Write(a.Stdout); err != nil {
		return err
	}
	return a.writeSummary(a.Stdout, job, tasks)
}

// waveCounts says how far a wave is: only what there is.
func waveCounts(c contract.Counts) string {
	parts := []string{devices(c.Total)}
	for _, s := range []struct {
		n    int
		word string
	}{
		{c.Pending, "pending"}, {c.Running, "running"}, {c.Succeeded, "succeeded"}, {c.Failed, "failed"}, {c.Skipped, "skipped"},
		{c.Cancelled, "cancelled"}, {c.Uncertain, "uncertain"},
	} {
		if s.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", s.n, s.word))
		}
	}
	return strings.Join(parts, ", ")
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05 MST")
}

// selector is a target selector in words.
func selector(t contract.TargetSelector) string {
	var parts []string
	if t.All {
		parts = append(parts, "all devices")
	}
	for _, part := range []struct{ name, value string }{
		{"ids ", strings.Join(t.IDs, ", ")}, {"tags ", strings.Join(t.Tags, ", ")}, {"labels ", t.Labels}, {"not reached by job ", t.NotReachedOf},
	} {
		if part.value != "" {
			parts = append(parts, part.name+part.value)
		}
	}
	return strings.Join(parts, " and ")
}

func (a *app) jobWatch() *cobra.Command {
	var o reportOptions
	cmd := &cobra.Command{
		Use: "watch JOB", Short: "Watch a job to its end, then print what came of it",
		Long: "Ctrl-C stops watching; the job goes on. The exit code is the job's: 0 when every device answered, else 1.",
		Args: Arguments(1, 1, "a job's id"), ValidArgsFunction: a.completeFirst(a.completeJobs),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withClient(func(c *client.Client) error {
				job, err := c.Job(cmd.Context(), args[0], 0)
				if err != nil {
					return err
				}
				if !job.State.Ended() {
					if job, err = a.watch(cmd.Context(), c, job); err != nil {
						return err
					}
				}
				return a.report(cmd.Context(), c, job, o)
			})
		},
	}
	bindReport(cmd, &o)
	return cmd
}

func (a *app) jobTasks() *cobra.Command {
	return &cobra.Command{
		Use: "tasks JOB", Short: "List a job's tasks: one line per device",
		Args: Arguments(1, 1, "a job's id"), ValidArgsFunction: a.completeFirst(a.completeJobs),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withClient(func(c *client.Client) error {
				if a.format() == render.FormatTable {
					tasks, err := readTasks(cmd.Context(), c, args[0])
					if err != nil {
						return err
					}
					return taskTable(tasks, a.Width()).Write(a.Stdout)
				}
				list := render.NewList(a.Stdout, a.format(), "tasks")
				if err := c.Tasks(cmd.Context(), args[0], func(t api.Task) error { return list.Add(t) }); err != nil {
					return err
				}
				return list.End()
			})
		},
	}
}

func (a *app) jobResults() *cobra.Command {
	var device string
	cmd := &cobra.Command{
		Use: "results JOB", Short: "Print what the devices answered, whole",
		Example: "  netrust job results 3kq5v2xw7a4m6z1p\n  netrust job results 3kq5v2xw7a4m6z1p --device edge-1\n  netrust job results 3kq5v2xw7a4m6z1p --output json",
		Args:    Arguments(1, 1, "a job's id"), ValidArgsFunction: a.completeFirst(a.completeJobs),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withClient(func(c *client.Client) error {
				if device != "" {
					r, err := c.Result(cmd.Context(), args[0], device)
					if err != nil {
						return err
					}
					if a.format() != render.FormatTable {
						return render.Encode(a.Stdout, a.format(), r)
					}
					return a.writeOutput(cmd.Context(), c, r)
				}
				if a.format() != render.FormatTable {
					return a.encodeResults(cmd.Context(), c, args[0])
				}
				if err := a.writeOutputs(cmd.Context(), c, args[0]); err != nil {
					return fmt.Errorf("printing the results of job %s: %w", args[0], err)
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&device, "device", "", "only this device's answer")
	a.complete(cmd, "device", a.completeDevices)
	return cmd
}
