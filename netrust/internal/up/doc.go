// Package up runs all of netrust in one process: NATS embedded, scheduler, executor, gateway and audit, on loopback, and, if asked
// for, a lab of simulated devices.
//
// It promises one process per data directory, an orderly end in the reverse order of the start, and that the commands of
// the same user find the server without being told: it writes down its address, and keeps the first admin token in a file
// that only this user can read.
package up
