// Package rest is the gateway's HTTP API: routes, who may call them, bodies in and out, and streams of events.
//
// Every answer that is not a success is a problem (RFC 9457), whatever failed: a route that does not exist, a token, a
// body, a panic. Every operation but health names the least role that may call it, in the same place where it is
// declared, and one that names none is refused at start. Bodies are read strictly: a field that nobody knows is an error
// that names it.
package rest
