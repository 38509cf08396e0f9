package textfsm

import (
	"errors"
	"fmt"
	"strings"

	"github.com/netrust/netrust/libs/textfsm/internal/pyregex"
)

// index says which templates are for which command. The first row that fits counts.
type index struct{ rows []indexRow }

type indexRow struct {
	templates []string
	// match has an expression per column but Template, by the column's name in lower case.
	match map[string]*pyregex.Regexp
}

// parseIndex reads an index: comma-separated, # begins a comment, the first line names the columns.
func parseIndex(name, text string) (*index, error) {
	x := &index{}
	var columns []string
	for n, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		cells := strings.Split(line, ",")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		var err error
		if columns == nil {
			columns, err = header(cells)
		} else {
			err = x.add(columns, cells)
		}
		if err != nil {
			return nil, &TemplateError{File: name, Line: n + 1, Message: "the index cannot be read", Err: err}
		}
	}
	if columns == nil {
		return nil, &TemplateError{File: name, Message: "the index has no line that names its columns: Template, Hostname, Platform, Command"}
	}
	return x, nil
}

func header(cells []string) ([]string, error) {
	columns := make([]string, len(cells))
	found := 0
	for i, c := range cells {
		columns[i] = strings.ToLower(c)
		if columns[i] == "platform" || columns[i] == "command" || columns[i] == "template" {
			found++
		}
	}
	if found != 3 {
		return nil, errors.New("its columns are Template, Hostname, Platform, Command")
	}
	return columns, nil
}

func (x *index) add(columns, cells []string) error {
	if len(cells) != len(columns) {
		return fmt.Errorf("it has %d columns, the first line %d", len(cells), len(columns))
	}
	row := indexRow{match: map[string]*pyregex.Regexp{}}
	for i, column := range columns {
		if column == "template" {
			row.templates = strings.Split(cells[i], ":")
			continue
		}
		expression, err := completions(cells[i])
		if err != nil {
			return err
		}
		if row.match[column], err = pyregex.Compile(expression); err != nil {
			return err
		}
	}
	x.rows = append(x.rows, row)
	return nil
}

// completions expands sh[[ow]] to sh(o(w)?)?: a command may be cut short there.
func completions(text string) (string, error) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "[[")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		optional, after, closed := strings.Cut(rest, "]]")
		if !closed || optional == "" {
			return "", fmt.Errorf("[[ is not closed by ]]: %s", text)
		}
		for _, c := range optional {
			out.WriteByte('(')
			out.WriteRune(c)
		}
		out.WriteString(strings.Repeat(")?", len([]rune(optional))))
		text = after
	}
}

// find returns the templates of the first row that fits, from the start of each cell on, or nil.
func (x *index) find(want map[string]string) ([]string, error) {
rows:
	for _, row := range x.rows {
		for column, text := range want {
			re := row.match[column]
			if re == nil {
				continue
			}
			m, err := re.Match(text)
			if err != nil {
				return nil, err
			}
			if m == nil {
				continue rows
			}
		}
		return row.templates, nil
	}
	return nil, nil
}
