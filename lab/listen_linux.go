package lab

import "syscall"

// bindToLoopback keeps packets from outside away from a socket that listens on the wildcard address. Kernels before
// 5.7 let only root do so: the check of each connection's address has to do there, so an error is no reason to stop.
func bindToLoopback(_, _ string, raw syscall.RawConn) error {
	return raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptString(int(fd), syscall.SOL_SOCKET, syscall.SO_BINDTODEVICE, "lo")
	})
}

// openFiles is how many files the process may open.
func openFiles() (limit uint64, known bool) {
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r); err != nil {
		return 0, false
	}
	return r.Cur, true
}
