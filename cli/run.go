package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/netrust/netrust/libs/contract"
)

func (a *app) runCommand() *cobra.Command {
	var (
		flags specFlags
		o     reportOptions
		yes   bool
	)
	cmd := &cobra.Command{
		Use:   "run COMMAND...",
		Short: "Run commands on devices, watch, and print what they answer",
		Long: `Submits a job that runs the commands on each chosen device, shows how far it is, and prints a line for every device.

Commands that are not known to be read-only on a device's platform are shown first, with the devices, and run only after
a yes (or with --yes). One device's failure never stops the others. Ctrl-C stops watching; the job goes on.

Exit code: 0 when every device answered, 1 when one did not, 2 when the command or its targets make no sense.`,
		Example: `  netrust run 'show clock' --tag role:core
  netrust run 'show version' --all --parallel 200 --timeout 20s
  netrust run 'show ip route' 'show arp' --id edge-1,edge-2 --full
  netrust run 'show version' --label 'site=paris, role in (core,edge)' --output json
  netrust run 'ping 192.0.2.1' --id edge-1 --follow
  netrust run 'clear counters' --label platform=cisco_nxos --yes
  netrust run 'clear counters' --all --canary 1 --batch 10 --batch 25% --pause 30s --failure-threshold 3 --per-site 5 --yes
  netrust run 'show clock' --all --dry-run`,
		Args: Arguments(1, -1, "a command to run, in quotes: netrust run 'show clock' --all"),
		RunE: func(cmd *cobra.Command, args []string) error {
			spec := contract.JobSpec{Kind: contract.JobKindCommand, Commands: args}
			if err := flags.apply(cmd, &spec); err != nil {
				return err
			}
			if err := wantsTargets(cmd, spec); err != nil {
				return err
			}
			if o.follow {
				if err := followsOne(cmd, spec); err != nil {
					return err
				}
			}
			return a.runJob(cmd, spec, yes, true, o)
		},
	}
	flags.bind(a, cmd)
	bindReport(cmd, &o)
	bindYes(cmd, &yes)
	cmd.Flags().BoolVarP(&o.follow, "follow", "f", false, "print what the one device prints, as it comes")
	cmd.MarkFlagsMutuallyExclusive("follow", "summary-only")
	cmd.MarkFlagsMutuallyExclusive("follow", "full")
	return cmd
}

// runJob does what run and job submit do with a spec: plan, ask, submit, and if so asked watch and report.
func (a *app) runJob(cmd *cobra.Command, spec contract.JobSpec, yes, watch bool, o reportOptions) error {
	ctx := cmd.Context()
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	send := submitSpec(c, spec)
	if spec.DryRun {
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
	if o.follow {
		device, err := a.followedDevice(ctx, c, job)
		if err != nil {
			return err
		}
		return a.runFollowed(ctx, c, job, device)
	}
	if job, err = a.watch(ctx, c, job); err != nil {
		return err
	}
	return a.report(ctx, c, job, o)
}

func wantsTargets(cmd *cobra.Command, spec contract.JobSpec) error {
	t := spec.Targets
	if t.All || len(t.IDs) > 0 || len(t.Tags) > 0 || t.Labels != "" || t.NotReachedOf != "" {
		return nil
	}
	return misusedIn(cmd, "say on which devices: --all, --id, --tag or --label")
}

func bindReport(cmd *cobra.Command, o *reportOptions) {
	cmd.Flags().BoolVar(&o.summaryOnly, "summary-only", false, "no line per device: only counts and causes of failure")
	cmd.Flags().BoolVar(&o.full, "full", false, "also print each device's whole output")
	cmd.MarkFlagsMutuallyExclusive("summary-only", "full")
}

func bindYes(cmd *cobra.Command, yes *bool) {
	cmd.Flags().BoolVarP(yes, "yes", "y", false, "do not ask, even if devices may be changed")
}

func milliseconds(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
