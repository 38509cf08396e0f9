package ledger

import (
	"errors"
	"fmt"
	"time"
)

// Why a claim was not granted. All but ErrHeld mean that the message is done with: acknowledge it.
var (
	// ErrFinished: the task has its result.
	ErrFinished = errors.New("the task is finished")
	// ErrStale: the message releases an attempt that was already made.
	ErrStale = errors.New("the message is older than the ledger")
	// ErrGateClosed: the job takes no more claims.
	ErrGateClosed = errors.New("the job's gate is closed")
	// ErrHeld: a live holder is at work on the task. Do not acknowledge.
	ErrHeld = errors.New("another holder is at work on the task")
	// ErrDeviceBusy: the device is leased for another task; a record says that this one is to be released again.
	ErrDeviceBusy = errors.New("the device is leased for another task")
	// ErrSettled: the recovery wrote the task's outcome; there is nothing to run.
	ErrSettled = errors.New("the recovered task was given its outcome")
	// ErrTooEarly: the task may not be repeated, and its lost holder may touch the device for a while yet.
	ErrTooEarly = errors.New("the lost holder's exclusive time has not ended")
	// ErrLost: the claim is no longer ours; what was done is not recorded as a result.
	ErrLost = errors.New("the claim was taken over")
)

// ExpiredError says that an effect must not begin: it could end after the claim does.
type ExpiredError struct {
	Until time.Time
	Why   string
	// Silent says that the holder gave no sign of life for so long that others may take it for dead; otherwise the
	// exclusive time ends.
	Silent bool
}

// Error implements error.
func (e *ExpiredError) Error() string {
	return fmt.Sprintf("the claim ends at %s: %s", e.Until.UTC().Format(time.RFC3339), e.Why)
}
