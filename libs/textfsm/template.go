package textfsm

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// The states that templates need not define.
const (
	stateStart = "Start"
	stateEnd   = "End"
	stateEOF   = "EOF"
)

// Template is a compiled template. It is safe for concurrent use.
type Template struct {
	name   string
	values []*value
	states map[string][]*rule
	// ownEOF says that the template has an EOF state, which takes back the record that the end of the text makes.
	ownEOF bool
}

// Compile reads a template; name is what errors call it. Errors are *[TemplateError].
func Compile(name, text string) (*Template, error) {
	r := reader{t: &Template{name: name, states: map[string][]*rule{}}, lines: strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")}
	if err := r.readValues(); err != nil {
		return nil, r.fault(err)
	}
	for r.more() {
		if err := r.readState(); err != nil {
			return nil, r.fault(err)
		}
	}
	if fault := r.t.check(); fault != nil {
		fault.File = name
		return nil, fault
	}
	return r.t, nil
}

// Header is the names of the values, in order, as the template writes them.
func (t *Template) Header() []string {
	names := make([]string, len(t.values))
	for i, v := range t.values {
		names[i] = v.name
	}
	return names
}

// Keys are the names of the values with the option Key.
func (t *Template) Keys() []string {
	var names []string
	for _, v := range t.values {
		if v.has(key) {
			names = append(names, v.name)
		}
	}
	return names
}

// reader goes through a template line by line.
type reader struct {
	t      *Template
	lines  []string
	number int // of the line that was read last, from 1
}

func (r *reader) fault(err error) error {
	return &TemplateError{File: r.t.name, Line: r.number, Message: "the template cannot be read", Err: err}
}

func (r *reader) more() bool { return r.number < len(r.lines) }

func (r *reader) line() string {
	r.number++
	return strings.TrimRightFunc(r.lines[r.number-1], unicode.IsSpace)
}

func comment(line string) bool {
	return strings.HasPrefix(strings.TrimLeftFunc(line, unicode.IsSpace), "#")
}

// readValues reads up to the first blank line.
func (r *reader) readValues() error {
	for r.more() {
		line := r.line()
		switch {
		case line == "":
			return nil
		case comment(line):
		case strings.HasPrefix(line, "Value "):
			v, err := parseValue(line)
			if err != nil {
				return err
			}
			if slices.ContainsFunc(r.t.values, func(o *value) bool { return o.name == v.name }) {
				return fmt.Errorf("there are two values %s", v.name)
			}
			r.t.values = append(r.t.values, v)
		case len(r.t.values) == 0:
			return fmt.Errorf("a template begins with its values: Value NAME (expression)")
		default:
			return fmt.Errorf("a blank line ends the values; this is none: %q", line)
		}
	}
	return nil
}

var stateName = regexp.MustCompile(`^\w+$`)

// readState reads the next state and its rules, up to a blank line.
func (r *reader) readState() error {
	name := ""
	for r.more() && name == "" {
		line := r.line()
		if line == "" || comment(line) {
			continue
		}
		if !stateName.MatchString(line) || len(line) > maxName || slices.Contains(reserved, operation(line)) {
			return fmt.Errorf("%q is no name of a state; a rule begins with one or two blanks and ^, below the name of its state", line)
		}
		if _, twice := r.t.states[line]; twice {
			return fmt.Errorf("there are two states %s", line)
		}
		name = line
	}
	if name == "" {
		return nil
	}
	r.t.states[name] = nil
	for r.more() {
		line := r.line()
		if line == "" {
			return nil
		}
		if comment(line) {
			continue
		}
		if !strings.HasPrefix(line, " ^") && !strings.HasPrefix(line, "  ^") && !strings.HasPrefix(line, "\t^") {
			return fmt.Errorf("a rule begins with one or two blanks and ^: %q", line)
		}
		rule, err := parseRule(line, r.number, r.t.values)
		if err != nil {
			return err
		}
		r.t.states[name] = append(r.t.states[name], rule)
	}
	return nil
}

// check looks at what no single line shows.
func (t *Template) check() *TemplateError {
	if _, ok := t.states[stateStart]; !ok {
		return &TemplateError{Message: "there is no state Start"}
	}
	for _, name := range []string{stateEnd, stateEOF} {
		if rules := t.states[name]; len(rules) > 0 {
			return &TemplateError{Line: rules[0].number, Message: "the state " + name + " has no rules"}
		}
	}
	_, t.ownEOF = t.states[stateEOF]
	for _, rules := range t.states {
		for _, r := range rules {
			if r.line == opError || r.newState == "" || r.newState == stateEnd || r.newState == stateEOF {
				continue
			}
			if _, ok := t.states[r.newState]; !ok {
				return &TemplateError{Line: r.number, Message: "there is no state " + r.newState}
			}
		}
	}
	return nil
}
