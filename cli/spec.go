package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/netrust/netrust/libs/contract"
)

// specFlags are the flags that describe a job. Each overrides the same field of a file.
type specFlags struct {
	all                                 bool
	ids, tags                           []string
	label                               string
	name                                string
	notes                               map[string]string
	parallel, attempts, authFailures    int
	timeout, commandTimeout, deadline   time.Duration
	priority                            string
	urgent, repeatable, keepRaw, dryRun bool
	rollout                             rolloutFlags
}

func (f *specFlags) bind(a *app, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.all, "all", false, "every device")
	flags.StringSliceVar(&f.ids, "id", nil, "devices by id or name (repeat, or separate by commas)")
	flags.StringSliceVar(&f.tags, "tag", nil, "devices that have all these tags; key:value also matches a label")
	flags.StringVar(&f.label, "label", "", "devices by an expression over labels: 'site=paris, role in (core,edge), !legacy'")
	flags.StringVar(&f.name, "name", "", "a name for the job")
	flags.StringToStringVar(&f.notes, "note", nil, "kept with the job: ticket=CHG-1234")
	flags.IntVar(&f.parallel, "parallel", 0, "how many devices at once (default: the server's)")
	flags.DurationVar(&f.timeout, "timeout", 0, "longest time for one attempt on one device, such as 30s (default: the server's)")
	flags.DurationVar(&f.commandTimeout, "command-timeout", 0, "longest time for one command (default: the server's)")
	flags.DurationVar(&f.deadline, "deadline", 0, "longest time for the whole job (default: the server's)")
	flags.IntVar(&f.attempts, "attempts", 0, "attempts on a device where repeating is safe, the first included (default: the server's)")
	flags.IntVar(&f.authFailures, "auth-failures", 0, "refused logins in a row in one authentication domain that end the job (default: the server's)")
	flags.StringVar(&f.priority, "priority", "", "low, normal, high or urgent")
	flags.BoolVar(&f.urgent, "urgent", false, "the same as --priority urgent")
	flags.BoolVar(&f.repeatable, "repeatable", false, "running the commands twice harms nothing, though they are not read-only")
	flags.BoolVar(&f.keepRaw, "keep-raw", false, "keep what the devices print as it is too, encrypted; netrust job raw shows it")
	flags.BoolVar(&f.dryRun, "dry-run", false, "show which devices it would run on, and touch nothing")
	a.completeListed(cmd, "id", a.completeDevices)
	a.completeListed(cmd, "tag", a.completeTags)
	a.complete(cmd, "label", a.completeLabels)
	f.rollout.bind(cmd)
	cmd.MarkFlagsMutuallyExclusive("priority", "urgent")
	_ = cmd.RegisterFlagCompletionFunc("priority", cobra.FixedCompletions([]string{"low", "normal", "high", "urgent"}, cobra.ShellCompDirectiveNoFileComp)) // fails only for a flag that does not exist
}

// apply puts the flags that were given into spec.
func (f *specFlags) apply(cmd *cobra.Command, spec *contract.JobSpec) error {
	given := cmd.Flags().Changed
	if given("all") || given("id") || given("tag") || given("label") {
		spec.Targets = contract.TargetSelector{All: f.all, IDs: f.ids, Tags: f.tags, Labels: f.label}
	}
	for _, d := range []struct {
		flag string
		from time.Duration
		to   *int64
	}{{"timeout", f.timeout, &spec.Limits.DeviceTimeoutMS}, {"command-timeout", f.commandTimeout, &spec.Limits.CommandTimeoutMS}, {"deadline", f.deadline, &spec.Limits.DeadlineMS}} {
		if !given(d.flag) {
			continue
		}
		if d.from < time.Millisecond {
			return misusedIn(cmd, "--%s %s is not above 0: write it like 30s", d.flag, d.from)
		}
		*d.to = d.from.Milliseconds()
	}
	for _, n := range []struct {
		flag string
		from int
		to   *int
	}{{"parallel", f.parallel, &spec.Limits.Parallel}, {"attempts", f.attempts, &spec.Retry.Attempts}, {"auth-failures", f.authFailures, &spec.Limits.AuthFailures}} {
		if !given(n.flag) {
			continue
		}
		if n.from < 1 {
			return misusedIn(cmd, "--%s %d is not above 0: write 1 or more", n.flag, n.from)
		}
		*n.to = n.from
	}
	f.applyRest(given, spec)
	return f.rollout.apply(cmd, spec)
}

func (f *specFlags) applyRest(given func(string) bool, spec *contract.JobSpec) {
	if given("name") {
		spec.Name = f.name
	}
	if given("note") {
		spec.Labels = f.notes
	}
	if given("priority") {
		spec.Priority = contract.Priority(f.priority)
	}
	if f.urgent {
		spec.Priority = contract.PriorityUrgent
	}
	if given("keep-raw") {
		spec.KeepRaw = f.keepRaw
	}
	if given("repeatable") {
		spec.Repeatable = f.repeatable
	}
	if given("dry-run") {
		spec.DryRun = f.dryRun
	}
}

// maxSpec is the size over which a job's file is surely something else.
const maxSpec = 4 << 20

// readSpec reads a job from a YAML or JSON file ("-": standard input). A field that a job does not have is an error with
// its line; whether the values make sense is for the server to say.
func (a *app) readSpec(path string) (contract.JobSpec, error) {
	text, err := a.readFile(path, maxSpec)
	if err != nil {
		return contract.JobSpec{}, err
	}
	var spec contract.JobSpec
	if err := yaml.UnmarshalWithOptions(text, &spec, yaml.Strict()); err != nil {
		return contract.JobSpec{}, misused("%s is not a job:\n%s", path, strings.TrimSpace(yaml.FormatError(err, false, true)))
	}
	if spec.Kind == "" {
		spec.Kind = contract.JobKindCommand
	}
	return spec, nil
}

// readFile reads at most limit bytes of a file, or of standard input for "-".
func (a *app) readFile(path string, limit int64) ([]byte, error) {
	var r io.Reader = a.Stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, misused("%v", err)
		}
		defer f.Close()
		r = f
	}
	text, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if int64(len(text)) > limit {
		return nil, misused("%s is larger than %d MiB: split it", path, limit>>20)
	}
	return text, nil
}
