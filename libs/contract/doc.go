// Package contract holds what netrust's services say to each other: the messages as Go types, the subjects and keys they
// travel under, and the ids derived from what happened.
//
// The truth is schemas/ (one JSON Schema per message); a test holds these types against it in both directions. Subjects
// and keys are built and parsed here and nowhere else. Within a major version only optional fields are added, and
// readers ignore fields they do not know. Times are UTC; units are in the names.
//
// The package does no I/O. All its functions are safe for concurrent use.
package contract
