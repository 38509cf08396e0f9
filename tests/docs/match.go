package docs

import (
	"fmt"
	"regexp"
	"strings"
)

// Gap is a line that stands for any number of lines in an output that a document shows.
const Gap = "…"

var changing = []struct {
	what *regexp.Regexp
	name string
}{
	{regexp.MustCompile(` \([0-9.]+/s\)|, [0-9.]+/s\b`), ""}, // a rate, which is not told at all when there is hardly anything to tell
	{regexp.MustCompile(`\b([0-9]+h)?([0-9]+m)?[0-9.]+m?s\b`), "TIME"},
	{regexp.MustCompile(`\b127\.0\.0\.1:[0-9]+`), "ADDRESS"},
	{regexp.MustCompile(`\b(job|Job|watch|retry) [a-z0-9]{16}\b`), "$1 ID"},
	{regexp.MustCompile(`\[█+\]`), "[█]"},
	{regexp.MustCompile(`\s+`), " "},
}

// Normal is a line without what differs from run to run: times, rates, ids, ports, and the width of columns.
func Normal(line string) string {
	for _, c := range changing {
		line = c.what.ReplaceAllString(line, c.name)
	}
	return strings.TrimSpace(line)
}

// Match reports whether shown, in which lines may be left out at a [Gap], is what was printed.
func Match(shown, printed []string) error {
	at, gap := 0, false
	for i, line := range shown {
		if strings.TrimSpace(line) == Gap {
			gap = true
			continue
		}
		want := Normal(line)
		for gap && at < len(printed) && Normal(printed[at]) != want {
			at++
		}
		switch {
		case at >= len(printed):
			return fmt.Errorf("line %d is not printed: %s", i+1, line)
		case Normal(printed[at]) != want:
			return fmt.Errorf("line %d is %q; printed is %q", i+1, want, Normal(printed[at]))
		}
		at, gap = at+1, false
	}
	if rest := strings.TrimSpace(strings.Join(printed[at:], "\n")); rest != "" && !gap {
		return fmt.Errorf("the end is missing: %s", rest)
	}
	return nil
}
