package textfsm

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/netrust/netrust/libs/textfsm/internal/pyregex"
)

// operation of a rule on the line or the record.
type operation string

// The operations. The zero value of a line operation is Next, that of a record operation NoRecord.
const (
	opContinue operation = "Continue"
	opNext     operation = "Next"
	opError    operation = "Error"

	opClear    operation = "Clear"
	opClearAll operation = "Clearall"
	opRecord   operation = "Record"
	opNoRecord operation = "NoRecord"
)

// reserved words are no names of states.
var reserved = []operation{opContinue, opNext, opError, opClear, opClearAll, opRecord, opNoRecord}

// rule is one line of a state.
type rule struct {
	number   int // line of the template
	re       *pyregex.Regexp
	assigns  []assignment
	line     operation
	record   operation
	newState string // "" stays; of Error: its message
}

// assignment says which value a group of the rule sets.
type assignment struct{ group, value int }

const (
	lineOp   = `(?P<line>Continue|Next|Error)`
	recordOp = `(?P<record>Clear|Clearall|Record|NoRecord)`
	newState = `(?P<state>\w+|".*")`
)

var (
	withAction = regexp.MustCompile(`^(?P<match>.*)\s->(?P<action>.*)$`)
	// actions are tried in this order.
	actions = []*regexp.Regexp{
		regexp.MustCompile(`^\s+` + lineOp + `(?:\.` + recordOp + `)?(?:\s+` + newState + `)?$`),
		regexp.MustCompile(`^\s+` + recordOp + `(?:\s+` + newState + `)?$`),
		regexp.MustCompile(`^(?:\s+` + newState + `)?$`),
	}
)

// parseRule reads "^expression [-> action]"; values are those of the template.
func parseRule(line string, number int, values []*value) (*rule, error) {
	r := &rule{number: number, line: opNext, record: opNoRecord}
	match := strings.TrimSpace(line)
	if parts := withAction.FindStringSubmatch(match); parts != nil {
		match = parts[1]
		if err := r.setAction(parts[2]); err != nil {
			return nil, err
		}
	}
	expression, err := substitute(match, values)
	if err != nil {
		return nil, err
	}
	if r.re, err = pyregex.Compile(expression); err != nil {
		return nil, err
	}
	for _, name := range r.re.Names() {
		for i, v := range values {
			if v.name == name.Name {
				r.assigns = append(r.assigns, assignment{name.Number, i})
			}
		}
	}
	return r, nil
}

func (r *rule) setAction(text string) error {
	for _, form := range actions {
		parts := form.FindStringSubmatch(text)
		if parts == nil {
			continue
		}
		for i, name := range form.SubexpNames() {
			if parts[i] == "" {
				continue
			}
			switch name {
			case "line":
				r.line = operation(parts[i])
			case "record":
				r.record = operation(parts[i])
			case "state":
				r.newState = parts[i]
			}
		}
		if r.line == opContinue && r.newState != "" {
			return fmt.Errorf("after Continue comes no new state (%s): a template that goes on with the same line may loop", r.newState)
		}
		if r.line != opError && strings.HasPrefix(r.newState, `"`) {
			return fmt.Errorf("%s is no name of a state", r.newState)
		}
		return nil
	}
	return fmt.Errorf("the action %q is not known; write [Continue|Next|Error][.Record|.NoRecord|.Clear|.Clearall] [STATE]", strings.TrimSpace(text))
}

// substitute puts the values' expressions in place of ${NAME} and $NAME; $$ is a $. The same as Python's string.Template.
func substitute(text string, values []*value) (string, error) {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '$' {
			out.WriteByte(text[i])
			continue
		}
		if strings.HasPrefix(text[i+1:], "$") {
			out.WriteByte('$')
			i++
			continue
		}
		name, length := placeholder(text[i+1:])
		if name == "" {
			return "", errors.New("a $ names no value; the end of the line is written $$")
		}
		group := ""
		for _, v := range values {
			if v.name == name {
				group = v.group
			}
		}
		if group == "" {
			return "", fmt.Errorf("there is no value %s", name)
		}
		out.WriteString(group)
		i += length
	}
	return out.String(), nil
}

var (
	braced = regexp.MustCompile(`^\{([_a-zA-Z][_a-zA-Z0-9]*)\}`)
	bare   = regexp.MustCompile(`^([_a-zA-Z][_a-zA-Z0-9]*)`)
)

func placeholder(text string) (name string, length int) {
	for _, form := range []*regexp.Regexp{braced, bare} {
		if m := form.FindStringSubmatch(text); m != nil {
			return m[1], len(m[0])
		}
	}
	return "", 0
}
