package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/netrust/netrust/cli/internal/client"
	"github.com/netrust/netrust/libs/contract"
)

// completeWithin bounds what a person waits for after the Tab key. Without an answer by then there are no suggestions.
const completeWithin = time.Second

// maxSuggestions bounds what is asked for and shown.
const maxSuggestions = 200

// completer gives the values that begin with toComplete, each perhaps with a tab and a few words about it. It returns nothing where
// the server cannot be asked: a completion never prints an error.
type completer func(ctx context.Context, toComplete string) []string

type completionFunc = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)

// completeFirst completes the first argument alone.
func (a *app) completeFirst(values completer) completionFunc {
	return func(cmd *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return a.suggest(cmd, values, toComplete), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeEach completes every argument, by what is not there yet.
func (a *app) completeEach(values completer) completionFunc {
	return func(cmd *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
		found := a.suggest(cmd, values, toComplete)
		found = slices.DeleteFunc(found, func(s string) bool {
			value, _, _ := strings.Cut(s, "\t")
			return slices.Contains(args, value)
		})
		return found, cobra.ShellCompDirectiveNoFileComp
	}
}

// complete completes a flag's value.
func (a *app) complete(cmd *cobra.Command, flag string, values completer) {
	_ = cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, toComplete string) ([]string, cobra.ShellCompDirective) { // fails only for a flag that does not exist
		return a.suggest(cmd, values, toComplete), cobra.ShellCompDirectiveNoFileComp
	})
}

// completeListed completes the last of a flag's values that are separated by commas.
func (a *app) completeListed(cmd *cobra.Command, flag string, values completer) {
	_ = cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, toComplete string) ([]string, cobra.ShellCompDirective) { // fails only for a flag that does not exist
		before := ""
		if i := strings.LastIndexByte(toComplete, ','); i >= 0 {
			before, toComplete = toComplete[:i+1], toComplete[i+1:]
		}
		listed := strings.Split(before, ",")
		found := slices.DeleteFunc(a.suggest(cmd, values, toComplete), func(s string) bool {
			value, _, _ := strings.Cut(s, "\t")
			return slices.Contains(listed, value)
		})
		for i := range found {
			if before != "" { // bash compares what has words about it in another way, in which a comma matches nothing
				found[i], _, _ = strings.Cut(found[i], "\t")
			}
			found[i] = before + found[i]
		}
		return found, cobra.ShellCompDirectiveNoFileComp
	})
}

func (a *app) suggest(cmd *cobra.Command, values completer, toComplete string) []string {
	ctx := cmd.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(ctx, completeWithin)
	defer cancel()
	var found []string
	for _, v := range values(ctx, toComplete) {
		// What steers a terminal, or would end the line for the shell's script, is not offered.
		if strings.HasPrefix(v, toComplete) && !strings.ContainsAny(v, "\n\r\x1b") {
			found = append(found, v)
		}
		if len(found) == maxSuggestions {
			break
		}
	}
	return found
}

// asking makes a completer of what is read from the server.
func (a *app) asking(read func(ctx context.Context, c *client.Client, toComplete string) []string) completer {
	return func(ctx context.Context, toComplete string) []string {
		quiet := *a
		quiet.Stderr = discard{}
		c, err := quiet.connect()
		if err != nil {
			return nil
		}
		defer c.Close()
		return read(ctx, c, toComplete)
	}
}

type discard struct{}

// Write implements io.Writer.
func (discard) Write(p []byte) (int, error) { return len(p), nil }

func (a *app) completeJobs(ctx context.Context, toComplete string) []string {
	return a.jobsWhere(func(contract.JobState) bool { return true })(ctx, toComplete)
}

// completeOpenJobs are the jobs that have not ended.
func (a *app) completeOpenJobs(ctx context.Context, toComplete string) []string {
	return a.jobsWhere(func(s contract.JobState) bool { return !s.Ended() })(ctx, toComplete)
}

func (a *app) jobsWhere(wanted func(contract.JobState) bool) completer {
	return a.asking(func(ctx context.Context, c *client.Client, _ string) (found []string) {
		list, err := c.Jobs(ctx, client.JobFilter{Limit: maxSuggestions})
		if err != nil {
			return nil
		}
		for _, j := range list.Jobs {
			if wanted(j.State) {
				found = append(found, j.ID+"\t"+string(j.State)+" "+firstOf(j.Name, strings.Join(j.Spec.Commands, "; ")))
			}
		}
		return found
	})
}

func (a *app) completeLetters(state string) completer {
	return a.asking(func(ctx context.Context, c *client.Client, _ string) (found []string) {
		list, err := c.Letters(ctx, client.LetterFilter{State: state, Limit: maxSuggestions})
		if err != nil {
			return nil
		}
		for _, l := range list.DeadLetters {
			found = append(found, l.ID+"\t"+l.State+" "+firstOf(l.DeviceID, l.Subject)+": "+l.Reason)
		}
		return found
	})
}

func (a *app) completeDevices(ctx context.Context, _ string) []string {
	return a.fromDevices(ctx, func(d *contract.Device) []string { return []string{d.ID + "\t" + d.Platform + " " + d.Address} })
}

// completeTags are tags, and labels as key:value.
func (a *app) completeTags(ctx context.Context, _ string) []string {
	return a.fromDevices(ctx, func(d *contract.Device) []string {
		values := slices.Clone(d.Tags)
		for k, v := range d.Labels {
			values = append(values, k+":"+v)
		}
		return append(values, "site:"+d.Site)
	})
}

// completeLabels are expressions of one label.
func (a *app) completeLabels(ctx context.Context, _ string) []string {
	return a.fromDevices(ctx, func(d *contract.Device) []string {
		values := []string{"site=" + d.Site, "platform=" + d.Platform}
		for k, v := range d.Labels {
			values = append(values, k+"="+v)
		}
		return values
	})
}

func (a *app) completeSites(ctx context.Context, _ string) []string {
	return a.fromDevices(ctx, func(d *contract.Device) []string { return []string{d.Site} })
}

func (a *app) completePlatforms(ctx context.Context, _ string) []string {
	return a.fromDevices(ctx, func(d *contract.Device) []string { return []string{d.Platform} })
}

func (a *app) completeTokens(ctx context.Context, toComplete string) []string {
	return a.asking(func(ctx context.Context, c *client.Client, _ string) (found []string) {
		list, err := c.Tokens(ctx)
		if err != nil {
			return nil
		}
		for _, t := range list.Tokens {
			found = append(found, t.Name+"\t"+string(t.Role))
		}
		return found
	})(ctx, toComplete)
}

// fromDevices collects values from the inventory, as many pages of it as time allows, each value once and sorted.
func (a *app) fromDevices(ctx context.Context, values func(*contract.Device) []string) []string {
	seen := map[string]bool{}
	a.asking(func(ctx context.Context, c *client.Client, _ string) []string {
		_ = c.Devices(ctx, client.DeviceFilter{}, func(d contract.Device) error { // as far as it came
			for _, v := range values(&d) {
				seen[v] = true
			}
			return ctx.Err()
		})
		return nil
	})(ctx, "")
	found := make([]string, 0, len(seen))
	for v := range seen {
		found = append(found, v)
	}
	slices.Sort(found)
	return found
}
