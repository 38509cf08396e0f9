package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Stored is one message as a stream holds it.
type Stored struct {
	Subject string
	Seq     uint64
	Time    time.Time
	Header  map[string][]string
	Data    []byte
	// Deleted says that the message is the marker of a deleted, purged or expired key.
	Deleted bool
	// Behind is how many messages waited behind this one when [Conn.Follow] got it.
	Behind uint64
}

// HeaderValue returns the first value of a header, or "".
func (s *Stored) HeaderValue(key string) string { return nats.Header(s.Header).Get(key) }

func deleted(h nats.Header) bool {
	return h.Get("KV-Operation") != "" || h.Get("Nats-Marker-Reason") != ""
}

// FirstFor returns the oldest message of a subject, or [ErrNotFound].
func (c *Conn) FirstFor(ctx context.Context, stream, subject string) (Stored, error) {
	return c.get(ctx, stream, "$JS.API.DIRECT.GET."+stream, map[string]any{"seq": 1, "next_by_subj": subject})
}

// LastFor returns the newest message of a subject, or [ErrNotFound].
func (c *Conn) LastFor(ctx context.Context, stream, subject string) (Stored, error) {
	// The subject is in the address, where the server's permissions see it.
	return c.get(ctx, stream, "$JS.API.DIRECT.GET."+stream+"."+subject, nil)
}

func (c *Conn) get(ctx context.Context, stream, address string, request map[string]any) (Stored, error) {
	ctx, cancel := bounded(ctx, requestTimeout)
	defer cancel()
	var body []byte
	if request != nil {
		var err error
		if body, err = json.Marshal(request); err != nil {
			return Stored{}, err
		}
	}
	begin := time.Now()
	msg, err := c.nc.RequestWithContext(ctx, address, body)
	if err != nil {
		return Stored{}, fmt.Errorf("reading stream %s: %w", stream, c.explain(err, begin, "."+stream))
	}
	switch status := msg.Header.Get("Status"); status {
	case "":
		return storedOf(msg), nil
	case "404":
		return Stored{}, fmt.Errorf("stream %s: %w", stream, ErrNotFound)
	default:
		return Stored{}, fmt.Errorf("reading stream %s: %s %s", stream, status, msg.Header.Get("Description"))
	}
}

func storedOf(msg *nats.Msg) Stored {
	seq, _ := strconv.ParseUint(msg.Header.Get("Nats-Sequence"), 10, 64)
	at, _ := time.Parse(time.RFC3339Nano, msg.Header.Get("Nats-Time-Stamp"))
	return Stored{
		Subject: msg.Header.Get("Nats-Subject"), Seq: seq, Time: at,
		Header: msg.Header, Data: msg.Data, Deleted: deleted(msg.Header),
	}
}

// maxMultiLast is the server's bound on the subjects of one multi-last read.
const maxMultiLast = 1024

// MultiLast returns the newest message of each subject that has one, as of one moment: it never sees half a batch.
// At most 1,024 subjects.
func (c *Conn) MultiLast(ctx context.Context, stream string, subjects []string) (map[string]Stored, error) {
	if len(subjects) > maxMultiLast {
		return nil, fmt.Errorf("reading %d subjects at once: at most %d are allowed", len(subjects), maxMultiLast)
	}
	out := make(map[string]Stored, len(subjects))
	end, err := c.many(ctx, stream, map[string]any{"multi_last": subjects}, func(s Stored) { out[s.Subject] = s })
	if err != nil {
		return nil, err
	}
	return out, endOfMany(stream, end)
}

