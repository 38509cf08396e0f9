package torture

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// monotonic reads the clock that all processes of the machine share and that nobody sets.
func monotonic() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		panic(fmt.Sprintf("reading CLOCK_MONOTONIC: %v", err)) // it exists on every Linux
	}
	return time.Duration(t.Nano())
}
