package document

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// maxFaults bounds the faults that are kept: who has more of them corrects the first ones first.
const maxFaults = 1000

// shownFaults is how many of them the text of the error holds.
const shownFaults = 20

// Faults are all faults of a document, as one error.
type Faults struct {
	List []Fault // in the order of the file
	More int     // found, but not kept
}

// Add appends a fault.
func (f *Faults) Add(fault Fault) {
	if f.Full() {
		f.More++
		return
	}
	f.List = append(f.List, fault)
}

// Full reports whether no more faults are kept. Who looks for faults may stop then.
func (f *Faults) Full() bool { return len(f.List) >= maxFaults }

// Count is how many faults there are.
func (f *Faults) Count() int { return len(f.List) + f.More }

// Err returns f sorted by place, or nil if there is no fault.
func (f *Faults) Err() error {
	if len(f.List) == 0 {
		return nil
	}
	slices.SortStableFunc(f.List, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return f
}

// Error lists the faults, one per line.
func (f *Faults) Error() string {
	var b strings.Builder
	for i, fault := range f.List {
		if i == shownFaults {
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(fault.Error())
	}
	if more := f.Count() - shownFaults; more > 0 {
		least := ""
		if f.Full() {
			least = "at least "
		}
		fmt.Fprintf(&b, "\nand %s%d more", least, more)
	}
	return b.String()
}

// Unwrap lets errors.As find a single [Fault].
func (f *Faults) Unwrap() []error {
	errs := make([]error, len(f.List))
	for i := range f.List {
		errs[i] = f.List[i]
	}
	return errs
}
