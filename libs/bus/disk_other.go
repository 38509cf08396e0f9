//go:build !linux && !darwin

package bus

import (
	"errors"
	"fmt"
)

// diskRoom is not known here: a full disk is seen when a write has failed.
func diskRoom(dir string) (room, error) {
	return room{}, fmt.Errorf("looking at the disk of %s: %w", dir, errors.ErrUnsupported)
}
