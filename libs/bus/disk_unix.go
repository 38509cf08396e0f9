//go:build linux || darwin

package bus

import (
	"fmt"
	"syscall"
)

// diskRoom looks what the disk of a directory has left for a process without privileges.
func diskRoom(dir string) (room, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return room{}, fmt.Errorf("looking at the disk of %s: %w", dir, err)
	}
	size := uint64(s.Bsize)
	return newRoom(dir, uint64(s.Bavail)*size, uint64(s.Blocks)*size, uint64(s.Ffree), uint64(s.Files)), nil
}
