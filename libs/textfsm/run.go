package textfsm

import (
	"context"
	"strings"

	"github.com/netrust/netrust/libs/textfsm/internal/pyregex"
)

// run is one text on its way through a template.
type run struct {
	t    *Template
	now  []cell
	rows [][]any
}

// cell is what a value holds while lines are read: nil, a string, or, once a record is saved, a list.
type cell struct {
	value any
	items []any // of a List
	kept  any   // of a Filldown
}

// Parse reads a text and returns its records. Errors are *[ParseError], or the context's.
func (t *Template) Parse(ctx context.Context, text string) (*Table, error) {
	r := &run{t: t, now: make([]cell, len(t.values))}
	state := stateStart
	for i, line := range splitLines(text) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		next, err := r.line(state, line)
		if err != nil {
			err.Template, err.Line, err.Text = t.name, i+1, line
			return nil, err
		}
		if state = next; state == stateEnd || state == stateEOF {
			break
		}
	}
	// The end of the text is a record, unless the template ended before it or says otherwise by an EOF state of its own.
	if state != stateEnd && !t.ownEOF {
		r.save()
	}
	return &Table{Header: t.Header(), Rows: r.rows}, nil
}

// line puts one line through the rules of a state and returns the next state.
func (r *run) line(state, line string) (next string, fault *ParseError) {
	for _, rule := range r.t.states[state] {
		m, err := rule.re.Match(line)
		if err != nil {
			return "", &ParseError{Message: "the rule could not be tried", Err: err}
		}
		if m == nil {
			continue
		}
		if err := r.assign(rule, m); err != nil {
			return "", &ParseError{Message: "a list could not be read", Err: err}
		}
		switch rule.record {
		case opRecord:
			r.save()
		case opClear:
			r.clear()
		case opClearAll:
			r.clearAll()
		}
		switch {
		case rule.line == opError && rule.newState != "":
			return "", &ParseError{Message: "the template says: " + strings.Trim(rule.newState, `"`)}
		case rule.line == opError:
			return "", &ParseError{Message: "the template does not expect this line"}
		case rule.line == opContinue:
			continue
		case rule.newState != "":
			return rule.newState, nil
		}
		return state, nil
	}
	return state, nil
}

func (r *run) assign(rule *rule, m *pyregex.Match) error {
	for _, a := range rule.assigns {
		var got any
		if text, ok := m.Group(a.group); ok {
			got = text
		}
		if err := r.set(a.value, got); err != nil {
			return err
		}
	}
	return nil
}

// set gives a value what a line said; the options act in the order in which they are written.
func (r *run) set(i int, got any) error {
	v, c := r.t.values[i], &r.now[i]
	c.value = got
	for _, o := range v.options {
		switch o {
		case filldown:
			c.kept = got
		case fillup:
			r.fillUp(i, got)
		case list:
			item, err := v.item(got)
			if err != nil {
				return err
			}
			c.items = append(c.items, item)
		}
	}
	return nil
}

// fillUp writes a value into the records before it, up to the last one that has one.
func (r *run) fillUp(i int, got any) {
	if empty(got) {
		return
	}
	for n := len(r.rows) - 1; n >= 0 && empty(r.rows[n][i]); n-- {
		r.rows[n][i] = got
	}
}

// item is what a List keeps of one match: its text, or its named groups where the value's expression has some.
func (v *value) item(got any) (any, error) {
	text, ok := got.(string)
	if !ok || len(v.re.Names()) == 0 {
		return got, nil
	}
	m, err := v.re.Match(text)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return got, nil
	}
	groups := map[string]any{}
	for _, name := range v.re.Names() {
		groups[name.Name] = nil
		if text, ok := m.Group(name.Number); ok {
			groups[name.Name] = text
		}
	}
	return groups, nil
}

// save makes a record of what the values hold, unless a required one is missing or nothing is there at all.
func (r *run) save() {
	if len(r.t.values) == 0 {
		return
	}
	row := make([]any, len(r.now))
	nothing := true
	for i, v := range r.t.values {
		c := &r.now[i]
		for _, o := range v.options {
			switch {
			case o == list:
				c.value = append([]any{}, c.items...)
			case o == required && empty(c.value):
				r.clear()
				return
			}
		}
		row[i] = c.value
		if items, ok := c.value.([]any); c.value != nil && (!ok || len(items) > 0) {
			nothing = false
		}
	}
	if nothing {
		return
	}
	for i := range row {
		if row[i] == nil {
			row[i] = ""
		}
	}
	r.rows = append(r.rows, row)
	r.clear()
}

func (r *run) clear() {
	for i, v := range r.t.values {
		c := &r.now[i]
		c.value = nil
		if v.has(filldown) {
			c.value = c.kept
		} else {
			c.items = nil
		}
	}
}

func (r *run) clearAll() { clear(r.now) }

// empty is what Python takes for false.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	default:
		return false
	}
}

// splitLines splits where Python's str.splitlines does; a line end at the very end makes no further line.
func splitLines(text string) []string {
	if text == "" {
		return nil
	}
	lines := strings.Split(lineEnds.Replace(text), "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\v", "\n", "\f", "\n", "\x1c", "\n", "\x1d", "\n", "\x1e", "\n",
	"\u0085", "\n", "\u2028", "\n", "\u2029", "\n")
