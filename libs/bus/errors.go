package bus

import (
	"cmp"
	"errors"
	"fmt"
)

// Errors that callers branch on.
var (
	// ErrConflict: an expectation about a last sequence was wrong; nothing was written.
	ErrConflict = errors.New("somebody else wrote first")
	// ErrUnknownOutcome: the server did not answer; the write may stand or not. Write it again in a way that is
	// harmless when it stands, or read.
	ErrUnknownOutcome = errors.New("no answer from NATS: the write may stand or not")
	// ErrNoWrites: the server said beforehand that it takes no writes (its disk is full); nothing was sent.
	ErrNoWrites = errors.New("NATS takes no writes")
	// ErrNoStream: nothing took the write: the stream is not there, or JetStream is starting.
	ErrNoStream = errors.New("no stream takes it, or JetStream is starting")
	// ErrAltered: an object is there, and is not what its name says.
	ErrAltered = errors.New("the object was altered")
	// ErrNotFound: no such message, key or object.
	ErrNotFound = errors.New("not found")
)

// DeniedError says that the server does not permit a user a subject. Nothing was written.
type DeniedError struct {
	User    string // "" for the administrator
	Subject string
}

// Error implements error.
func (e *DeniedError) Error() string {
	return fmt.Sprintf("NATS does not permit the user %s to use %s: "+
		"its permissions come from schemas/asyncapi.yaml; give the server those of this release, or log in as the right user", cmp.Or(e.User, ServerUser), e.Subject)
}

// ServerError is a refusal by the server. Nothing was written.
type ServerError struct {
	Subject     string
	Code        int // JetStream's error code
	Description string
}

// Error implements error.
func (e *ServerError) Error() string {
	return fmt.Sprintf("publishing to %s: refused by JetStream: %s (%d)", e.Subject, e.Description, e.Code)
}

// Codes of refusals (read from the server's module and tried).
const (
	codeWrongLastSequence = 10071
	codeWrongLastInFlight = 10164
	codeRollupInBatch     = 10111
	codeIncomplete        = 10176 // a part of a batch is missing
	codeNoResources       = 10023
	codeNoStorage         = 10047
	codeStoreFailed       = 10077
	codeNoStream          = 10059
)

// Is makes wrong expectations match [ErrConflict].
func (e *ServerError) Is(target error) bool {
	return target == ErrConflict &&
		(e.Code == codeWrongLastSequence || e.Code == codeWrongLastInFlight || e.Code == codeRollupInBatch)
}

// Storage reports whether the server refused for want of room.
func (e *ServerError) Storage() bool {
	return e.Code == codeNoResources || e.Code == codeNoStorage || e.Code == codeStoreFailed
}
