// Package report is the benchmark's result: rows of a value, its aim and whether it is met, printed as a table and kept
// as JSON.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"
	"time"
)

// Row is one measured value.
type Row struct {
	Part  string  `json:"part"` // what was run
	What  string  `json:"what"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	Aim   *Aim    `json:"aim,omitempty"`
	// Met says whether the aim is met; nil without one.
	Met  *bool  `json:"met,omitempty"`
	Note string `json:"note,omitempty"`
}

// Aim bounds a value.
type Aim struct {
	AtLeast bool    `json:"at_least"` // else at most
	Bound   float64 `json:"bound"`
}

// AtLeast and AtMost are aims.
func AtLeast(bound float64) *Aim { return &Aim{true, bound} }

// AtMost is an upper bound.
func AtMost(bound float64) *Aim { return &Aim{false, bound} }

func (a Aim) met(value float64) bool {
	if a.AtLeast {
		return value >= a.Bound
	}
	return value <= a.Bound
}

func (a Aim) String() string {
	if a.AtLeast {
		return "≥ " + number(a.Bound)
	}
	return "≤ " + number(a.Bound)
}

// Report is one run of the benchmark.
type Report struct {
	At      time.Time `json:"at"`
	Took    string    `json:"took"`
	Machine Machine   `json:"machine"`
	Rows    []Row     `json:"rows"`
	// Details are what rows were made of, by name.
	Details map[string]any `json:"details,omitempty"`
}

// Add adds a row and judges it.
func (r *Report) Add(row Row) {
	if row.Aim != nil {
		met := row.Aim.met(row.Value)
		row.Met = &met
	}
	r.Rows = append(r.Rows, row)
}

// Detail keeps what rows were made of.
func (r *Report) Detail(name string, value any) {
	if r.Details == nil {
		r.Details = map[string]any{}
	}
	r.Details[name] = value
}

// Short lists the rows whose aim is not met.
func (r *Report) Short() []Row {
	var out []Row
	for _, row := range r.Rows {
		if row.Met != nil && !*row.Met {
			out = append(out, row)
		}
	}
	return out
}

// Print writes the table.
func (r *Report) Print(w io.Writer) error {
	fmt.Fprintf(w, "%s\n%s\n\n", r.At.Format(time.RFC3339), r.Machine)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	part := ""
	for _, row := range r.Rows {
		if row.Part != part {
			part = row.Part
			fmt.Fprintf(t, "%s\n", part)
		}
		aim, verdict := "", ""
		if row.Aim != nil {
			if aim, verdict = row.Aim.String(), "ok"; !*row.Met {
				verdict = "short"
			}
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\t%s\n", row.What, number(row.Value), row.Unit, aim, verdict, row.Note)
	}
	return t.Flush()
}

// Write keeps the report as JSON.
func (r *Report) Write(file string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the results: %w", err)
	}
	if err := os.WriteFile(file, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("keeping the results: %w; choose another file with -json", err)
	}
	return nil
}

// number shows three significant digits, and whole numbers whole.
func number(v float64) string {
	switch abs := max(v, -v); {
	case abs >= 100 || v == float64(int64(v)):
		return fmt.Sprintf("%.0f", v)
	case abs >= 10:
		return fmt.Sprintf("%.1f", v)
	case abs >= 1:
		return fmt.Sprintf("%.2f", v)
	default:
		return fmt.Sprintf("%.3f", v)
	}
}

// Median of the values; 0 of none. Of an even number it is the mean of the two in the middle.
func Median[N ~int | ~int64 | ~float64](values []N) N {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	mid := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[mid]
	}
	return (sorted[mid-1] + sorted[mid]) / 2
}
