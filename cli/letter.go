package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/netrust/netrust/cli/internal/client"
	"github.com/netrust/netrust/cli/internal/render"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

// decideWait is how long one decision waits for the scheduler.
const decideWait = 10 * time.Second

func (a *app) letterCommand() *cobra.Command {
	cmd := group("deadletter", "See what could not be processed, and replay or discard it",
		`  netrust deadletter list
  netrust deadletter show q5xd4hrak3v7q2mz
  netrust deadletter replay q5xd4hrak3v7q2mz --reason 'the executor is mended'
  netrust deadletter discard q5xd4hrak3v7q2mz`,
		a.letterList(), a.letterShow(), a.letterReplay(), a.letterDiscard())
	cmd.Aliases = []string{"deadletters", "dlq"}
	cmd.Long = `A dead letter is a message that could not be processed: a task that no executor can read, a command that the scheduler
cannot read. A device that said no is a result, not a dead letter.

A task whose message was set aside is released again with a fresh one, three times in all; then it waits for a person. Replay
it when the cause is mended, while its job still runs; or discard it, and its job ends without it. What was decided, by
whom and when stays with the letter, which can be read for 90 days.`
	return cmd
}

func (a *app) letterList() *cobra.Command {
	var f client.LetterFilter
	var all bool
	cmd := &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List dead letters that wait for a person, newest first",
		Example: "  netrust deadletter list\n  netrust deadletter list --all --job 3kq5v2xw7a4m6z1p",
		Args:    Arguments(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.Limit < 1 {
				return misusedIn(cmd, "--limit %d is not above 0: write 1 or more", f.Limit)
			}
			if all {
				f.State = "all"
			}
			return a.withClient(func(c *client.Client) error {
				list, err := readLetters(cmd.Context(), c, f)
				if err != nil {
					return err
				}
				if a.format() != render.FormatTable {
					return render.Encode(a.Stdout, a.format(), list)
				}
				return a.letterTable(list, f.State != "")
			})
		},
	}
	cmd.Flags().StringVar(&f.Job, "job", "", "only those about this job")
	cmd.Flags().StringVar(&f.State, "state", "", "open (the default), replayed, discarded or all")
	cmd.Flags().BoolVar(&all, "all", false, "the same as --state all")
	cmd.Flags().IntVar(&f.Limit, "limit", 100, "how many at most")
	cmd.MarkFlagsMutuallyExclusive("state", "all")
	a.complete(cmd, "job", a.completeJobs)
	_ = cmd.RegisterFlagCompletionFunc("state", cobra.FixedCompletions([]string{"open", "replayed", "discarded", "all"}, cobra.ShellCompDirectiveNoFileComp)) // fails only for a flag that does not exist
	return cmd
}

// maxLetterPage is the most that the server gives at once.
const maxLetterPage = 1000

// readLetters reads up to f.Limit letters, page after page.
func readLetters(ctx context.Context, c *client.Client, f client.LetterFilter) (api.DeadLetterList, error) {
	out := api.DeadLetterList{DeadLetters: []api.DeadLetter{}}
	for left := f.Limit; left > 0; {
		f.Limit = min(left, maxLetterPage)
		page, err := c.Letters(ctx, f)
		if err != nil {
			return out, err
		}
		out.DeadLetters = append(out.DeadLetters, page.DeadLetters...)
		out.Next = page.Next
		left -= len(page.DeadLetters)
		if f.Cursor = page.Next; f.Cursor == "" || len(page.DeadLetters) == 0 {
			break
		}
	}
	return out, nil
}

// moment is a time as short as it is clear: ids must keep their room.
func (a *app) moment(t time.Time) string {
	t = t.Local()
	if a.Now().Sub(t) < 12*time.Hour {
		return t.Format(time.TimeOnly)
	}
	return t.Format(time.DateOnly)
}

