package client

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"
)

// NoServerError says that nothing answers at the address.
type NoServerError struct {
	Server string
	Cause  error
}

// Error implements error.
func (e *NoServerError) Error() string {
	return fmt.Sprintf("no netrust server answers at %s (%s): start one with `netrust up`, or name another with --server or NETRUST_SERVER",
		e.Server, rootCause(e.Cause))
}

// Unwrap returns what the network said.
func (e *NoServerError) Unwrap() error { return e.Cause }

// ForeignAnswerError says that something answered which is not netrust's gateway.
type ForeignAnswerError struct {
	Server string
	What   string
	// Status is the HTTP status where that is what was wrong.
	Status int
}

// Error implements error.
func (e *ForeignAnswerError) Error() string {
	return fmt.Sprintf("what answers at %s is not a netrust gateway (%s): check --server or NETRUST_SERVER", e.Server, e.What)
}

// LostError says that a stream could not be taken up again in time.
type LostError struct {
	Server string
	For    time.Duration
	Cause  error
}

// Error implements error.
func (e *LostError) Error() string {
	return fmt.Sprintf("the server at %s has not answered for %s: %v", e.Server, e.For.Round(time.Second), e.Cause)
}

// Unwrap returns the last failure.
func (e *LostError) Unwrap() error { return e.Cause }

// rootCause is the end of a network error, which is all that a person needs of it.
func rootCause(err error) string {
	var errno syscall.Errno
	var dns *net.DNSError
	switch {
	case errors.As(err, &errno):
		return errno.Error()
	case errors.As(err, &dns):
		return strings.TrimPrefix(dns.Error(), "lookup ")
	case err == nil:
		return "no answer"
	}
	return err.Error()
}
