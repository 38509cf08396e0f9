package lab

import "errors"

var (
	// ErrNoSuchDevice says that the lab has no device with the id.
	ErrNoSuchDevice = errors.New("no such device in the lab")
	// ErrOpenFiles says that the process may not open as many files as the lab needs. The message tells the numbers.
	ErrOpenFiles = errors.New("limit on open files too low for the lab")
	// ErrRunning says that Run was called twice.
	ErrRunning = errors.New("the lab has been run already")
)
