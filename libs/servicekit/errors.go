package servicekit

import (
	"errors"
	"fmt"
	"strings"
)

// FaultError is one fault of the settings: where, what is wrong, what to do.
type FaultError struct {
	// Path names the field as in the YAML file: drain_timeout, executor.slots.
	Path    string
	Message string
	Remedy  string
}

// Error implements error.
func (e *FaultError) Error() string {
	s := e.Path + ": " + e.Message
	if e.Remedy != "" {
		s += "; " + e.Remedy
	}
	return s
}

// Fault makes a [FaultError]. A Validate method collects its faults with errors.Join.
func Fault(path, remedy, format string, args ...any) error {
	return &FaultError{Path: path, Message: fmt.Sprintf(format, args...), Remedy: remedy}
}

// IsFault reports whether an error is a fault of the settings, which some show only in use: to start again with the same ones is in vain.
func IsFault(err error) bool { return errors.As(err, new(*FaultError)) }

// ErrForced is the cause of an end by a second signal.
var ErrForced = errors.New("stopped at once by a second signal: work in hand was not ended in order")

// faults splits a joined error and puts prefix before the path of each part.
func faults(prefix string, err error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var out []error
		for _, e := range joined.Unwrap() {
			out = append(out, faults(prefix, e)...)
		}
		return out
	}
	if prefix == "" {
		return []error{err}
	}
	var f *FaultError
	if errors.As(err, &f) && !strings.HasPrefix(f.Path, prefix+".") {
		return []error{&FaultError{Path: prefix + "." + f.Path, Message: f.Message, Remedy: f.Remedy}}
	}
	return []error{fmt.Errorf("%s: %w", prefix, err)}
}
