package render

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/goccy/go-yaml"
)

// Format is how results are written.
type Format string

// The formats. JSON is the API's own; YAML is the same with the same names.
const (
	FormatTable Format = "table"
	FormatJSON  Format = "json"
	FormatYAML  Format = "yaml"
)

// Formats lists them.
var Formats = []string{string(FormatTable), string(FormatJSON), string(FormatYAML)}

// Encode writes v, a body of the API, as JSON or YAML.
func Encode(w io.Writer, f Format, v any) error {
	text, err := encode(f, v)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

func encode(f Format, v any) ([]byte, error) {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding the output: %w", err)
	}
	if f == FormatJSON {
		return append(text, '\n'), nil
	}
	text, err = yaml.JSONToYAML(text) // by way of JSON, so that the names are the API's
	if err != nil {
		return nil, fmt.Errorf("encoding the output as YAML: %w", err)
	}
	return text, nil
}

// List writes a body of the API that is one long list, {"<key>": [...]}, entry by entry, so that its size does not matter.
type List struct {
	w      io.Writer
	format Format
	key    string
	n      int
}

// NewList starts a list.
func NewList(w io.Writer, f Format, key string) *List { return &List{w: w, format: f, key: key} }

// Add writes an entry.
func (l *List) Add(v any) error {
	text, err := encode(l.format, v)
	if err != nil {
		return err
	}
	entry := strings.TrimRight(string(text), "\n")
	var lead string
	if l.format == FormatJSON {
		lead = ",\n"
		if l.n == 0 {
			lead = "{\n  " + fmt.Sprintf("%q", l.key) + ": [\n"
		}
		entry = "    " + strings.ReplaceAll(entry, "\n", "\n    ")
	} else {
		if l.n == 0 {
			lead = l.key + ":\n"
		}
		entry = "- " + strings.ReplaceAll(entry, "\n", "\n  ") + "\n"
		entry = strings.ReplaceAll(entry, "\n  \n", "\n\n") // empty lines of a literal stay empty
	}
	l.n++
	_, err = io.WriteString(l.w, lead+entry)
	return err
}

// End writes what closes the list.
func (l *List) End() error {
	var end string
	switch {
	case l.format == FormatJSON && l.n == 0:
		end = "{\n  " + fmt.Sprintf("%q", l.key) + ": []\n}\n"
	case l.format == FormatJSON:
		end = "\n  ]\n}\n"
	case l.n == 0:
		end = l.key + ": []\n"
	}
	_, err := io.WriteString(l.w, end)
	return err
}
