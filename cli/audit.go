package cli

import (
	"context"
	"encoding/json"
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

func (a *app) auditCommand() *cobra.Command {
	cmd := group("audit", "Read and verify the audit log",
		`  netrust audit tail --follow
  netrust audit tail --job 3kq5v2xw7a4m6z1p --last 200
  netrust audit verify
  netrust audit export audit.jsonl && netrust audit verify --file audit.jsonl`,
		a.auditTail(), a.auditVerify(), a.auditExport())
	cmd.Long = `Every submission, cancel, credential access, device login, command and refusal is a record of the audit log. Each record
holds the hash of the one before, so that a log which was changed afterwards shows it.

It needs a token of role approver or admin. The format is docs/audit-format.md.`
	return cmd
}

const (
	// auditWait is how long one question of a follower waits for news.
	auditWait = 30 * time.Second
	maxLast   = 1000
)

func (a *app) auditTail() *cobra.Command {
	var filter client.AuditFilter
	var last int
	var follow bool
	cmd := &cobra.Command{
		Use: "tail", Short: "Show the newest records",
		Long: `Shows the newest records, oldest first, one per line. With filters it looks back over the last 20,000 records of the log.

With --output json every record is one line of JSON, with its hash; so it can be followed by a program.`,
		Example: "  netrust audit tail\n  netrust audit tail --follow --device edge-1\n  netrust audit tail --kind request.refused --output json",
		Args:    Arguments(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if last < 0 || last > maxLast {
				return misusedIn(cmd, "--last %d: write 0 to %d", last, maxLast)
			}
			return a.withClient(func(c *client.Client) error {
				list, err := c.AuditLast(cmd.Context(), max(last, 1), filter)
				if err != nil {
					return err
				}
				if last == 0 {
					list.Records = nil
				}
				if err := a.showAudit(list.Records); err != nil || !follow {
					return err
				}
				return a.followAudit(cmd.Context(), c, list.Next, filter)
			})
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&follow, "follow", "f", false, "go on with what comes, until Ctrl-C")
	flags.IntVar(&last, "last", 20, "how many of the newest records")
	flags.StringVar(&filter.Job, "job", "", "only records of this job")
	flags.StringVar(&filter.Device, "device", "", "only records of this device")
	flags.StringVar(&filter.Principal, "principal", "", "only records of what this principal did")
	flags.StringVar(&filter.Kind, "kind", "", "only records of this kind, such as job.submitted")
	a.complete(cmd, "job", a.completeJobs)
	a.complete(cmd, "device", a.completeDevices)
	return cmd
}

// followAudit shows what comes until the person ends it.
func (a *app) followAudit(ctx context.Context, c *client.Client, after uint64, filter client.AuditFilter) error {
	for {
		list, err := c.AuditAfter(ctx, after, auditWait, filter)
		if interrupted(ctx, err) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := a.showAudit(list.Records); err != nil {
			return err
		}
		after = list.Next
	}
}

func (a *app) showAudit(records []api.AuditRecord) error {
	for i := range records {
		line := auditLine(&records[i])
		if a.format() != render.FormatTable {
			text, err := json.Marshal(records[i])
			if err != nil {
				return fmt.Errorf("encoding a record: %w", err)
			}
			line = string(text)
		}
		if a.format() == render.FormatYAML {
			if _, err := fmt.Fprintln(a.Stdout, "---"); err != nil {
				return err
			}
			if err := render.Encode(a.Stdout, render.FormatYAML, records[i]); err != nil {
				return err
			}
			continue
		}
		if _, err := fmt.Fprintln(a.Stdout, line); err != nil {
			return err
		}
	}
	return nil
}

// auditLine is a record for a person.
func auditLine(r *api.AuditRecord) string {
	e := &r.Event
	who := firstOf(e.Actor.Principal, "("+e.Actor.Service+")")
	if e.Actor.Address != "" {
		who += "@" + e.Actor.Address
	}
	parts := []string{strconv.FormatUint(r.Seq, 10), e.At.Local().Format("2006-01-02 15:04:05"), e.Kind, string(e.Outcome), who}
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+value)
		}
	}
	add("", e.Object)
	add("job ", e.JobID)
	add("on ", e.DeviceID)
	if len(e.Commands) > 0 {
		add("", strconv.Quote(strings.Join(e.Commands, "; ")))
	}
	if e.Kind == contract.AuditDeviceLogin {
		add("by ", e.Parameters["method"])
	}
	if e.Count > 1 {
		add("", strconv.Itoa(e.Count)+" times")
	}
	add("ticket ", e.Labels["ticket"])
	if e.Reason != "" {
		add("", "("+e.Reason+")")
	}
	return render.Clean(strings.Join(parts, "  "))
}