// letterTable writes them, with their states where these may differ.
func (a *app) letterTable(list api.DeadLetterList, states bool) error {
	if len(list.DeadLetters) == 0 {
		a.tell("No dead letters.")
		return nil
	}
	t := render.Table{Header: []string{"LETTER", "JOB", "DEVICE", "LAST", "REASON"}, Width: a.Width(), Whole: 2}
	if states {
		t.Header = slices.Insert(t.Header, 2, "STATE")
	}
	for _, l := range list.DeadLetters {
		about := l.DeviceID
		if about == "" {
			about = fmt.Sprintf("(%s %d)", l.Stream, l.Seq)
		}
		row := []string{l.ID, firstOf(l.JobID, "-"), about, a.moment(l.LastAt), l.Reason}
		if states {
			row = slices.Insert(row, 2, l.State)
		}
		t.Rows = append(t.Rows, row)
	}
	if err := t.Write(a.Stdout); err != nil {
		return err
	}
	if list.Next != "" {
		a.tell("There are more: --limit %d", 10*len(list.DeadLetters))
	}
	return nil
}

func (a *app) letterShow() *cobra.Command {
	return &cobra.Command{
		Use: "show LETTER", Short: "Show a dead letter: why, how often, what was decided, and to operators what it says",
		Args: Arguments(1, 1, "a dead letter's id"), ValidArgsFunction: a.completeFirst(a.completeLetters("all")),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withClient(func(c *client.Client) error {
				l, err := c.Letter(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if a.format() != render.FormatTable {
					return render.Encode(a.Stdout, a.format(), l)
				}
				return a.showLetter(l)
			})
		},
	}
}

