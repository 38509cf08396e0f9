// Package lab runs thousands of simulated network devices in one process: one loopback address each, real SSH, and the
// output of real devices.
//
// It promises that a client sees what it would see of a real device as far as the README tells: the login methods, the
// prompt of each mode, echo, paging, the wording of errors, the running config that follows what is configured. Every
// device counts what it receives, so that a test can tell how often something happened to it, and misbehaves on request
// (package [github.com/netrust/netrust/lab/fault]). The same lab from the same seed has the same names, host keys,
// passwords and secrets.
//
// A lab listens on loopback only and is of no use for anything but tests, demonstrations and benchmarks: its passwords
// follow from its seed.
//
//	l, err := lab.New(lab.Config{Devices: 24})
//	go func() { done <- l.Run(ctx) }()
//	<-l.Ready() // or done: Run failed
//	inventory := l.InventoryYAML()
//
// [New] starts nothing. [Lab.Run] blocks until its context ends; when it returns, every socket is closed and every
// goroutine has ended. All methods may be called from any goroutine.
package lab
