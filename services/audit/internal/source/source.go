// Package source reads what the services say to each other, and makes audit events of it. It decides from a message alone
// and does no I/O: the same message gives the same events, whoever reads it and whenever.
//
// Every message of a source that can mean something gives at least one event; one that cannot be read gives an event that
// says so, with the message's digest. Nothing is left out in silence.
package source

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/netrust/netrust/libs/audit"
	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
)

// Source is a stream that the audit reads.
type Source struct {
	Stream  string
	Filters []string
	// Whole says that the audit reads every message of the stream, so that a jump in the sequences is a loss.
	Whole  bool
	derive func(bus.Stored) ([]contract.AuditEvent, error)
}

// Sources lists all of them.
func Sources() []Source {
	return []Source{
		{Stream: contract.StreamJobs, Whole: true, derive: fromJobs},
		{Stream: ledger.Stream, Filters: []string{ledger.Subject(contract.TaskRecords)}, derive: fromLedger},
		{Stream: contract.StreamDLQ, derive: fromDeadLetters},
		{Stream: contract.StreamIntake, Whole: true, derive: fromIntake},
	}
}

// Events makes the events of one message, cleaned.
func (s *Source) Events(m bus.Stored) []contract.AuditEvent {
	events, err := s.derive(m)
	for i := range events {
		if err == nil && !audit.PlainKind(events[i].Kind) {
			err = fmt.Errorf("it gives an event of kind %q", events[i].Kind) // which nobody could publish
		}
	}
	if err != nil {
		events = []contract.AuditEvent{unknown(m, err)}
	}
	trace := audit.TraceID(m.HeaderValue(contract.HeaderTraceparent))
	for i := range events {
		e := &events[i]
		if e.At = e.At.UTC(); e.At.Year() <= 1 || e.At.Year() > 9999 { // not set, or no time that JSON can hold
			e.At = m.Time.UTC()
		}
		if e.TraceID == "" {
			e.TraceID = trace
		}
		if e.Actor.Service == "" {
			e.Actor.Service = sender(m)
		}
		*e = audit.Clean(*e)
	}
	return events
}

// sender is the service that published a message, by its envelope.
func sender(m bus.Stored) string {
	from := strings.TrimPrefix(strings.TrimPrefix(m.HeaderValue(contract.HeaderSource), "netrust/"), "netrust-")
	if from == "" || len(from) > 64 {
		return "unknown"
	}
	return from
}

// unknown is the event of a message that this version cannot read.
func unknown(m bus.Stored, why error) contract.AuditEvent {
	sum := sha256.Sum256(m.Data)
	return contract.AuditEvent{
		Kind: contract.AuditMessageUnknown, At: m.Time, Outcome: contract.AuditUnknown, Actor: contract.AuditActor{Service: sender(m)},
		Reason: fmt.Sprintf("the message cannot be read: %v", why),
		Parameters: map[string]string{
			"subject": m.Subject, "type": m.HeaderValue(contract.HeaderType), "sha256": hex.EncodeToString(sum[:]), "bytes": strconv.Itoa(len(m.Data)),
		},
	}
}

// parameters makes a map of names and values, without the empty ones.
func parameters(pairs ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			m[pairs[i]] = pairs[i+1]
		}
	}
	if len(m) == 0 {
		return nil
	}
	return m
}

// yes is "true" or nothing.
func yes(b bool) string {
	if b {
		return "true"
	}
	return ""
}

// number is a number that is not 0.
func number[N ~int | ~int64 | ~uint64](n N) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}
