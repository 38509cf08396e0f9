package driver

import "context"

// Kept is a session that can stay open between tasks. The sessions of a driver are of this kind or they are not; those that
// are not are closed when their task is done.
//
// Ping may be called while a command runs; the others may not.
type Kept interface {
	Session
	// Fresh reports whether the next task would find the session as Open gave it: connected, in step, at the prompt that it
	// began with, and nothing was typed in it but reads of the platform's grammar, which leave no trace. It sends nothing.
	Fresh() bool
	// Resume begins another use of the session. It returns an error when the connection is known to be lost, and, where check
	// is set, when the device gives no sign of life before ctx ends; the session is closed then. Should it turn out to be lost
	// before the first command was sent, Run fails with Effect none.
	Resume(ctx context.Context, check bool) error
	// Ping asks the device for a sign of life, and closes the connection when none comes before ctx ends.
	Ping(ctx context.Context) error
	// Leave ends the session so that the device knows it: it waits until the device has closed its side, at most until ctx
	// ends. Then it does what Close does.
	Leave(ctx context.Context)
}
