package credential

import (
	"fmt"
	"strings"
)

// ReferenceError says why a text is no reference. It does not hold the text.
type ReferenceError struct {
	Message string
	Remedy  string
}

// Error implements error.
func (e *ReferenceError) Error() string { return "the credential " + e.Message + "; " + e.Remedy }

// UnknownSchemeError says that nobody resolves references of that scheme. Scheme is empty when the text came from
// outside, where it may be a secret.
type UnknownSchemeError struct {
	Scheme string
	Known  []string
}

// Error implements error.
func (e *UnknownSchemeError) Error() string {
	known := e.Known
	if known == nil {
		known = []string{SchemeEnv, SchemeFile, SchemeAge}
	}
	scheme := ""
	if e.Scheme != "" {
		scheme = " " + e.Scheme + ":"
	}
	return fmt.Sprintf("the credential's scheme%s is not known; use one of %s:", scheme, strings.Join(known, ":, "))
}

// MissingError says that a credential, or a part of it that is needed, is not there.
type MissingError struct {
	Reference Reference
	// Missing names what is not set: variables, or fields of an entry.
	Missing []string
	Remedy  string
}

// Error implements error.
func (e *MissingError) Error() string {
	return fmt.Sprintf("credential %s: %s not set; %s", e.Reference, strings.Join(e.Missing, " and "), e.Remedy)
}

// FileError says why a file with secrets cannot be used.
type FileError struct {
	Path    string
	Line    int // 0 when the fault is not in a line
	Message string
	Remedy  string
	Err     error // from the operating system; nil otherwise
}

// Error implements error.
func (e *FileError) Error() string {
	place := e.Path
	if e.Line > 0 {
		place = fmt.Sprintf("%s line %d", e.Path, e.Line)
	}
	return fmt.Sprintf("%s: %s; %s", place, e.Message, e.Remedy)
}

// Unwrap returns the error of the operating system.
func (e *FileError) Unwrap() error { return e.Err }
