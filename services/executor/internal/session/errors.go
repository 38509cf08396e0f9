package session

import (
	"errors"
	"fmt"
	"time"
)

// HeldError: another executor may still have a session on the device, so none was opened.
type HeldError struct {
	DeviceID string
	Holder   string // the executor's incarnation
	Why      string
	// Wait is after which time another attempt may find it closed.
	Wait time.Duration
}

// Error says who and why.
func (e *HeldError) Error() string {
	return fmt.Sprintf("executor %s may still have a session on %s: %s", e.Holder, e.DeviceID, e.Why)
}

// ErrNoSession: no session was open, and the task was not to log in.
var ErrNoSession = errors.New("it needs a login, and none has succeeded in the job yet")
