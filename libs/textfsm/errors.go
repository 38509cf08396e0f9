package textfsm

import "fmt"

// TemplateError says what is wrong with a template or an index.
type TemplateError struct {
	File    string
	Line    int // from 1; 0: the whole file
	Message string
	Err     error // what is behind it, or nil
}

// Error is file, line and fault.
func (e *TemplateError) Error() string {
	at := e.File
	if e.Line > 0 {
		at = fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", at, e.Message, e.Err)
	}
	return at + ": " + e.Message
}

// Unwrap gives what is behind it.
func (e *TemplateError) Unwrap() error { return e.Err }

// NoTemplateError says that no template is for the command on the platform.
type NoTemplateError struct{ Platform, Command string }

// Error says so.
func (e *NoTemplateError) Error() string {
	return fmt.Sprintf("no template is for the command %q on %s", e.Command, e.Platform)
}

// ParseError says that the template refuses the text, by an Error action or because a line took too long.
type ParseError struct {
	Template string
	Line     int    // of the text, from 1
	Text     string // that line
	Message  string
	Err      error // what is behind it, or nil
}

// Error names template, line and reason.
func (e *ParseError) Error() string {
	text := fmt.Sprintf("%s: line %d of the output (%q): %s", e.Template, e.Line, e.Text, e.Message)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap gives what is behind it.
func (e *ParseError) Unwrap() error { return e.Err }
