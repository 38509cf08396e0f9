package cli

import (
	"errors"
	"fmt"
)

// ErrNotSent: the stream had ended before the command was typed.
var ErrNotSent = errors.New("nothing was sent")

// Question: the device waits for an answer, which nobody gave.
type Question struct {
	Line string // what it asks
}

// Error quotes the question.
func (q *Question) Error() string { return fmt.Sprintf("the device asks: %s", q.Line) }

// StepError: what the device prints can no longer be assigned to commands. The stream must be closed.
type StepError struct {
	Reason string
}

// Error gives the reason.
func (e *StepError) Error() string { return e.Reason }
