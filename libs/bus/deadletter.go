package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/contract"
)

// maxLetterPayload bounds what a dead letter keeps of its message, so that the letter of any message can be stored: a
// stream takes messages as large as the server's limit, and base64 makes them a third larger.
const maxLetterPayload = contract.MaxInline

// SetAside moves a task's message that cannot be processed to the dead letters: it is stored there before it is
// acknowledged here.
func (d *Delivery) SetAside(ctx context.Context, reason string) error {
	letter := newLetter(d.service, reason, d.msg.Subject(), d.msg.Headers(), d.msg.Data())
	letter.Stream = contract.StreamTasks
	if meta, err := d.msg.Metadata(); err == nil {
		letter.Deliveries, letter.Stream, letter.Seq = meta.NumDelivered, meta.Stream, meta.Sequence.Stream
	}
	subject := contract.MessageLetterSubject(contract.NoJob, letter.Stream, strconv.FormatUint(letter.Seq, 10))
	if key, _, err := contract.ParseTaskSubject(letter.Subject); err == nil {
		subject = key.DeadLetterSubject()
	}
	// The id lets the stream drop what is set aside twice for a lost answer. The digest is in it because the sequences of a stream in
	// memory begin again.
	id := "letter/" + letter.Stream + "/" + strconv.FormatUint(letter.Seq, 10) + "/" + strconv.FormatUint(letter.Deliveries, 10) + "/" + letter.PayloadSHA256
	if err := d.conn.storeLetter(ctx, subject, id, letter, nil); err != nil {
		return err
	}
	zerolog.Ctx(ctx).Error().Str("subject", letter.Subject).Str("letter_id", contract.LetterID(subject)).Str("reason", reason).
		Msg("message set aside as a dead letter")
	return d.msg.Ack()
}

// Deliveries is how often the message has been delivered, this time included; 0 when that is not known.
func (d *Delivery) Deliveries() uint64 {
	meta, err := d.msg.Metadata()
	if err != nil {
		return 0
	}
	return meta.NumDelivered
}

// SetAside keeps a stored message that cannot be read as a dead letter. The message itself stays in its stream. Every
// reader of the stream may call it for the same message, again and again: it is one letter, with the first one's reason.
// job may be empty.
func (c *Conn) SetAside(ctx context.Context, stream, job string, s Stored, reason string) error {
	if job == "" {
		job = contract.NoJob
	}
	letter := newLetter(c.source, reason, s.Subject, s.Header, s.Data)
	letter.Stream, letter.Seq, letter.Deliveries = stream, s.Seq, 1
	seq := strconv.FormatUint(s.Seq, 10)
	subject := contract.MessageLetterSubject(job, stream, seq)
	err := c.storeLetter(ctx, subject, "letter/"+stream+"/"+seq, letter, Seq(0))
	if errors.Is(err, ErrConflict) {
		return nil // it is there
	}
	if err == nil {
		c.log.Error().Str("subject", s.Subject).Uint64("seq", s.Seq).Str("letter_id", contract.LetterID(subject)).Str("reason", reason).
			Msg("a message that cannot be read is kept as a dead letter")
	}
	return err
}

func newLetter(service, reason, subject string, headers nats.Header, payload []byte) contract.DeadLetter {
	l := contract.DeadLetter{
		Subject: subject, Reason: strings.ToValidUTF8(reason, "?"), Service: service, At: time.Now().UTC(), Headers: lettersHeaders(headers),
		Payload: payload, PayloadSHA256: contract.Digest(payload), PayloadBytes: int64(len(payload)),
	}
	if l.Payload == nil {
		l.Payload = []byte{}
	}
	if len(l.Payload) > maxLetterPayload {
		l.Payload, l.PayloadTruncated = l.Payload[:maxLetterPayload], true
	}
	const maxReason = 16 << 10
	if len(l.Reason) > maxReason {
		l.Reason = strings.ToValidUTF8(l.Reason[:maxReason], "")
	}
	return l
}

// maxHeader bounds one header value of a dead letter, in bytes.
const maxHeader = 1 << 10

// lettersHeaders are the headers that tell where a message came from: the envelope, the trace, and what NATS wrote. Any other may
// hold what nobody here knows, a secret too, and is left out.
func lettersHeaders(headers nats.Header) map[string][]string {
	kept := map[string][]string{}
	for name, values := range headers {
		lower := strings.ToLower(name)
		if !strings.HasPrefix(lower, "ce-") && !strings.HasPrefix(lower, "nats-") && lower != "traceparent" && lower != "tracestate" {
			continue
		}
		for _, v := range values {
			if len(v) <= maxHeader {
				kept[name] = append(kept[name], strings.ToValidUTF8(v, "?"))
			}
		}
	}
	if len(kept) == 0 {
		return nil
	}
	return kept
}

func (c *Conn) storeLetter(ctx context.Context, subject, id string, letter contract.DeadLetter, expect *uint64) error {
	data, err := json.Marshal(letter)
	if err != nil {
		return fmt.Errorf("setting aside a message of %s: %w", letter.Subject, err)
	}
	m := Message{Subject: subject, Data: data, Type: contract.TypeDeadLetter, ID: id, Dedup: expect == nil, Expect: expect}
	if _, err := c.Publish(ctx, m); err != nil {
		return fmt.Errorf("setting aside a message of %s: %w", letter.Subject, err)
	}
	c.meters.deadLetters.Inc()
	return nil
}
