package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/netrust/netrust/libs/contract/api"
)

// Live calls on for each piece of what a device prints for a job, until its task has ended, and returns the task. A stream that
// breaks is resumed after the last piece; lost is told each time that this has to wait.
func (c *Client) Live(ctx context.Context, job, device string, on func(api.LiveOutput) error, lost func(error)) (api.Task, error) {
	s := &liveStream{client: c, path: jobPath(job) + "/output/" + url.PathEscape(device) + "/live", on: on}
	lastSeen := time.Now()
	for n := 1; ; n++ {
		events, err := s.read(ctx)
		switch {
		case s.task != nil:
			return *s.task, nil
		case s.failed != nil:
			return api.Task{}, s.failed
		case ctx.Err() != nil:
			return api.Task{}, ctx.Err()
		case final(err):
			return api.Task{}, err
		case events > 0:
			n, lastSeen = 1, time.Now()
		case time.Since(lastSeen) > patience:
			return api.Task{}, &LostError{Server: c.Server(), For: time.Since(lastSeen), Cause: err}
		}
		if lost != nil {
			lost(err)
		}
		if err := c.pause(ctx, backoff(n)); err != nil {
			return api.Task{}, err
		}
	}
}

// liveStream is one device's output over all its connections.
type liveStream struct {
	client *Client
	path   string
	on     func(api.LiveOutput) error
	lastID string
	task   *api.Task
	failed error
}

// read opens the stream after lastID and reads to its end. It returns how many events came.
func (s *liveStream) read(ctx context.Context) (events int, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	quiet := time.AfterFunc(silence, func() { cancel(errSilent) })
	defer quiet.Stop()
	header := http.Header{"Accept": {"text/event-stream"}}
	if s.lastID != "" {
		header.Set("Last-Event-ID", s.lastID)
	}
	resp, err := s.client.send(ctx, request{method: http.MethodGet, path: s.path, header: header})
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
			return events, fmt.Errorf("reading live output: %w", errors.Join(err, context.Cause(ctx)))
		}
		if raw.id != "" {
			s.lastID = raw.id
		}
		events++
		if done, err := s.handle(raw); done || err != nil {
			return events, err
		}
	}
}

func (s *liveStream) handle(raw rawEvent) (done bool, err error) {
	switch raw.kind {
	case api.EventOutput:
		var piece api.LiveOutput
		if err := json.Unmarshal(raw.data, &piece); err != nil {
			return false, &ForeignAnswerError{Server: s.client.Server(), What: fmt.Sprintf("event %s: %v", raw.kind, err)}
		}
		if s.failed = s.on(piece); s.failed != nil {
			return true, errHandler
		}
	case api.EventEnd:
		var t api.Task
		if err := json.Unmarshal(raw.data, &t); err != nil {
			return false, &ForeignAnswerError{Server: s.client.Server(), What: fmt.Sprintf("event %s: %v", raw.kind, err)}
		}
		s.task = &t
		return true, nil
	}
	return false, nil // of a newer server
}
