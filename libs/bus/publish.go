package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"

	"github.com/netrust/netrust/libs/contract"
)

// Message is one message to publish.
type Message struct {
	Subject string
	Data    []byte
	// Type and ID are the CloudEvents attributes; a message without Type (a KV value) gets no envelope. ID also
	// de-duplicates within the stream's window, where Dedup is set.
	Type  string
	ID    string
	Dedup bool
	// Expect, when set, is the sequence that must be the last one of ExpectOn, or of Subject where that is empty; 0 for none.
	Expect   *uint64
	ExpectOn string
	// ExpectLast, when set, is the sequence that must be the last one of the whole stream; 0 for an empty one. In a batch it
	// stands on the first message.
	ExpectLast *uint64
	// TTL makes the message expire; whole seconds.
	TTL time.Duration
	// Delete writes a KV delete marker; Purge one that ends the key's history, which costs the server far more.
	Delete, Purge bool
	// Rollup makes the message replace all earlier ones of its subject.
	Rollup bool
	// Header is sent too (trace context).
	Header map[string]string
}

// Seq returns a pointer to n, for [Message.Expect] and [Message.ExpectLast].
func Seq(n uint64) *uint64 { return &n }

func (c *Conn) build(m *Message) *nats.Msg {
	msg := &nats.Msg{Subject: m.Subject, Data: m.Data, Header: nats.Header{}}
	set := func(k, v string) { msg.Header[k] = []string{v} }
	for k, v := range m.Header {
		set(k, v)
	}
	if m.Type != "" {
		set(contract.HeaderSpecVersion, "1.0")
		set(contract.HeaderType, m.Type)
		set(contract.HeaderSource, c.source)
		set(contract.HeaderID, m.ID)
		set(contract.HeaderTime, time.Now().UTC().Format(time.RFC3339Nano))
	}
	if m.Dedup {
		set(nats.MsgIdHdr, m.ID)
	}
	if m.Expect != nil {
		set(nats.ExpectedLastSubjSeqHdr, strconv.FormatUint(*m.Expect, 10))
		if m.ExpectOn != "" && m.ExpectOn != m.Subject {
			set("Nats-Expected-Last-Subject-Sequence-Subject", m.ExpectOn)
		}
	}
	if m.ExpectLast != nil {
		set(nats.ExpectedLastSeqHdr, strconv.FormatUint(*m.ExpectLast, 10))
	}
	if m.TTL > 0 {
		set("Nats-TTL", strconv.Itoa(max(1, int(m.TTL/time.Second)))+"s")
	}
	if m.Delete {
		set("KV-Operation", "DEL")
	}
	if m.Purge {
		set("KV-Operation", "PURGE")
	}
	if m.Purge || m.Rollup {
		set("Nats-Rollup", "sub")
	}
	return msg
}

// Publish writes one message and waits until the stream has stored it. It returns the sequence. Errors: [ErrConflict],
// [*ServerError], [*DeniedError] and [ErrNoWrites] (nothing was written), [ErrUnknownOutcome].
func (c *Conn) Publish(ctx context.Context, m Message) (uint64, error) {
	return c.request(ctx, c.build(&m), 1)
}

// MaxBatch is the highest number of messages in one atomic batch.
const MaxBatch = 1000

// PublishBatch writes all messages, or none of them, to one stream that allows atomic batches. It returns the sequence
// of the last one: the i-th of n has sequence last-n+1+i. Errors as for [Conn.Publish].
func (c *Conn) PublishBatch(ctx context.Context, messages []Message) (last uint64, err error) {
	switch {
	case len(messages) == 0:
		return 0, errors.New("publishing an empty batch")
	case len(messages) > MaxBatch:
		return 0, fmt.Errorf("publishing a batch of %d messages: at most %d are allowed", len(messages), MaxBatch)
	case len(messages) == 1:
		return c.Publish(ctx, messages[0])
	}
	if err := c.refused(); err != nil {
		return 0, fmt.Errorf("publishing to %s: %w", messages[0].Subject, err)
	}
	id, begin := nuid.Next(), time.Now()
	for i := range messages {
		msg := c.build(&messages[i])
		msg.Header["Nats-Batch-Id"] = []string{id}
		msg.Header["Nats-Batch-Sequence"] = []string{strconv.Itoa(i + 1)}
		if i == len(messages)-1 {
			msg.Header["Nats-Batch-Commit"] = []string{"1"}
			last, err := c.request(ctx, msg, len(messages))
			return last, c.incomplete(err, begin, messages)
		}
		if err := c.nc.PublishMsg(msg); err != nil {
			// Without its last message a batch never stands.
			return 0, fmt.Errorf("publishing to %s: %w", msg.Subject, err)
		}
	}
	return 0, errors.New("unreachable")
}

