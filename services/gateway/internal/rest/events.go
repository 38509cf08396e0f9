package rest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/services/gateway/internal/problem"
	"github.com/netrust/netrust/services/gateway/internal/view"
)

const (
	// maxStreams bounds the streams of events of one gateway.
	maxStreams = 500
	// heartbeat keeps proxies from closing a quiet stream, and finds clients that have gone.
	heartbeat = 15 * time.Second
	// paceMin and paceMax bound the time between two reads of the view for one stream: what happens within is sent together. It
	// is so long that a stream costs a fifth of a processor at most: a small job's are seen at once, a large one's together.
	paceMin = 5 * time.Millisecond
	paceMax = 100 * time.Millisecond
	// deltaLength is how many tasks are read from the view at once.
	deltaLength = 200
	// maxEventIDs is how many target ids the job of an event carries; the others are at the job's own address.
	maxEventIDs = 100
)

const eventsText = `Events are job (data: the job), task (data: a task that began or ended) and end (data: the job in its last state; the stream
ends). After a break, send the last id as Last-Event-ID, to any gateway: what changed since is sent, each task in its newest state. A job in
these events carries at most 100 of its spec's target ids.`

// events streams a job's changes. It keeps no queue: a stream notes how far it has sent and reads the rest from the view
// when the view changes, so a slow client costs nothing but its own delay.
func (s *server) events(ctx context.Context, in *struct {
	JobPath
	LastEventID string `header:"Last-Event-ID" doc:"The id of the last event received."`
}) (*streamed, error) {
	from, err := parsePosition(in.LastEventID)
	if err != nil {
		return nil, err
	}
	if _, err := s.Desk.Job(ctx, in.ID); err != nil {
		return nil, s.failure(ctx, err)
	}
	select {
	case s.streams <- struct{}{}:
	default:
		return nil, problem.Unavailable(fmt.Sprintf("this gateway already serves %d streams of events; follow the job with ?wait= instead", maxStreams))
	}
	return &streamed{func(hc huma.Context) {
		defer func() { <-s.streams }()
		s.stream(hc, in.ID, from)
	}}, nil
}

// parsePosition reads an event id: <sequence in JOBS>-<sequence in the ledger>.
func parsePosition(id string) (p view.Position, err error) {
	if id == "" {
		return p, nil
	}
	jobs, ledger, ok := strings.Cut(id, "-")
	if p.Jobs, err = strconv.ParseUint(jobs, 10, 64); err == nil && ok {
		p.Ledger, err = strconv.ParseUint(ledger, 10, 64)
	}
	if err != nil || !ok {
		return p, problem.Field("Last-Event-ID", fmt.Sprintf("%q is not an id of these events", id), "send the last id as it came, or none")
	}
	return p, nil
}

func (s *server) stream(hc huma.Context, job string, at view.Position) {
	r, w, rc := controller(hc)
	_ = rc.SetReadDeadline(time.Time{}) // the request has been read; the stream may last
	changed, stop := s.View.Watch(job)
	defer stop()
	out := eventWriter{w: bufio.NewWriterSize(w, 32<<10), rc: rc}
	out.begin(w)
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	next := time.NewTimer(0)
	defer next.Stop()
	waiting, pace, sent := true, paceMin, time.Time{} // for the timer; when the view was read last
	for out.err == nil {
		select {
		case <-changed:
			if !waiting {
				next.Reset(max(0, pace-time.Since(sent)))
				waiting = true
			}
			continue
		case <-next.C:
			waiting = false
		case <-beat.C:
			out.write(": still here\n\n")
			out.flush()
			continue
		case <-s.Stopping:
			return
		case <-r.Context().Done():
			return
		}
		began := time.Now()
		var ended bool
		if at, ended = s.send(r.Context(), &out, job, at); ended {
			return
		}
		sent = time.Now()
		pace = min(max(4*sent.Sub(began), paceMin), paceMax)
	}
}

// send writes what the view shows beyond the position, and returns the position after it.
func (s *server) send(ctx context.Context, out *eventWriter, job string, from view.Position) (at view.Position, ended bool) {
	at = from
	var page *view.Page
	defer out.flush()
	for first := true; out.err == nil; first = false {
		d, err := s.View.Since(ctx, job, at, page, deltaLength)
		if err != nil {
			// The view is being folded again: the next change wakes the stream.
			s.Log.Debug().Err(err).Str("job_id", job).Msg("reading events")
			return at, false
		}
		shown := shortened(d.Job)
		if first && d.JobChanged && !d.Job.State.Ended() {
			out.event(api.EventJob, "", shown)
		}
		for i := range d.Tasks {
			out.event(api.EventTask, "", &d.Tasks[i])
		}
		at, page = d.At, d.Next
		id := strconv.FormatUint(at.Jobs, 10) + "-" + strconv.FormatUint(at.Ledger, 10)
		switch {
		case page != nil:
			// In the middle of a list there is no id: a break here begins the list again, unless the ledger moved.
			if at != from {
				out.id(id)
			}
		case !d.Current: // the job has changed while its tasks were listed
		case d.Job.State.Ended():
			out.event(api.EventEnd, id, d.Job)
			return at, true
		default:
			if at != from || len(d.Tasks) > 0 {
				out.event(api.EventJob, id, shown)
			}
			return at, false
		}
	}
	return at, false
}

// shortened keeps the many events of a job small: its counts change with every task, its list of targets never.
func shortened(job api.Job) *api.Job {
	if len(job.Spec.Targets.IDs) > maxEventIDs {
		job.Spec.Targets.IDs = job.Spec.Targets.IDs[:maxEventIDs]
	}
	return &job
}

// eventWriter writes server-sent events. After an error it writes nothing more.
type eventWriter struct {
	w   *bufio.Writer
	rc  *http.ResponseController
	err error
}

func (e *eventWriter) begin(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	e.write("retry: 2000\n\n")
	e.flush()
}

// event writes an event; the id is that of the position after it, empty in the middle of several that belong together.
func (e *eventWriter) event(kind, id string, data any) {
	body, err := json.Marshal(data)
	if err != nil {
		e.err = fmt.Errorf("encoding an event: %w", err)
		return
	}
	if id != "" {
		id = "id: " + id + "\n"
	}
	e.write("event: " + kind + "\n" + id + "data: " + string(body) + "\n\n")
}

// id moves the client's position without an event of its own.
func (e *eventWriter) id(id string) { e.write("id: " + id + "\n\n") }

// write buffers text; what is more than the buffer goes out under a deadline, so that a dead client goes away.
func (e *eventWriter) write(text string) {
	if e.err == nil && len(text) > e.w.Available() {
		e.err = extend(e.rc)
	}
	if e.err == nil {
		_, e.err = e.w.WriteString(text)
	}
}

func (e *eventWriter) flush() {
	if e.err == nil {
		e.err = extend(e.rc)
	}
	if e.err == nil {
		e.err = e.w.Flush()
	}
	if e.err == nil {
		e.err = e.rc.Flush()
	}
}
