package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/netrust/netrust/cli/internal/client"
	"github.com/netrust/netrust/cli/internal/render"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

func (a *app) jobCommand() *cobra.Command {
	return group("job", "Submit jobs, and see what came of them",
		`  netrust job submit job.yaml --watch
  netrust job list
  netrust job results 3kq5v2xw7a4m6z1p
  netrust job retry 3kq5v2xw7a4m6z1p`,
		a.jobSubmit(), a.jobList(), a.jobShow(), a.jobWatch(), a.jobFollow(), a.jobTasks(), a.jobResults(), a.jobRaw(), a.jobCancel(), a.jobRetry())
}

func (a *app) jobSubmit() *cobra.Command {
	var (
		flags      specFlags
		commands   []string
		o          reportOptions
		yes, watch bool
	)
	cmd := &cobra.Command{
		Use:   "submit [FILE]",
		Short: "Submit a job, from a file or by flags",
		Long: `Submits the job that FILE describes (YAML or JSON; "-" is standard input), or that the flags describe; a flag wins over
the file. Prints the job's id, and returns without waiting for the job unless --watch is given.

A lost answer is safe: the submission is repeated under the same key, which makes the same job.`,
		Example: `  netrust job submit job.yaml
  netrust job submit job.yaml --dry-run
  netrust job submit --command 'show clock' --tag role:core --watch
  generate-job | netrust job submit - --yes --output json`,
		Args: Arguments(0, 1, "one file at most"),
		RunE: func(cmd *cobra.Command, args []string) error {
			spec := contract.JobSpec{Kind: contract.JobKindCommand}
			if len(args) == 1 {
				var err error
				if spec, err = a.readSpec(args[0]); err != nil {
					return err
				}
			}
			if len(commands) > 0 {
				spec.Commands = commands
			}
			if err := flags.apply(cmd, &spec); err != nil {
				return err
			}
			if len(args) == 0 && len(commands) == 0 {
				return misusedIn(cmd, "say what to run: a file, or --command")
			}
			if err := wantsTargets(cmd, spec); err != nil {
				return err
			}
			return a.runJob(cmd, spec, yes, watch, o)
		},
	}
	flags.bind(a, cmd)
	cmd.Flags().StringArrayVar(&commands, "command", nil, "a command to run (repeat for more)")
	cmd.Flags().BoolVar(&watch, "watch", false, "watch the job to its end and print what came of it")
	bindReport(cmd, &o)
	bindYes(cmd, &yes)
	return cmd
}

// submitted writes a job that goes on without us.
func (a *app) submitted(job api.Job) error {
	if a.format() != render.FormatTable {
		return render.Encode(a.Stdout, a.format(), job)
	}
	if _, err := fmt.Fprintln(a.Stdout, job.ID); err != nil {
		return err
	}
	a.tell("Submitted. Watch it: netrust job watch %s", job.ID)
	return nil
}

func (a *app) jobList() *cobra.Command {
	var f client.JobFilter
	var state string
	var dryRuns bool
	cmd := &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List jobs, newest first",
		Example: "  netrust job list\n  netrust job list --state running --limit 100\n  netrust job list --output json",
		Args:    Arguments(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.State = contract.JobState(state)
			if f.Limit < 1 {
				return misusedIn(cmd, "--limit %d: write 1 or more", f.Limit)
			}
			return a.withClient(func(c *client.Client) error {
				list, err := c.Jobs(cmd.Context(), f)
				if err != nil {
					return err
				}
				return a.writeJobs(list, dryRuns)
			})
		},
	}
	cmd.Flags().StringVar(&state, "state", "", "only jobs in this state: running, succeeded, failed, cancelled, rejected")
	cmd.Flags().BoolVar(&dryRuns, "dry-runs", false, "show dry runs in the table, too")
	cmd.Flags().IntVar(&f.Limit, "limit", 20, "how many")
	cmd.Flags().StringVar(&f.Cursor, "cursor", "", "go on after an earlier page")
	return cmd
}

