package render

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/netrust/netrust/libs/contract"
)

// Progress is how far a job is.
type Progress struct {
	JobID   string
	State   contract.JobState
	Counts  contract.Counts
	Elapsed time.Duration
	// Note says what is unusual: that the job is being stopped, or that the connection is lost.
	Note string
}

// Done is how many tasks have ended.
func Done(c contract.Counts) int {
	return c.Succeeded + c.Failed + c.Skipped + c.Cancelled + c.Uncertain
}

// Bar is the line of progress on a terminal of the given width: a bar, then the counts. It never exceeds the width.
func Bar(p Progress, width int) string {
	text := counts(p)
	room := width - utf8.RuneCountInString(text) - 4 // brackets, a space, and the last column stays free
	if room < 10 {
		return fit(text, max(width-1, 1))
	}
	room = min(room, 40)
	filled := 0
	if p.Counts.Total > 0 {
		filled = room * Done(p.Counts) / p.Counts.Total
	}
	return "[" + strings.Repeat("█", filled) + strings.Repeat("░", room-filled) + "] " + text
}

// Line is the same for a log or a pipe: one plain line.
func Line(p Progress) string {
	return "job " + p.JobID + " " + string(p.State) + ": " + counts(p)
}

func counts(p Progress) string {
	c := p.Counts
	parts := []string{fmt.Sprintf("%d/%d", Done(c), c.Total), fmt.Sprintf("%d ok", c.Succeeded), fmt.Sprintf("%d failed", c.Failed)}
	if c.Running > 0 {
		parts = append(parts, fmt.Sprintf("%d running", c.Running))
	}
	if rate := Rate(Done(c), p.Elapsed); rate != "" {
		parts = append(parts, rate)
	}
	parts = append(parts, Duration(p.Elapsed))
	// What is rare stands last: a narrow terminal cuts the end.
	for _, n := range []struct {
		count int
		word  string
	}{{c.Uncertain, "uncertain"}, {c.Skipped, "skipped"}, {c.Cancelled, "cancelled"}} {
		if n.count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n.count, n.word))
		}
	}
	if p.Note != "" {
		parts = append(parts, Clean(p.Note))
	}
	return strings.Join(parts, ", ")
}

// Rate is devices per second, or empty while there is nothing to tell.
func Rate(done int, elapsed time.Duration) string {
	if done == 0 || elapsed < 500*time.Millisecond {
		return ""
	}
	rate := float64(done) / elapsed.Seconds()
	if rate >= 10 {
		return fmt.Sprintf("%.0f/s", rate)
	}
	return fmt.Sprintf("%.1f/s", rate)
}

// Duration is short: 85ms, 1.2s, 2m05s, 1h02m.
func Duration(d time.Duration) string {
	switch {
	case d < 0:
		return "0ms"
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Truncate(100*time.Millisecond).Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}
