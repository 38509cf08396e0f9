package command

import (
	"errors"
	"fmt"

	"github.com/netrust/netrust/libs/contract"
)

// Errors that callers branch on.
var (
	// ErrNoJob says that no job has that id.
	ErrNoJob = errors.New("no job has that id")
	// ErrKeyReused says that the idempotency key was used before with another body.
	ErrKeyReused = errors.New("the key was used before for another request")
	// ErrNothingToRetry says that the job reached every device.
	ErrNothingToRetry = errors.New("the job reached all of its devices")
)

// InvalidError says what is wrong with a spec. Nothing was published.
type InvalidError struct {
	Problems []contract.Problem
}

// Error implements error.
func (e *InvalidError) Error() string {
	if len(e.Problems) == 0 {
		return "the job is refused"
	}
	return fmt.Sprintf("the job is refused: %v", e.Problems[0])
}

// StateError says that a job is in a state in which it cannot be cancelled or retried.
type StateError struct {
	JobID string
	State contract.JobState
}

// Error implements error.
func (e *StateError) Error() string { return "job " + e.JobID + " is " + string(e.State) }
