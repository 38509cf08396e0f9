// Package baseline compares what a test counted with counts that are committed beside it.
//
// It is for counts that the noise of a machine does not touch: messages, bytes, allocations, batches; never times. A count
// that grows fails its test; so does one that shrinks much, because a baseline that is far above the truth hides the next
// growth; so does one that the baseline does not know, or that is no longer counted.
//
// `go test ./<package> -update` writes the counts of this run as the baseline, and keeps the tolerances. It is for growth that
// was decided upon: the commit says why.
package baseline

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
)

// Shrinks is by how many percent, beyond its tolerance, a count may be under its baseline before the baseline has to be
// renewed.
const Shrinks = 10

var update = flag.Bool("update", false, "write the counts of this run as the baseline (package baseline)")

// Line is one count of a baseline.
type Line struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	// TolerancePercent is by how much the count may be above Value; 0 for one that is always the same. It is set by hand.
	TolerancePercent float64 `json:"tolerance_percent"`
}

// Check compares the counts with the baseline in a file, and fails the test with every fault. With -update it writes the file.
func Check(t testing.TB, file string, counts map[string]float64) {
	t.Helper()
	lines, err := Read(file)
	if *update {
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			err = os.WriteFile(file, Format(Renew(lines, counts)), 0o644)
		}
		if err != nil {
			t.Fatalf("renewing the baseline: %v", err)
		}
		return
	}
	if err != nil {
		t.Fatalf("reading the baseline: %v; `go test -update` writes it", err)
	}
	for _, fault := range Compare(lines, counts) {
		t.Errorf("%s: %s", file, fault)
	}
}

// Read reads a baseline.
func Read(file string) ([]Line, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var lines []Line
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&lines); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return lines, nil
}

// Compare says what is wrong, in the order of the names; nothing, if nothing is.
func Compare(lines []Line, counts map[string]float64) []string {
	var faults []string
	known := map[string]bool{}
	for _, l := range lines {
		known[l.Name] = true
		got, counted := counts[l.Name]
		most := l.Value * (1 + l.TolerancePercent/100)
		least := l.Value * (1 - (l.TolerancePercent+Shrinks)/100)
		switch {
		case !counted:
			faults = append(faults, fmt.Sprintf("%s: is no longer counted; take it out with -update if that is meant", l.Name))
		case got > most:
			faults = append(faults, fmt.Sprintf("%s: grew from %v to %v (at most %v); find what it costs more for, or renew the baseline with -update and say why in the commit",
				l.Name, l.Value, got, most))
		case got < least:
			faults = append(faults, fmt.Sprintf("%s: shrank from %v to %v; renew the baseline with -update, so that it shows the next growth", l.Name, l.Value, got))
		}
	}
	for name, got := range counts {
		if !known[name] {
			faults = append(faults, fmt.Sprintf("%s: is %v and not in the baseline; put it in with -update", name, got))
		}
	}
	slices.Sort(faults)
	return faults
}

// Renew is the baseline for the counts, by name. What was in the old one keeps its tolerance, and its value where the count is
// within it: a baseline changes where something changed.
func Renew(old []Line, counts map[string]float64) []Line {
	var lines []Line
	for name, got := range counts {
		l := Line{Name: name, Value: got}
		if i := slices.IndexFunc(old, func(o Line) bool { return o.Name == name }); i >= 0 {
			l.TolerancePercent = old[i].TolerancePercent
			if by := old[i].Value * l.TolerancePercent / 100; got >= old[i].Value-by && got <= old[i].Value+by {
				l.Value = old[i].Value
			}
		}
		lines = append(lines, l)
	}
	slices.SortFunc(lines, func(a, b Line) int { return strings.Compare(a.Name, b.Name) })
	return lines
}

// Format writes a baseline with one count on each line, so that a diff shows what changed.
func Format(lines []Line) []byte {
	var out bytes.Buffer
	out.WriteString("[")
	for i, l := range lines {
		if i > 0 {
			out.WriteString(",")
		}
		text, _ := json.Marshal(l) // of a string and two finite numbers: always encodes
		out.WriteString("\n  ")
		out.Write(text)
	}
	out.WriteString("\n]\n")
	return out.Bytes()
}
