package cli

import (
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/netrust/netrust/libs/contract"
)

// rolloutFlags are the flags by which a job is divided into waves, and kept within limits.
type rolloutFlags struct {
	canary, threshold                        string
	batches                                  []string
	pause                                    time.Duration
	site, group, platform, domain, perMinute int
}

func (f *rolloutFlags) bind(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.canary, "canary", "", "devices that go first: a number, a percent (5%), ids (id:r1,r2) or an expression (label:role=canary)")
	flags.StringArrayVar(&f.batches, "batch", nil, "devices of the waves after that: a number, a percent (25%) or a wave per value of a label (label:site); repeat it for batches of several sizes, the last is repeated")
	flags.DurationVar(&f.pause, "pause", 0, "time between two waves, such as 30s")
	flags.StringVar(&f.threshold, "failure-threshold", "", "stop when so many devices have failed, or so many percent (10%) of a wave (default with waves: 1)")
	flags.IntVar(&f.site, "per-site", 0, "devices of one site at once")
	flags.IntVar(&f.group, "per-group", 0, "devices of one redundancy group at once (default: 1 where commands may change something)")
	flags.IntVar(&f.platform, "per-platform", 0, "devices of one platform at once")
	flags.IntVar(&f.domain, "per-domain", 0, "devices of one authentication domain at once")
	flags.IntVar(&f.perMinute, "logins-per-minute", 0, "logins in one authentication domain within a minute")
}

// apply puts the flags that were given into spec. What the numbers may be, the server says.
func (f *rolloutFlags) apply(cmd *cobra.Command, spec *contract.JobSpec) error {
	given, r := cmd.Flags().Changed, &spec.Rollout
	if given("canary") {
		r.Canary = contract.Canary{}
		if how, what, ok := strings.Cut(f.canary, ":"); ok && how == "id" {
			r.Canary.IDs = strings.Split(what, ",")
		} else if ok && how == "label" && what != "" {
			r.Canary.Labels = what
		} else if err := amount(cmd, "canary", f.canary, &r.Canary.Count, &r.Canary.Percent, "id:r1,r2 or label:role=canary"); err != nil {
			return err
		}
	}
	if given("batch") {
		r.Batches = make([]contract.Batch, len(f.batches))
		for i, text := range f.batches {
			b := &r.Batches[i]
			if label, ok := strings.CutPrefix(text, "label:"); ok && label != "" {
				b.Label = label
			} else if err := amount(cmd, "batch", text, &b.Count, &b.Percent, "label:site"); err != nil {
				return err
			}
		}
	}
	if given("pause") {
		if f.pause < time.Millisecond {
			return misusedIn(cmd, "--pause %s is not above 0: write it like 30s", f.pause)
		}
		r.PauseMS = f.pause.Milliseconds()
	}
	if given("failure-threshold") {
		r.FailureThreshold = contract.Threshold{}
		if err := amount(cmd, "failure-threshold", f.threshold, &r.FailureThreshold.Count, &r.FailureThreshold.Percent, ""); err != nil {
			return err
		}
	}
	for _, n := range []struct {
		flag string
		from int
		to   *int
	}{
		{"per-site", f.site, &spec.Limits.PerSite}, {"per-group", f.group, &spec.Limits.PerGroup}, {"per-platform", f.platform, &spec.Limits.PerPlatform},
		{"per-domain", f.domain, &spec.Limits.PerDomain}, {"logins-per-minute", f.perMinute, &spec.Limits.LoginsPerMinute},
	} {
		if !given(n.flag) {
			continue
		}
		if n.from < 1 {
			return misusedIn(cmd, "--%s %d is not above 0: write 1 or more, or leave it out for no limit", n.flag, n.from)
		}
		*n.to = n.from
	}
	return nil
}

// amount reads a number of devices, or a percent of them.
func amount(cmd *cobra.Command, flag, text string, count, percent *int, other string) error {
	to := count
	number, isPercent := strings.CutSuffix(text, "%")
	if isPercent {
		to = percent
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 {
		if other != "" {
			other = ", or " + other
		}
		return misusedIn(cmd, "--%s %q is no number of devices above 0: write it like 5 or 5%%%s", flag, text, other)
	}
	*to = n
	return nil
}
