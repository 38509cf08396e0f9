package contract

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"
)

// DeadLetter is a message that could not be processed, set aside with the reason until a person decides.
// Published by who could not process it, once each time; those of one subject are one letter ([LetterID]).
type DeadLetter struct {
	Subject    string              `json:"subject"`
	Reason     string              `json:"reason"`
	Service    string              `json:"service"`
	Deliveries uint64              `json:"deliveries"`
	At         time.Time           `json:"at"`
	Headers    map[string][]string `json:"headers,omitempty"`
	// Payload is the message as it came, or its beginning.
	Payload []byte `json:"payload"`

	// Stream and Seq are where the message is kept, or was.
	Stream string `json:"stream,omitempty"`
	Seq    uint64 `json:"seq,omitempty"`
	// PayloadSHA256 and PayloadBytes are of the whole message, PayloadTruncated says that Payload is only its beginning.
	PayloadSHA256    string `json:"payload_sha256,omitempty"`
	PayloadBytes     int64  `json:"payload_bytes,omitempty"`
	PayloadTruncated bool   `json:"payload_truncated,omitempty"`
}

// MessageLetterSubject is where a message goes that is no task's and cannot be read: about which job (or [NoJob]), of
// which stream, with which sequence. Whoever cannot read it sets the same letter aside.
func MessageLetterSubject(job, stream, seq string) string {
	return "dlq." + EscapeToken(job) + "." + EscapeToken(stream) + "." + EscapeToken(seq)
}

// NoJob stands in the subject of a dead letter that is about no job.
const NoJob = "none"

// LetterID is the stable name of the dead letter of a subject: every repeat has it, at every gateway.
func LetterID(subject string) string {
	sum := sha256.Sum256([]byte(subject))
	return encodeID(sum[:])
}

// LetterAction is what a person decides about a dead letter.
type LetterAction string

// The actions.
const (
	// LetterReplay releases the letter's task again, with a fresh message.
	LetterReplay LetterAction = "replay"
	// LetterDiscard gives the letter up.
	LetterDiscard LetterAction = "discard"
)

// LetterCommand asks the scheduler to replay or discard a dead letter.
// Published by the gateway.
type LetterCommand struct {
	LetterID string `json:"letter_id"`
	// Subject is the letter's own, dlq.….
	Subject   string       `json:"subject"`
	Action    LetterAction `json:"action"`
	Principal string       `json:"principal"`
	At        time.Time    `json:"at"`
	Reason    string       `json:"reason,omitempty"`
}

// LetterEvent states what became of a command. Each expects the sequence of the one before it on its subject.
// Published by the leading scheduler.
type LetterEvent struct {
	LetterID string `json:"letter_id"`
	// CommandSeq is the sequence of the command that it answers.
	CommandSeq uint64       `json:"command_seq"`
	Action     LetterAction `json:"action"`
	// Refused says that nothing was done; Problems then say field and remedy.
	Refused   bool      `json:"refused,omitempty"`
	Principal string    `json:"principal"`
	At        time.Time `json:"at"`
	Reason    string    `json:"reason,omitempty"`
	Problems  []Problem `json:"problems,omitempty"`
}

// LetterJobGone is why a letter of a job that is not running cannot be replayed, with what to do instead.
func LetterJobGone(job string) *Problem {
	return &Problem{
		Field: "job_id", Message: "job " + job + " is gone: it has ended, or nobody knows it",
		Remedy: "run the devices that it did not reach again (netrust job retry " + job + "), or discard the letter",
	}
}

// LetterCommandSubject is where commands about one dead letter are published.
func LetterCommandSubject(letter string) string { return "deadletter.cmd." + EscapeToken(letter) }

// LetterEventSubject is where the leading scheduler publishes what became of them.
func LetterEventSubject(letter string) string { return "deadletter.event." + EscapeToken(letter) }

// Filters of stream DLQ besides [DLQFilter].
const (
	LetterCommandFilter = "deadletter.cmd.*"
	LetterEventFilter   = "deadletter.event.*"
)

// ParseLetterSubject returns the letter of a subject made by [LetterCommandSubject] or [LetterEventSubject], and whether
// it is a command.
func ParseLetterSubject(subject string) (letter string, command bool, err error) {
	rest, command := strings.CutPrefix(subject, "deadletter.cmd.")
	if !command {
		var event bool
		if rest, event = strings.CutPrefix(subject, "deadletter.event."); !event {
			return "", false, fmt.Errorf("subject %q is not about a dead letter", subject)
		}
	}
	letter, err = UnescapeToken(rest)
	return letter, command, err
}
