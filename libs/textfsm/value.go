package textfsm

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/netrust/netrust/libs/textfsm/internal/pyregex"
)

// maxName is the longest name of a value or state.
const maxName = 48

// option of a value.
type option string

// The options, as templates write them.
const (
	required option = "Required"
	filldown option = "Filldown"
	fillup   option = "Fillup"
	key      option = "Key"
	list     option = "List"
)

var options = []option{required, filldown, fillup, key, list}

// value is a column of the records.
type value struct {
	name    string
	options []option
	// group is the expression as rules contain it: (?P<NAME>…).
	group string
	// re is the expression alone, of a List only: its named groups make an item.
	re *pyregex.Regexp
}

func (v *value) has(o option) bool { return slices.Contains(v.options, o) }

// parseValue reads "Value [options] NAME (regex)".
func parseValue(line string) (*value, error) {
	words := strings.Split(line, " ")
	if len(words) < 3 {
		return nil, errors.New("a value is written: Value [options] NAME (expression)")
	}
	v := &value{}
	rest := words[2:]
	if strings.HasPrefix(words[2], "(") {
		v.name = words[1]
	} else {
		v.name, rest = words[2], words[3:]
		if err := v.setOptions(words[1]); err != nil {
			return nil, err
		}
	}
	if v.name == "" || len(v.name) > maxName {
		return nil, fmt.Errorf("the name %q is empty or longer than %d characters", v.name, maxName)
	}
	expression := strings.Join(rest, " ")
	if len(expression) < 2 || expression[0] != '(' || expression[len(expression)-1] != ')' {
		return nil, fmt.Errorf("the expression of %s is not in parentheses: %q", v.name, expression)
	}
	if v.has(list) {
		var err error
		if v.re, err = pyregex.Compile(expression); err != nil {
			return nil, fmt.Errorf("the expression of %s: %w", v.name, err)
		}
	}
	v.group = "(?P<" + v.name + ">" + expression[1:]
	return v, nil
}

func (v *value) setOptions(text string) error {
	for _, word := range strings.Split(text, ",") {
		o := option(word)
		if !slices.Contains(options, o) {
			return fmt.Errorf("there is no option %q; there are %v", word, options)
		}
		if v.has(o) {
			return fmt.Errorf("the option %s is given twice", word)
		}
		v.options = append(v.options, o)
	}
	return nil
}
