//go:build unix

package agefile

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"github.com/netrust/netrust/libs/credential"
)

// tryEvery is how often a held lock is asked for.
const tryEvery = 50 * time.Millisecond

// exclusive waits for the lock of the file, which dies with its process. The lock file stays: removing it could remove the
// lock of the next process.
func exclusive(ctx context.Context, path string) (release func(), err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, &credential.FileError{Path: path, Message: "cannot be made: " + plain(err), Remedy: "choose a folder that this user may write", Err: err}
	}
	ticker := time.NewTicker(tryEvery)
	defer ticker.Stop()
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = file.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			_ = file.Close()
			return nil, &credential.FileError{Path: path, Message: "cannot be locked: " + err.Error(), Remedy: "keep the file on a file system with locks", Err: err}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			_ = file.Close()
			return nil, &credential.FileError{Path: path, Message: "is held by another process that writes the credentials", Remedy: "let it end, then try again", Err: context.Cause(ctx)}
		}
	}
}