func (a *app) showLetter(l api.DeadLetter) error {
	t := render.Table{Width: a.Width()}
	add := func(name, value string) {
		if value != "" {
			t.Rows = append(t.Rows, []string{name, value})
		}
	}
	add("Letter", l.ID)
	add("State", l.State)
	if l.Pending != nil {
		add("Asked for", l.Pending.Action+" by "+l.Pending.By+" at "+stamp(l.Pending.At))
	}
	add("Job", withState(l.JobID, string(l.JobState)))
	add("Device", withState(l.DeviceID, string(l.TaskState)))
	add("Reason", l.Reason)
	add("Set aside by", fmt.Sprintf("%s, %s, delivery %d", l.Service, times(l.Repeats), l.Deliveries))
	add("First", stamp(l.FirstAt))
	add("Last", stamp(l.LastAt))
	add("Subject", l.Subject)
	add("Kept in", fmt.Sprintf("%s, sequence %d", l.Stream, l.Seq))
	names := make([]string, 0, len(l.Headers))
	for name := range l.Headers {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		add("Header", name+": "+strings.Join(l.Headers[name], ", "))
	}
	add("Payload", fmt.Sprintf("%d bytes, SHA-256 %s", l.PayloadBytes, l.PayloadSHA256))
	if err := t.Write(a.Stdout); err != nil {
		return err
	}
	if err := a.showLetterHistory(l.History); err != nil {
		return err
	}
	return a.showPayload(l)
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func withState(id, state string) string {
	if id == "" || state == "" {
		return id
	}
	return id + " (" + state + ")"
}

func (a *app) showLetterHistory(history []api.LetterEntry) error {
	t := render.Table{Header: []string{"WHEN", "WHAT", "BY", "WHY"}, Width: a.Width()}
	for _, e := range history {
		what, why := strings.ReplaceAll(e.Action, "_", " "), e.Reason
		if e.Refused {
			what += ", refused"
		}
		for _, p := range e.Problems {
			why = strings.TrimPrefix(why+"; "+p.Error(), "; ")
		}
		t.Rows = append(t.Rows, []string{stamp(e.At), what, e.By, why})
	}
	fmt.Fprintln(a.Stdout)
	return t.Write(a.Stdout)
}

// showPayload writes the message, as text where it is some. A viewer gets none.
func (a *app) showPayload(l api.DeadLetter) error {
	switch {
	case len(l.Payload) == 0 && l.PayloadBytes > 0:
		a.tell("The message itself is shown to operators, while it is kept.")
		return nil
	case len(l.Payload) == 0:
		return nil
	}
	text := fmt.Sprintf("%q", l.Payload)
	if utf8.Valid(l.Payload) && !strings.ContainsFunc(string(l.Payload), func(r rune) bool { return unicode.IsControl(r) && !unicode.IsSpace(r) }) {
		text = render.CleanText(string(l.Payload))
	}
	if l.PayloadTruncated {
		text += "\n[cut: the message is longer]"
	}
	_, err := fmt.Fprintf(a.Stdout, "\nMessage:\n%s\n", text)
	return err
}

func (a *app) letterReplay() *cobra.Command {
	var reason string
	var yes bool
	cmd := &cobra.Command{
		Use: "replay LETTER...", Short: "Release the tasks of dead letters again, while their jobs run",
		Long: "Each task is released with a fresh message. Its commands may change its device, so that the command asks first.",
		Args: Arguments(1, -1, "the ids of dead letters"), ValidArgsFunction: a.completeEach(a.completeLetters("open")),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withClient(func(c *client.Client) error {
				if !yes {
					if err := a.askReplay(cmd.Context(), c, args); err != nil {
						return err
					}
				}
				return a.decideAll(cmd.Context(), c, contract.LetterReplay, reason, args)
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the letter's history")
	bindYes(cmd, &yes)
	return cmd
}

// askReplay shows what would be released.
func (a *app) askReplay(ctx context.Context, c *client.Client, ids []string) error {
	for _, id := range ids {
		l, err := c.Letter(ctx, id)
		if err != nil {
			return err
		}
		commands := ""
		if job, err := c.Job(ctx, l.JobID, 0); l.JobID != "" && err == nil {
			commands = ": " + strings.Join(job.Spec.Commands, "; ")
		}
		a.tell("%s", render.Clean(fmt.Sprintf("Letter %s: %s in job %s%s", l.ID, firstOf(l.DeviceID, l.Subject), firstOf(l.JobID, "-"), commands)))
	}
	return a.ask(ctx, fmt.Sprintf("Release %d again?", len(ids)), "netrust deadletter show LETTER")
}

func (a *app) letterDiscard() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "discard LETTER...", Short: "Give dead letters up: their jobs end without them",
		Args: Arguments(1, -1, "the ids of dead letters"), ValidArgsFunction: a.completeEach(a.completeLetters("open")),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withClient(func(c *client.Client) error {
				return a.decideAll(cmd.Context(), c, contract.LetterDiscard, reason, args)
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the letter's history")
	return cmd
}

// decideAll decides upon each letter; one that is refused does not stop the others.
func (a *app) decideAll(ctx context.Context, c *client.Client, action contract.LetterAction, reason string, ids []string) error {
	done := api.DeadLetterList{DeadLetters: []api.DeadLetter{}}
	var failed []error
	for _, id := range ids {
		l, err := c.Decide(ctx, id, action, reason, decideWait)
		switch {
		case err != nil && ctx.Err() != nil:
			return err
		case err != nil:
			failed = append(failed, err)
			a.tell("%s: %s", id, explain(err))
			continue
		case l.Pending != nil:
			failed = append(failed, errors.New("pending"))
			a.tell("%s: the scheduler has not answered yet; netrust deadletter show %s says when it has", id, id)
		default:
			a.tell("%s: %s", id, l.State)
		}
		done.DeadLetters = append(done.DeadLetters, l)
	}
	if a.format() != render.FormatTable {
		if err := render.Encode(a.Stdout, a.format(), done); err != nil {
			return err
		}
	}
	switch {
	case len(failed) == 0:
		return nil
	case len(ids) == 1:
		return &ExitError{Code: exitCode(failed[0])}
	}
	return failedQuietly()
}
