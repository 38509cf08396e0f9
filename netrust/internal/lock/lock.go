// Package lock keeps a data directory for one process: two servers on the same streams would destroy them.
//
// The lock dies with its process, however that ends, so nothing has to be cleaned up after a crash.
package lock

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// HeldError says that another process has the directory.
type HeldError struct {
	Dir string
	PID int // 0 where it is not known
}

// Error implements error.
func (e *HeldError) Error() string {
	who := "another netrust"
	if e.PID > 0 {
		who += fmt.Sprintf(" (process %d)", e.PID)
	}
	return fmt.Sprintf("the data directory %s is in use by %s: stop that one, or choose another directory with --data-dir", e.Dir, who)
}

// DirError says that the directory cannot be used.
type DirError struct {
	Dir string
	Err error
}

// Error implements error.
func (e *DirError) Error() string {
	return fmt.Sprintf("the data directory %s cannot be used: %v; make it writable for this user, or choose another with --data-dir", e.Dir, e.Err)
}

// Unwrap returns what the system said.
func (e *DirError) Unwrap() error { return e.Err }

// Lock is a held directory.
type Lock struct{ file *os.File }

var errHeld = errors.New("held by another process")

// Take makes the directory, for its owner alone, and locks it. It does not wait: a directory in use is a [HeldError].
func Take(dir string) (*Lock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, &DirError{Dir: dir, Err: err}
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, &DirError{Dir: dir, Err: err}
	}
	if err := exclusive(f); err != nil {
		defer f.Close()
		if errors.Is(err, errHeld) {
			return nil, &HeldError{Dir: dir, PID: readPID(f)}
		}
		return nil, &DirError{Dir: dir, Err: err}
	}
	if err := writePID(f); err != nil {
		f.Close()
		return nil, &DirError{Dir: dir, Err: err}
	}
	return &Lock{file: f}, nil
}

// Release gives the directory back. The file stays: removing it could remove the lock of the next process.
func (l *Lock) Release() error { return l.file.Close() }

func writePID(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

func readPID(f *os.File) int {
	text, err := io.ReadAll(io.LimitReader(f, 32))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0
	}
	return pid
}