// many gives every message that answers the request to take, and returns the message that ends the answer.
func (c *Conn) many(ctx context.Context, stream string, request map[string]any, take func(Stored)) (*nats.Msg, error) {
	ctx, cancel := bounded(ctx, requestTimeout)
	defer cancel()
	body, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	inbox, begin := c.nc.NewInbox(), time.Now()
	sub, err := c.nc.SubscribeSync(inbox)
	if err != nil {
		return nil, fmt.Errorf("reading stream %s: %w", stream, err)
	}
	defer sub.Unsubscribe() //nolint:errcheck // the inbox is ours alone; a lost connection has dropped it already
	if err := c.nc.PublishRequest("$JS.API.DIRECT.GET."+stream, inbox, body); err != nil {
		return nil, fmt.Errorf("reading stream %s: %w", stream, err)
	}
	for {
		msg, err := sub.NextMsgWithContext(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading stream %s: %w", stream, c.explain(err, begin, "."+stream))
		}
		switch status := msg.Header.Get("Status"); status {
		case "":
			take(storedOf(msg))
		case "204", "404":
			return msg, nil
		default:
			return nil, fmt.Errorf("reading stream %s: %s %s", stream, status, msg.Header.Get("Description"))
		}
	}
}

// endOfMany reports whether the end of an answer is the end of all that there is: to take a key that was left out for one
// that does not exist would be a wrong decision.
func endOfMany(stream string, end *nats.Msg) error {
	if end.Header.Get("Status") == "404" {
		if why := end.Header.Get("Description"); why != "No Results" {
			return fmt.Errorf("reading stream %s: the answer is not complete: %s", stream, why)
		}
		return nil
	}
	if left := end.Header.Get("Nats-Num-Pending"); left != "" && left != "0" {
		return fmt.Errorf("reading stream %s: the answer is not complete: %s messages are left out", stream, left)
	}
	return nil
}

// MaxRange is the highest number of messages of one [Conn.Range].
const MaxRange = 1000

// rangeBytes bounds the messages of one range, beyond the first.
const rangeBytes = 8 << 20

// Range reads up to n messages of a stream from a sequence on, in order. Fewer come at the end of the stream, or where they
// are large; none where there are none.
func (c *Conn) Range(ctx context.Context, stream string, from uint64, n int) ([]Stored, error) {
	if n < 1 || n > MaxRange {
		return nil, fmt.Errorf("reading %d messages at once: 1 to %d are allowed", n, MaxRange)
	}
	request := map[string]any{"seq": max(from, 1), "batch": n, "max_bytes": rangeBytes}
	var out []Stored
	end, err := c.many(ctx, stream, request, func(s Stored) { out = append(out, s) })
	if err != nil {
		return nil, err
	}
	if why := end.Header.Get("Description"); end.Header.Get("Status") == "404" && why != "Message Not Found" {
		return nil, fmt.Errorf("reading stream %s from %d: %s", stream, from, why)
	}
	return out, nil
}

// StreamState is where a stream stands.
type StreamState struct {
	FirstSeq, LastSeq, Messages, Bytes uint64
	// Created identifies the stream: one that was made anew has another.
	Created time.Time
}

// State reads where a stream stands.
func (c *Conn) State(ctx context.Context, stream string) (StreamState, error) {
	ctx, cancel := bounded(ctx, requestTimeout)
	defer cancel()
	begin := time.Now()
	s, err := c.js.Stream(ctx, stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return StreamState{}, fmt.Errorf("stream %s: %w", stream, ErrNotFound)
	}
	if err != nil {
		return StreamState{}, fmt.Errorf("reading stream %s: %w", stream, c.explain(err, begin, "."+stream))
	}
	i := s.CachedInfo()
	return StreamState{
		FirstSeq: i.State.FirstSeq, LastSeq: i.State.LastSeq, Messages: i.State.Msgs, Bytes: i.State.Bytes, Created: i.Created,
	}, nil
}

// Store is how many bytes JetStream keeps on disk for this account, and how many it may (0: no limit of the account's own).
func (c *Conn) Store(ctx context.Context) (used, limit uint64, err error) {
	ctx, cancel := bounded(ctx, requestTimeout)
	defer cancel()
	info, err := c.js.AccountInfo(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("asking for JetStream's room: %w", err)
	}
	return info.Store, uint64(max(info.Limits.MaxStore, 0)), nil
}
