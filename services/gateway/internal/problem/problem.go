// Package problem makes the gateway's errors: one body for all of them (RFC 9457), which says what is wrong, in which
// field, and what to do.
package problem

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

// Error is an error as the API answers it. Huma recognises it by its methods.
type Error struct {
	api.Problem
	header http.Header
}

// New makes an error of the status. Detail is a sentence for a person.
func New(status int, detail string, faults ...contract.Problem) *Error {
	return &Error{Problem: api.Problem{Title: http.StatusText(status), Status: status, Detail: detail, Errors: faults}, header: http.Header{}}
}

// Invalid is a 422 about what the body says.
func Invalid(faults []contract.Problem) *Error {
	return New(http.StatusUnprocessableEntity, summary(faults), faults...)
}

// Malformed is a 400: the body cannot be read at all, or has fields that nobody knows.
func Malformed(faults []contract.Problem) *Error {
	return New(http.StatusBadRequest, summary(faults), faults...)
}

// Field is a 422 about one field or parameter.
func Field(field, message, remedy string) *Error {
	return Invalid([]contract.Problem{{Field: field, Message: message, Remedy: remedy}})
}

// Unavailable is a 503 that says what does not answer and when to try again.
func Unavailable(detail string) *Error {
	return New(http.StatusServiceUnavailable, detail).WithHeader("Retry-After", "5")
}

// ForJob names the job that the error is about.
func (e *Error) ForJob(id string) *Error {
	e.JobID = id
	return e
}

// WithHeader adds a header to the answer.
func (e *Error) WithHeader(key, value string) *Error {
	e.header.Set(key, value)
	return e
}

// GetStatus is the answer's status.
func (e *Error) GetStatus() int { return e.Status }

// GetHeaders are headers of the answer besides its type.
func (e *Error) GetHeaders() http.Header { return e.header }

// ContentType is the answer's media type, whatever was asked for.
func (e *Error) ContentType(string) string { return api.MediaProblem }

// MarshalJSON writes the problem alone.
func (e *Error) MarshalJSON() ([]byte, error) { return json.Marshal(&e.Problem) }

// Write answers with the error.
func (e *Error) Write(w http.ResponseWriter) {
	for k, v := range e.header {
		w.Header()[k] = v
	}
	body, err := json.Marshal(e)
	if err != nil { // strings and numbers always marshal
		body = []byte(`{"title":"Internal Server Error","status":500}`)
	}
	w.Header().Set("Content-Type", api.MediaProblem)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)+1))
	w.WriteHeader(e.Status)
	_, _ = w.Write(append(body, '\n')) // the client has gone: nobody is left to tell
}

// summary is the faults as one line, the first ones.
func summary(faults []contract.Problem) string {
	const shown = 3
	var lines []string
	for i, f := range faults {
		if i == shown {
			lines = append(lines, strconv.Itoa(len(faults)-shown)+" more")
			break
		}
		lines = append(lines, f.Error())
	}
	return strings.Join(lines, "; ")
}
