//go:build !unix

package lock

import (
	"fmt"
	"os"
	"runtime"
)

// exclusive refuses: without a lock that dies with its process, two servers could use the same streams.
func exclusive(*os.File) error {
	return fmt.Errorf("running a server on %s is not supported", runtime.GOOS)
}
