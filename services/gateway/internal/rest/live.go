package rest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/services/gateway/internal/problem"
)

const (
	// followTTL is how long executors go on publishing after the last sign of a follower, renewed every followEvery.
	followTTL   = 15 * time.Second
	followEvery = 5 * time.Second
	// lastWords is how long a stream waits for lines after the task's end is known: they come by another way.
	lastWords = 500 * time.Millisecond
	// livePieces bounds the pieces on their way to one client.
	livePieces = 64
)

const liveText = `Events are output (data: whole lines that the device has printed, redacted, with the command that they belong to) and end (data: the
task; the stream ends). gap says that lines before these are missing here: the result has all. Send the last id as Last-Event-ID after a
break.`

// liveOutput streams what a device prints while its task runs. Executors publish it only while somebody follows, which this
// says in bucket follow.
func (s *server) liveOutput(ctx context.Context, in *struct {
	TaskPath
	LastEventID string `header:"Last-Event-ID" doc:"The id of the last event received."`
}) (*streamed, error) {
	from := uint64(0)
	if in.LastEventID != "" {
		seq, err := strconv.ParseUint(in.LastEventID, 10, 64)
		if err != nil {
			return nil, problem.Field("Last-Event-ID", fmt.Sprintf("%q is not an id of these events", in.LastEventID), "send the last id as it came, or none")
		}
		from = seq + 1
	}
	if _, err := s.task(ctx, &in.TaskPath); err != nil {
		return nil, err
	}
	select {
	case s.streams <- struct{}{}:
	default:
		return nil, problem.Unavailable(fmt.Sprintf("this gateway already serves %d streams of events; read the result when the task has ended", maxStreams))
	}
	who := caller(ctx).Name
	return &streamed{func(hc huma.Context) {
		defer func() { <-s.streams }()
		s.streamLive(hc, in.ID, in.Device, who, from)
	}}, nil
}

// livePiece is one piece with its place in the stream.
type livePiece struct {
	seq uint64
	contract.LiveOutput
}

func (s *server) streamLive(hc huma.Context, job, device, who string, from uint64) {
	r, w, rc := controller(hc)
	_ = rc.SetReadDeadline(time.Time{}) // the request has been read; the stream may last
	ctx, cancel := context.WithCancel(r.Context())
	pieces := make(chan livePiece, livePieces)
	followed := make(chan struct{})
	defer func() { cancel(); <-followed }()
	go func() {
		defer close(followed)
		s.followLive(ctx, job, device, from, pieces)
	}()
	changed, stop := s.View.Watch(job)
	defer stop()
	out := eventWriter{w: bufio.NewWriterSize(w, 32<<10), rc: rc}
	out.begin(w)
	s.announce(ctx, job, device, who)
	renew := time.NewTicker(followEvery)
	defer renew.Stop()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	var last *time.Timer // runs when the task has ended
	var over <-chan time.Time
	ended := func() {
		if last == nil && s.taskEnded(ctx, job, device) {
			last = time.NewTimer(lastWords)
			over = last.C
		}
	}
	ended()
	for out.err == nil {
		select {
		case p := <-pieces:
			out.event(api.EventOutput, strconv.FormatUint(p.seq, 10), api.LiveOutput{
				Attempt: p.Attempt, Index: p.Index, Command: p.Command, Text: p.Text, Gap: p.Gap, Ended: p.Ended,
			})
			out.flush()
			if last != nil {
				last.Reset(lastWords)
			}
		case <-changed:
			ended()
		case <-renew.C:
			s.announce(ctx, job, device, who)
			ended()
		case <-beat.C:
			out.write(": still here\n\n")
			out.flush()
		case <-over:
			if task, err := s.View.Task(ctx, job, device); err == nil {
				out.event(api.EventEnd, "", task.Task)
				out.flush()
			}
			return
		case <-s.Stopping:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (s *server) taskEnded(ctx context.Context, job, device string) bool {
	task, err := s.View.Task(ctx, job, device)
	return err == nil && task.State.Ended()
}

// announce says that somebody follows. When it fails the lines do not come; the next one tries again.
func (s *server) announce(ctx context.Context, job, device, who string) {
	data, err := json.Marshal(contract.Follow{JobID: job, DeviceID: device, Principal: who, Since: s.now().UTC()})
	if err == nil {
		_, err = s.Conn.Publish(ctx, bus.Message{Subject: bus.KVSubject(contract.BucketFollow, contract.FollowKey(job, device)), Data: data, TTL: followTTL})
	}
	if err != nil && ctx.Err() == nil {
		s.Log.Warn().Err(err).Str("job_id", job).Str("device_id", device).Msg("executors could not be told of a follower")
	}
}

// followLive hands over what executors publish until ctx ends. The stream is in memory: one that was lost begins again.
func (s *server) followLive(ctx context.Context, job, device string, from uint64, pieces chan<- livePiece) {
	for ctx.Err() == nil {
		err := s.Conn.Follow(ctx, bus.FollowConfig{
			Stream: contract.StreamOutput, Filters: []string{contract.LiveOutputSubject(job, device)}, FromSeq: from,
		}, func(m bus.Stored) error {
			var p contract.LiveOutput
			if err := json.Unmarshal(m.Data, &p); err != nil {
				s.Log.Warn().Err(err).Uint64("seq", m.Seq).Msg("live output cannot be read; it is left out")
				return nil
			}
			select {
			case pieces <- livePiece{m.Seq, p}:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		if errors.Is(err, bus.ErrStreamReset) {
			from = 0
		}
	}
}