// writeJobs leaves dry runs out of the table, unless asked: every question before a job makes one.
func (a *app) writeJobs(list api.JobList, dryRuns bool) error {
	if a.format() != render.FormatTable {
		return render.Encode(a.Stdout, a.format(), list)
	}
	t := render.Table{Header: []string{"JOB", "STATE", "DONE", "FAILED", "SUBMITTED", "BY", "WHAT"}, Width: a.Width()}
	for _, j := range list.Jobs {
		if j.Spec.DryRun && !dryRuns {
			continue
		}
		t.Rows = append(t.Rows, []string{
			j.ID, string(j.State), fmt.Sprintf("%d/%d", render.Done(j.Counts), j.Counts.Total),
			strconv.Itoa(j.Counts.Failed + j.Counts.Uncertain), j.SubmittedAt.Local().Format(time.DateTime), j.Principal, what(j),
		})
	}
	if err := t.Write(a.Stdout); err != nil {
		return err
	}
	if list.Next != "" {
		a.tell("More: netrust job list --cursor %s", list.Next)
	}
	return nil
}

// what is a job in a few words.
func what(j api.Job) string {
	text := firstOf(j.Name, strings.Join(j.Spec.Commands, "; "))
	if j.Spec.DryRun {
		text = "dry run: " + text
	}
	if j.RetryOf != "" {
		text = "retry of " + j.RetryOf + ": " + text
	}
	return text
}

func (a *app) jobCancel() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "cancel JOB", Short: "Cancel a job: queued devices at once, those in hand at a safe point",
		Example: "  netrust job cancel 3kq5v2xw7a4m6z1p --reason 'wrong tag'",
		Args:    Arguments(1, 1, "a job's id"), ValidArgsFunction: a.completeFirst(a.completeOpenJobs),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withClient(func(c *client.Client) error {
				job, err := c.Cancel(cmd.Context(), args[0], reason)
				if err != nil {
					return err
				}
				if a.format() != render.FormatTable {
					return render.Encode(a.Stdout, a.format(), job)
				}
				if job.State.Ended() {
					a.tell("Job %s is %s.", job.ID, job.State)
				} else {
					a.tell("Job %s is being cancelled: nothing more is started. Watch the rest: netrust job watch %s", job.ID, job.ID)
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for those who look later")
	return cmd
}

func (a *app) jobRetry() *cobra.Command {
	var (
		o                   reportOptions
		yes, dryRun, detach bool
		failures            int
	)
	cmd := &cobra.Command{
		Use: "retry JOB", Short: "Run a job again on just the devices that it did not reach",
		Long: `Submits a new job, which names the first one, for the devices on which nothing can have happened and which gave no
answer. Watches it and prints what came of it.

When logins were refused lately, one more could lock the account out: correct the credential, then allow one more with
--auth-failures.`,
		Example: "  netrust job retry 3kq5v2xw7a4m6z1p\n  netrust job retry 3kq5v2xw7a4m6z1p --dry-run",
		Args:    Arguments(1, 1, "a job's id"), ValidArgsFunction: a.completeFirst(a.completeJobs),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withClient(func(c *client.Client) error { return a.retry(cmd, c, args[0], failures, yes, dryRun, !detach, o) })
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "show which devices it would run on, and touch nothing")
	cmd.Flags().BoolVar(&detach, "detach", false, "print the new job's id and do not watch")
	cmd.Flags().IntVar(&failures, "auth-failures", 0, "refused logins in a row in one authentication domain that end the job (default: as the first job's)")
	bindReport(cmd, &o)
	bindYes(cmd, &yes)
	return cmd
}

func (a *app) retry(cmd *cobra.Command, c *client.Client, id string, failures int, yes, dryRun, watch bool, o reportOptions) error {
	ctx := cmd.Context()
	if cmd.Flags().Changed("auth-failures") && failures < 1 {
		return misusedIn(cmd, "--auth-failures %d is not above 0: write 1 or more", failures)
	}
	send := func(ctx context.Context, dry bool, key string) (api.Job, error) {
		return c.Retry(ctx, id, api.RetryRequest{DryRun: dry, AuthFailures: failures}, key, verdictWait)
	}
	if dryRun {
		p, err := a.plan(ctx, c, send)
		if err != nil {
			return err
		}
		return a.showPlan(p)
	}
	job, err := a.submit(ctx, c, send, yes)
	if err != nil {
		return err
	}
	if !watch {
		return a.submitted(job)
	}
	if job, err = a.watch(ctx, c, job); err != nil {
		return err
	}
	return a.report(ctx, c, job, o)
}

// withClient connects, calls do, and closes.
func (a *app) withClient(do func(*client.Client) error) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	return do(c)
}
