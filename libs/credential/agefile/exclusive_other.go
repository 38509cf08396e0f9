//go:build !unix

package agefile

import (
	"context"
	"runtime"

	"github.com/netrust/netrust/libs/credential"
)

// exclusive refuses: without a lock that dies with its process, two writers could lose each other's credentials.
func exclusive(_ context.Context, path string) (func(), error) {
	return nil, &credential.FileError{Path: path, Message: "cannot be locked on " + runtime.GOOS, Remedy: "write the credentials file on a Unix system"}
}
