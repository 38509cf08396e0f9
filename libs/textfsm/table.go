package textfsm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Table is the records of a text. A value is a string, or of a List a []any of strings or of map[string]any.
type Table struct {
	Header []string
	Rows   [][]any
}

// Record is one row as an object: names in lower case, as ntc-templates gives them, in the order of the template.
type Record struct {
	names  []string
	values []any
}

// Records are the rows as objects, never nil.
func (t *Table) Records() []Record {
	names := make([]string, len(t.Header))
	for i, name := range t.Header {
		names[i] = strings.ToLower(name)
	}
	records := make([]Record, len(t.Rows))
	for i, row := range t.Rows {
		records[i] = Record{names, row}
	}
	return records
}

// Get returns a field by its name in lower case.
func (r Record) Get(name string) (any, bool) {
	if i := slices.Index(r.names, name); i >= 0 {
		return r.values[i], true
	}
	return nil, false
}

// MarshalJSON implements json.Marshaler.
func (r Record) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, name := range r.names {
		if i > 0 {
			out.WriteByte(',')
		}
		for j, part := range []any{name, r.values[i]} {
			data, err := json.Marshal(part)
			if err != nil {
				return nil, err
			}
			if j > 0 {
				out.WriteByte(':')
			}
			out.Write(data)
		}
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// extend adds the columns of another table that this one lacks. Rows belong together that agree in the keys; without keys,
// those of the same number. It is how several templates of one command make one table.
func (t *Table) extend(other *Table, keys []string) error {
	var extra []int
	for i, name := range other.Header {
		if !slices.Contains(t.Header, name) {
			extra = append(extra, i)
		}
	}
	for _, k := range keys {
		if !slices.Contains(other.Header, k) {
			return fmt.Errorf("the key %s is in one template and not in the other", k)
		}
	}
	mine, theirs := columns(t.Header, keys), columns(other.Header, keys)
	for n, row := range t.Rows {
		var match []any
		for m, candidate := range other.Rows {
			if len(keys) == 0 && m == n || len(keys) > 0 && same(row, candidate, mine, theirs) {
				match = candidate
				break
			}
		}
		for _, i := range extra {
			if match == nil {
				row = append(row, "")
			} else {
				row = append(row, match[i])
			}
		}
		t.Rows[n] = row
	}
	for _, i := range extra {
		t.Header = append(t.Header, other.Header[i])
	}
	return nil
}

func columns(header, names []string) []int {
	out := make([]int, len(names))
	for i, name := range names {
		out[i] = slices.Index(header, name)
	}
	return out
}

func same(a, b []any, mine, theirs []int) bool {
	for i := range mine {
		if fmt.Sprint(a[mine[i]]) != fmt.Sprint(b[theirs[i]]) {
			return false
		}
	}
	return true
}
