// Package tracing follows one piece of work through the services, with OpenTelemetry.
//
// A span is started below the one in the context. Between processes its W3C traceparent travels as a header: [Accept] takes
// it from one, [Traceparent] gives it. Whether a trace is recorded is decided where it begins, and everyone after follows.
//
// A nil *[Tracer] and a nil *[Span] do nothing, without an allocation: that is what a process without an endpoint for its
// spans has. Ids go on all the same, so that the log lines of all services about one request carry the same trace_id.
//
// It promises that telling the endpoint holds nobody up: spans wait in a queue of bounded length, and what does not fit is
// dropped. What it leaves to the caller: no attribute holds a secret, so no text of a device and no raw command is one.
package tracing
