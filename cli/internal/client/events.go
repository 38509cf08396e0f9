package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/netrust/netrust/libs/contract/api"
)

const (
	silence  = 45 * time.Second // a stream without a byte for so long is opened again
	patience = 2 * time.Minute  // how long a lost server is tried
	maxEvent = 4 << 20
)

// Event is one event of a job's stream. Exactly one of Job and Task is set.
type Event struct {
	Kind string // api.EventJob, api.EventTask, api.EventEnd
	Job  *api.Job
	Task *api.Task
}

// Follow calls on for each event of a job until its last one. A stream that breaks is resumed after the last event that
// was seen; lost is told each time that this has to wait. It returns nil after the last event, on's error if that gives
// one, a refusal of the server, or [LostError] when the server stays away for too long.
func (c *Client) Follow(ctx context.Context, id string, on func(Event) error, lost func(error)) error {
	s := &stream{client: c, job: id, on: on}
	lastSeen := time.Now()
	for n := 1; ; n++ {
		events, err := s.read(ctx)
		switch {
		case s.ended, errors.Is(err, errHandler):
			return s.failed
		case ctx.Err() != nil:
			return ctx.Err()
		case final(err) && !s.behind(err):
			return err
		case events > 0:
			n, lastSeen = 1, time.Now()
		case time.Since(lastSeen) > patience:
			return &LostError{Server: c.Server(), For: time.Since(lastSeen), Cause: err}
		}
		if lost != nil {
			lost(err)
		}
		if err := c.pause(ctx, backoff(n)); err != nil {
			return err
		}
	}
}

// behind reports whether the server seems not to know yet what this stream has seen already: a gateway that builds its
// view anew does not know the job for a while.
func (s *stream) behind(err error) bool {
	var refused *api.Problem
	return s.lastID != "" && errors.As(err, &refused) && refused.Status == http.StatusNotFound
}

// final reports whether err is an answer that another try would not change.
func final(err error) bool {
	var refused *api.Problem
	if errors.As(err, &refused) {
		return !transient(refused.Status)
	}
	var foreign *ForeignAnswerError
	return errors.As(err, &foreign) && !transient(foreign.Status)
}

// errSilent ends a connection on which nothing comes.
var errSilent = fmt.Errorf("nothing came for %s", silence)

// errHandler says that on gave an error, which is in stream.failed.
var errHandler = errors.New("the reader of events stopped")

// stream is one job's stream over all its connections.
type stream struct {
	client *Client
	job    string
	on     func(Event) error
	lastID string
	ended  bool
	failed error
}

// read opens the stream after lastID and reads to its end. It returns how many events came.
func (s *stream) read(ctx context.Context) (events int, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	quiet := time.AfterFunc(silence, func() { cancel(errSilent) })
	defer quiet.Stop()
	header := http.Header{"Accept": {"text/event-stream"}}
	if s.lastID != "" {
		header.Set("Last-Event-ID", s.lastID)
	}
	resp, err := s.client.send(ctx, request{method: http.MethodGet, path: jobPath(s.job) + "/events", header: header})
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return 0, s.client.problem(resp)
	}
	p := newParser(resp.Body)
	for {
		raw, err := p.next(func() { quiet.Reset(silence) })
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				err = cause
			}
			return events, fmt.Errorf("reading events of job %s: %w", s.job, err)
		}
		if raw.id != "" {
			s.lastID = raw.id
		}
		if err := s.handle(raw); err != nil || s.ended {
			return events + 1, err
		}
		events++
	}
}

func (s *stream) handle(raw rawEvent) error {
	e := Event{Kind: raw.kind}
	var err error
	switch raw.kind {
	case api.EventJob, api.EventEnd:
		e.Job = &api.Job{}
		err = json.Unmarshal(raw.data, e.Job)
	case api.EventTask:
		e.Task = &api.Task{}
		err = json.Unmarshal(raw.data, e.Task)
	default:
		return nil // of a newer server
	}
	if err != nil {
		return &ForeignAnswerError{Server: s.client.Server(), What: fmt.Sprintf("event %s: %v", raw.kind, err)}
	}
	s.ended = raw.kind == api.EventEnd
	if s.failed = s.on(e); s.failed != nil {
		return errHandler
	}
	return nil
}

// rawEvent is a server-sent event as it came.
type rawEvent struct {
	kind, id string
	data     []byte
}

// parser reads server-sent events (WHATWG HTML, section 9.2.6).
type parser struct{ lines *bufio.Scanner }

func newParser(r io.Reader) *parser {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 16<<10), maxEvent)
	return &parser{lines: lines}
}

// next returns the next event that has data or an id (alone it moves the position), calling alive for each line, comments
// included. At the end of the stream it returns io.ErrUnexpectedEOF: netrust's streams end by an event.
func (p *parser) next(alive func()) (rawEvent, error) {
	var e rawEvent
	for p.lines.Scan() {
		alive()
		line := p.lines.Bytes()
		if len(line) == 0 {
			if e.data != nil || e.id != "" {
				return e, nil
			}
			e = rawEvent{}
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "event":
			e.kind = string(value)
		case "id":
			e.id = string(value)
		case "data":
			if e.data != nil {
				e.data = append(e.data, '\n')
			}
			e.data = append(e.data, value...)
			if e.data == nil {
				e.data = []byte{}
			}
		}
	}
	if err := p.lines.Err(); err != nil {
		return rawEvent{}, err
	}
	return rawEvent{}, io.ErrUnexpectedEOF
}
