package contract

import (
	"fmt"
	"strings"
	"time"
)

// Kinds of audit events: noun and verb. The list grows; readers take what they do not know as it is.
const (
	AuditJobSubmitted       = "job.submitted"
	AuditJobCancelAsked     = "job.cancel_asked"
	AuditJobPlanned         = "job.planned"
	AuditJobStarted         = "job.started"
	AuditJobStopping        = "job.stopping"
	AuditJobWave            = "job.wave" // one began or ended
	AuditJobEnded           = "job.ended"
	AuditCredentialAccessed = "credential.accessed" // by reference, never the value
	AuditCommandClaimed     = "command.claimed"     // written before the command can reach the device
	AuditDeviceLogin        = "device.login"
	AuditTaskDelayed        = "task.delayed"
	AuditTaskFinished       = "task.finished"
	AuditRequestRefused     = "request.refused" // at the gateway
	AuditTokenCreated       = "token.created"
	AuditTokenRevoked       = "token.revoked"
	AuditInventoryImported  = "inventory.imported"
	AuditLogExported        = "audit.exported" // the log was read byte by byte
	AuditLetterSetAside     = "deadletter.set_aside"
	AuditLetterAsked        = "deadletter.asked" // for a replay, or that it is discarded
	AuditLetterDecided      = "deadletter.decided"
	AuditMessageUnknown     = "message.unknown" // of a source, that this audit cannot read
	AuditLogGap             = "log.gap"         // what was not recorded, and why
)

// AuditOutcome says how what happened ended.
type AuditOutcome string

// The outcomes.
const (
	AuditRequested AuditOutcome = "requested" // asked for, and taken
	AuditIntended  AuditOutcome = "intended"  // written down before it is done
	AuditSucceeded AuditOutcome = "succeeded"
	AuditFailed    AuditOutcome = "failed"
	AuditRefused   AuditOutcome = "refused"
	AuditCancelled AuditOutcome = "cancelled"
	AuditUncertain AuditOutcome = "uncertain"
	AuditUnknown   AuditOutcome = "unknown"
)

// AuditEvent is what somebody did, tried or was refused. It holds no secret: who makes one redacts it. By itself it is a
// report to the audit, on the intake, of what is in no other stream.
// Published by any service; consumed by audit.
type AuditEvent struct {
	Kind    string       `json:"kind"`
	At      time.Time    `json:"at"`
	Actor   AuditActor   `json:"actor"`
	Outcome AuditOutcome `json:"outcome"`
	// Object is what it was done to ("token/nightly"), where that is neither job nor device.
	Object   string `json:"object,omitempty"`
	JobID    string `json:"job_id,omitempty"`
	DeviceID string `json:"device_id,omitempty"`
	Site     string `json:"site,omitempty"`
	Phase    string `json:"phase,omitempty"`
	Attempt  int    `json:"attempt,omitempty"`
	// Commands are redacted.
	Commands []string `json:"commands,omitempty"`
	// Reason says why, for a person.
	Reason     string            `json:"reason,omitempty"`
	Labels     map[string]string `json:"labels,omitempty"`
	Parameters map[string]string `json:"parameters,omitempty"`
	// Count is how many alike the event stands for, where they came too fast to record each; 0 is one.
	Count   int    `json:"count,omitempty"`
	TraceID string `json:"trace_id,omitempty"`
}

// AuditActor is who did it.
type AuditActor struct {
	Principal string `json:"principal,omitempty"`
	Role      string `json:"role,omitempty"`
	// Address is from where it was asked.
	Address string `json:"address,omitempty"`
	// Service did it or saw it; Incarnation is its process.
	Service     string `json:"service"`
	Incarnation string `json:"incarnation,omitempty"`
}

// AuditRecord is one record of the audit log. Its hash is that of the message as stored (docs/audit-format.md); the next
// record names it.
// Published by audit alone; read by the gateway, the scheduler (how far the audit is) and anyone permitted.
type AuditRecord struct {
	// Seq is the record's sequence in the stream.
	Seq uint64 `json:"seq"`
	// Prev is the hash of the record before, in lower-case hexadecimal; 64 zeros in the first.
	Prev string `json:"prev"`
	// ID is made of the source: the same happening has the same id for ever.
	ID     string      `json:"id"`
	Event  AuditEvent  `json:"event"`
	Source AuditSource `json:"source"`
	// Cursors say up to which sequence of each source (by [AuditSource.Cursor]) everything is recorded.
	Cursors map[string]uint64 `json:"cursors"`
}

// AuditSource is the message that a record was made of.
type AuditSource struct {
	Stream string `json:"stream"`
	// CreatedMS is when the stream was made: one that was made anew is another.
	CreatedMS int64  `json:"created_ms"`
	Seq       uint64 `json:"seq"`
	// Part numbers the records of one message, from 0.
	Part     int       `json:"part"`
	StoredAt time.Time `json:"stored_at"`
}

// Cursor is the source's name among [AuditRecord.Cursors].
func (s *AuditSource) Cursor() string { return fmt.Sprintf("%s-%d", s.Stream, s.CreatedMS) }

// ID is the stable id of the record of this source.
func (s *AuditSource) ID() string { return fmt.Sprintf("%s-%d-%d", s.Cursor(), s.Seq, s.Part) }

// AuditSubject is where a record of the kind is published.
func AuditSubject(kind string) string {
	noun, verb, _ := strings.Cut(kind, ".")
	return "audit." + EscapeToken(noun) + "." + EscapeToken(verb)
}

// ParseAuditSubject returns the kind of a subject made by [AuditSubject].
func ParseAuditSubject(subject string) (kind string, err error) {
	p := strings.Split(subject, ".")
	if len(p) != 3 || p[0] != "audit" {
		return "", fmt.Errorf("subject %q is not of the audit log", subject)
	}
	noun, err := UnescapeToken(p[1])
	if err != nil {
		return "", err
	}
	verb, err := UnescapeToken(p[2])
	return noun + "." + verb, err
}

// IntakeSubject is where a service reports to the audit.
func IntakeSubject(service string) string { return "intake." + EscapeToken(service) }

// ParseIntakeSubject returns the service of a subject made by [IntakeSubject].
func ParseIntakeSubject(subject string) (service string, err error) {
	token, ok := strings.CutPrefix(subject, "intake.")
	if !ok {
		return "", fmt.Errorf("subject %q is not of the audit's intake", subject)
	}
	return UnescapeToken(token)
}
