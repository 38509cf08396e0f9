package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/netrust/netrust/cli/internal/client"
	"github.com/netrust/netrust/cli/internal/render"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

func (a *app) jobFollow() *cobra.Command {
	var device string
	cmd := &cobra.Command{
		Use: "follow JOB --device DEVICE", Short: "Follow what one device prints while its task runs",
		Long: `Prints what the device prints, as it comes, redacted, until its task has ended. What was printed before is shown first, where
the command is still running. Of a task that has ended it prints the result.

Ctrl-C stops following; the job goes on. Exit code: 0 when the device's task succeeded, else 1.`,
		Example: "  netrust job follow 3kq5v2xw7a4m6z1p --device edge-1",
		Args:    Arguments(1, 1, "a job's id"), ValidArgsFunction: a.completeFirst(a.completeOpenJobs),
		RunE: func(cmd *cobra.Command, args []string) error {
			if device == "" {
				return misusedIn(cmd, "say which device: --device edge-1")
			}
			return a.withClient(func(c *client.Client) error {
				task, err := a.follow(cmd.Context(), c, args[0], device)
				if err != nil {
					return err
				}
				if task.State != contract.TaskSucceeded {
					return failedQuietly()
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&device, "device", "", "the device whose output to follow")
	a.complete(cmd, "device", a.completeDevices)
	return cmd
}

// follow prints one device's live output to its end. Where results go to standard output as JSON or YAML, lines go to standard error.
func (a *app) follow(ctx context.Context, c *client.Client, job, device string) (api.Task, error) {
	f := &follower{to: a.Stdout, command: -1}
	if a.format() != render.FormatTable {
		f.to = a.Stderr
	}
	task, err := c.Live(ctx, job, device, f.take, func(err error) { a.tell("(connection lost, trying again: %v)", err) })
	switch {
	case err != nil && interrupted(ctx, err):
		a.tell("Stopped following; job %s goes on.\n  follow it again:  netrust job follow %s --device %s\n  cancel it:        netrust job cancel %s", job, job, device, job)
		return task, failedQuietly()
	case err != nil:
		return task, fmt.Errorf("following %s in job %s: %w", device, job, err)
	}
	if !f.complete() {
		if err := a.printResult(ctx, c, f, job, device); err != nil {
			return task, err
		}
	}
	a.tell("%s %s%s", render.Clean(task.DeviceID), task.State, because(task))
	return task, nil
}

func because(t api.Task) string {
	if t.Error == nil {
		return ""
	}
	return ": " + render.Clean(t.Error.Error())
}

// printResult prints what was not seen live: all, where nothing was; else it says where all is.
func (a *app) printResult(ctx context.Context, c *client.Client, f *follower, job, device string) error {
	if f.seen {
		a.tell("Lines are missing above; all of them: netrust job results %s --device %s", job, device)
		return nil
	}
	r, err := c.Result(ctx, job, device)
	if err != nil || a.format() != render.FormatTable {
		return err
	}
	return a.writeOutput(ctx, c, r)
}

// follower prints pieces as they come.
type follower struct {
	to      io.Writer
	attempt int
	command int  // that is being shown; -1 before the first
	seen    bool // a line was
	missing bool // some were not
	open    bool // the command that is shown has not ended
}

// complete says that every line was seen.
func (f *follower) complete() bool { return f.seen && !f.missing && !f.open }

func (f *follower) take(p api.LiveOutput) error {
	var text strings.Builder
	if p.Attempt != f.attempt || p.Index != f.command {
		if p.Attempt != f.attempt && f.attempt != 0 {
			fmt.Fprintf(&text, "(attempt %d)\n", p.Attempt)
		}
		// A command that was never seen is one before this one.
		if p.Attempt == f.attempt && p.Index > f.command+1 || p.Attempt != f.attempt && p.Index > 0 {
			f.missing = true
		}
		f.attempt, f.command = p.Attempt, p.Index
		fmt.Fprintf(&text, "$ %s\n", render.Clean(p.Command))
	}
	if p.Gap {
		f.missing = true
		text.WriteString("(lines are missing here)\n")
	}
	text.WriteString(render.CleanText(p.Text))
	f.seen, f.open = true, !p.Ended
	_, err := io.WriteString(f.to, text.String())
	return err
}

// followsOne checks that what is followed is one device.
func followsOne(cmd *cobra.Command, spec contract.JobSpec) error {
	t := spec.Targets
	if t.All || len(t.IDs) != 1 || len(t.Tags) > 0 || t.Labels != "" || t.NotReachedOf != "" {
		return misusedIn(cmd, "--follow shows one device: name it by --id (of a job on many, netrust job follow JOB --device DEVICE shows one)")
	}
	if spec.DryRun {
		return misusedIn(cmd, "--follow and --dry-run exclude each other: a dry run prints nothing")
	}
	return nil
}

// runFollowed shows the device's lines as they come, and then what came of the job.
func (a *app) runFollowed(ctx context.Context, c *client.Client, job api.Job, device string) error {
	if _, err := a.follow(ctx, c, job.ID, device); err != nil {
		return err
	}
	for !job.State.Ended() {
		var err error
		if job, err = c.Job(ctx, job.ID, verdictWait); err != nil {
			return err
		}
	}
	if a.format() != render.FormatTable {
		if err := a.encodeResults(ctx, c, job.ID); err != nil {
			return err
		}
	}
	return outcome(job)
}

// followPause is between two looks for the task of a job that is being planned.
const followPause = 20 * time.Millisecond

// followedDevice is the id of the job's one device: --id also takes names.
func (a *app) followedDevice(ctx context.Context, c *client.Client, job api.Job) (string, error) {
	for {
		tasks, err := readTasks(ctx, c, job.ID)
		switch {
		case err != nil:
			return "", err
		case len(tasks) > 0:
			return tasks[0].DeviceID, nil
		case job.State.Ended():
			return "", errors.Join(outcome(job), errors.New("the job has no task"))
		}
		if job, err = c.Job(ctx, job.ID, 0); err != nil {
			return "", err
		}
		if err := pauseFor(ctx, followPause); err != nil {
			return "", err
		}
	}
}
