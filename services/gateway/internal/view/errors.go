package view

import "errors"

var (
	// ErrNotFound says that the view knows no such job or task. It may not have heard of it yet.
	ErrNotFound = errors.New("not in the view")
	// ErrInUse says that another process works on the same data directory.
	ErrInUse = errors.New("the data directory is in use by another process; give each gateway its own")
	// ErrCursor says that a page cursor is not one that this API gave out.
	ErrCursor = errors.New("not a cursor of this list; start again without one")
)
