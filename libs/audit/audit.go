// Package audit is how a service tells the audit what is in no other stream, and the hash that chains the audit's records.
//
// What JOBS and the ledger say (submissions, cancels, credential accesses, logins, commands, results) the audit reads
// there: nobody reports it twice. A [Reporter] is for the rest: refusals, tokens, imports, reads of what is secret.
//
// A report is never a reason to keep a person waiting for long, and never lost in silence: what cannot be stored now waits
// in a bounded queue, and what the queue cannot hold is counted and reported as a gap when NATS is back.
//
// The format of the log is docs/audit-format.md.
package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/netconfig/redact"
)

// FirstPrev is what the first record of a log names as the hash of the one before.
var FirstPrev = strings.Repeat("0", 2*sha256.Size)

// Hash is the hash of a record, in lower-case hexadecimal: SHA-256 over a zero byte and the record's bytes as they are
// stored. It is the hash of a leaf in RFC 6962 (section 2.1), so that a Merkle tree over the log needs no other.
func Hash(payload []byte) string {
	h := sha256.New()
	h.Write([]byte{0})
	h.Write(payload)
	return hex.EncodeToString(h.Sum(nil))
}

// TraceID returns the trace id of a W3C traceparent, or "".
func TraceID(traceparent string) string {
	p := strings.Split(traceparent, "-")
	if len(p) < 4 || len(p[1]) != 32 || strings.Trim(p[1], "0123456789abcdef") != "" || strings.Trim(p[1], "0") == "" {
		return ""
	}
	return p[1]
}

// kind is how kinds are written.
var kind = regexp.MustCompile(`^[a-z][a-z0-9_]*[.][a-z][a-z0-9_]*$`)

// PlainKind reports whether a text is a kind of events: a noun and a verb.
func PlainKind(text string) bool { return len(text) <= 64 && kind.MatchString(text) }

var (
	phase    = regexp.MustCompile(`^(run|(plan|apply|check|undo)-[0-9]+)$`)
	trace    = regexp.MustCompile(`^[0-9a-f]{32}$`)
	outcomes = []contract.AuditOutcome{
		contract.AuditRequested, contract.AuditIntended, contract.AuditSucceeded, contract.AuditFailed, contract.AuditRefused, contract.AuditCancelled,
		contract.AuditUncertain, contract.AuditUnknown,
	}
)

// Bounds of what one event may say, in bytes and entries. What is cut says so.
const (
	maxText     = 4 << 10
	maxName     = 253
	maxList     = 100
	maxEntries  = 32
	maxTogether = 12 << 10 // of a list or a map; one entry may exceed it
)

// all redacts by the rules of every platform.
var all = redact.New("")

// Clean returns the event as it may be recorded: as the schema allows it, in valid UTF-8, and without what looks like a secret
// in its free text. Its maps and lists are copies. Its kind and times are the caller's matter.
func Clean(e contract.AuditEvent) contract.AuditEvent {
	e.Actor.Service = cut(e.Actor.Service, 64)
	e.Actor.Principal = cut(e.Actor.Principal, maxName)
	e.Actor.Address = cut(e.Actor.Address, maxName)
	e.Actor.Role = cut(e.Actor.Role, 64)
	e.Actor.Incarnation = cut(e.Actor.Incarnation, 128)
	e.Object = cut(e.Object, 1024)
	e.JobID, e.DeviceID, e.Site = cut(e.JobID, 64), cut(e.DeviceID, maxName), cut(e.Site, 128)
	e.Attempt, e.Count = max(e.Attempt, 0), max(e.Count, 0)
	if !slices.Contains(outcomes, e.Outcome) {
		e.Outcome = contract.AuditUnknown
	}
	if !phase.MatchString(e.Phase) {
		e.Phase = ""
	}
	if !trace.MatchString(e.TraceID) {
		e.TraceID = ""
	}
	e.Reason = cut(all.Command(e.Reason), maxText)
	e.Commands = cleanList(e.Commands)
	e.Labels, e.Parameters = cleanMap(e.Labels), cleanMap(e.Parameters)
	return e
}

func cleanList(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	out := make([]string, 0, min(len(list), maxList))
	size := 0
	for i, text := range list {
		if i == maxList-1 && len(list) > maxList || size > maxTogether {
			return append(out, fmt.Sprintf("… and %d more", len(list)-i))
		}
		out = append(out, cut(all.Command(text), maxText))
		size += len(out[i])
	}
	return out
}

func cleanMap(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	out := make(map[string]string, min(len(m), maxEntries))
	keys := slices.Sorted(maps.Keys(m))
	size := 0
	for i, k := range keys {
		if i == maxEntries-1 && len(keys) > maxEntries || size > maxTogether {
			out["…"] = fmt.Sprintf("and %d more", len(keys)-i)
			break
		}
		v := cut(all.Command(m[k]), maxText)
		out[cut(k, maxName)] = v
		size += len(k) + len(v)
	}
	return out
}

// cut shortens a text to n bytes, at the border of a character, and marks that it did.
func cut(text string, n int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= n {
		return text
	}
	const mark = "…"
	text = text[:n-len(mark)]
	for len(text) > 0 {
		if r, size := utf8.DecodeLastRuneInString(text); r != utf8.RuneError || size > 1 {
			break
		}
		text = text[:len(text)-1]
	}
	return text + mark
}