// incomplete explains a batch that misses a part: the server drops what it does not permit, and tells so beside.
func (c *Conn) incomplete(err error, begin time.Time, messages []Message) error {
	if refused := (*ServerError)(nil); !errors.As(err, &refused) || refused.Code != codeIncomplete {
		return err
	}
	subjects := make([]string, len(messages))
	for i := range messages {
		subjects[i] = messages[i].Subject
	}
	c.denials.soon(begin, subjects...)
	return c.explain(err, begin, subjects...)
}

// pubAck is what a stream answers to a publish.
type pubAck struct {
	Seq   uint64 `json:"seq"`
	Error *struct {
		ErrCode     int    `json:"err_code"`
		Description string `json:"description"`
	} `json:"error"`
}

// request writes a message, the last of n that stand or fall together.
func (c *Conn) request(ctx context.Context, msg *nats.Msg, n int) (uint64, error) {
	start := time.Now()
	seq, err := c.ask(ctx, msg)
	c.noteWrite(ctx, err)
	c.meters.wrote(n, start, err)
	return seq, err
}

func (c *Conn) ask(ctx context.Context, msg *nats.Msg) (uint64, error) {
	ctx, cancel := bounded(ctx, requestTimeout)
	defer cancel()
	if !c.nc.IsConnected() {
		return 0, fmt.Errorf("publishing to %s: NATS is not connected", msg.Subject)
	}
	if err := c.refused(); err != nil {
		return 0, fmt.Errorf("publishing to %s: %w", msg.Subject, err)
	}
	begin := time.Now()
	answer, err := c.nc.RequestMsgWithContext(ctx, msg)
	if errors.Is(err, nats.ErrNoResponders) {
		return 0, fmt.Errorf("publishing to %s: %w (%w)", msg.Subject, ErrNoStream, err)
	}
	if err != nil {
		if _, ok := c.denials.since(begin, msg.Subject); ok {
			return 0, &DeniedError{User: c.service, Subject: msg.Subject}
		}
		return 0, fmt.Errorf("publishing to %s: %w (%w)", msg.Subject, ErrUnknownOutcome, err)
	}
	var ack pubAck
	if err := json.Unmarshal(answer.Data, &ack); err != nil {
		return 0, fmt.Errorf("publishing to %s: reading the acknowledgement: %w (%w)", msg.Subject, ErrUnknownOutcome, err)
	}
	if ack.Error != nil {
		return 0, &ServerError{Subject: msg.Subject, Code: ack.Error.ErrCode, Description: ack.Error.Description}
	}
	return ack.Seq, nil
}

// PurgeSubject removes the messages of one subject or filter from a stream. [ErrNotFound] means that there is no such
// stream.
func (c *Conn) PurgeSubject(ctx context.Context, stream, filter string) error {
	if err := c.purge(ctx, stream, map[string]any{"filter": filter}); err != nil {
		return fmt.Errorf("purging %s of stream %s: %w", filter, stream, err)
	}
	return nil
}

// PurgeBelow removes the messages of a stream that come before the sequence. [ErrNotFound] means that there is no such stream.
func (c *Conn) PurgeBelow(ctx context.Context, stream string, seq uint64) error {
	if err := c.purge(ctx, stream, map[string]any{"seq": seq}); err != nil {
		return fmt.Errorf("purging stream %s below %d: %w", stream, seq, err)
	}
	return nil
}

func (c *Conn) purge(ctx context.Context, stream string, what map[string]any) error {
	ctx, cancel := bounded(ctx, 2*requestTimeout)
	defer cancel()
	begin := time.Now()
	request, err := json.Marshal(what)
	if err != nil {
		return err
	}
	// By its subject: the client library asks for the stream first, which costs a job's end one more exchange.
	answer, err := c.nc.RequestWithContext(ctx, "$JS.API.STREAM.PURGE."+stream, request)
	var ack pubAck
	if err == nil {
		err = json.Unmarshal(answer.Data, &ack)
	}
	switch {
	case err != nil:
		return c.explain(err, begin, "."+stream)
	case ack.Error != nil && ack.Error.ErrCode == codeNoStream:
		return ErrNotFound
	case ack.Error != nil:
		return fmt.Errorf("refused by JetStream: %s (%d)", ack.Error.Description, ack.Error.ErrCode)
	}
	return nil
}
