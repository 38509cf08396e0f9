// Package ledger makes each task run once and each device serve one holder at a time.
//
// A [Holder] is one executor process. It claims tasks, and finishes or delays them; claims and finishes are written in
// groups, each as one atomic batch: either all of a batch stands or none of it. Every record names the one that it was
// decided from, so a second claim and a second finish are refused, also after any crash. Each job in a batch of claims
// adds an expectation on the job's gate: once the gate is closed, nothing more is claimed.
//
// Why it is safe: what decides is one stream's check of sequences, never a clock; a claim stands before the first byte is
// sent to a device; nothing is written after finished. Devices cannot check a token: an attempt therefore states until
// when it alone may touch the device, asks [Lease.Check] before each effect, and nobody takes a device from an attempt that may
// not be repeated before then. Why it makes progress: a holder's liveness key dies with it, and the scheduler then
// releases a recovery for each of its claims ([Holder.Recover]).
//
// What callers put up with: a holder that dies with a task that may not be repeated blocks the device until its
// exclusive time ends, and the task ends as uncertain.
package ledger
