// Package client speaks the gateway's HTTP API for the command line.
//
// It promises that a call ends: every request has a deadline, and a stream that falls silent is taken up again where it
// stopped. It repeats a request whose answer was lost only when that is safe: reads, and submissions, each of which
// carries an Idempotency-Key, so that the repeated one is the same job. The token goes into the Authorization header and
// nowhere else.
//
// What the server refuses comes back as [api.Problem], a server that is not there as [NoServerError]. What to tell the
// operator, and the exit code, are the caller's.
package client
