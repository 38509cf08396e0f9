// Package live publishes what devices print while commands run, for those tasks alone that somebody follows.
//
// Who follows is in bucket follow, whose keys die with the followers. What is published is redacted, in whole lines, by the
// same rules as the result, from the first line of a command on: a follower who comes in the middle of a command is sent its
// beginning first, because the rules need it. Nothing waits for a slow NATS: pieces are dropped then, and the next one says so.
// The task's result is the truth.
package live

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
)

const (
	// queued bounds the pieces that wait to be published.
	queued = 256
	// maxPiece bounds what is joined to one piece, in bytes.
	maxPiece = 64 << 10
	// publishWithin bounds one publish: what is late is of no use.
	publishWithin = 2 * time.Second
	// retryAfter is the pause before following the bucket is tried again.
	retryAfter = time.Second
)

type taskKey struct{ job, device string }

// Hub knows which tasks are followed. Safe for concurrent use.
type Hub struct {
	conn *bus.Conn
	log  zerolog.Logger

	any      atomic.Bool // somebody follows something: asked for every piece of output
	mu       sync.RWMutex
	followed map[taskKey]struct{}
	queue    chan contract.LiveOutput
}

// New makes a hub; [Hub.Run] makes it work.
func New(conn *bus.Conn, log zerolog.Logger) *Hub {
	return &Hub{conn: conn, log: log, followed: map[taskKey]struct{}{}, queue: make(chan contract.LiveOutput, queued)}
}

// Run follows the bucket and publishes until ctx ends.
func (h *Hub) Run(ctx context.Context) error {
	var both sync.WaitGroup
	defer both.Wait()
	both.Go(func() { h.publishAll(ctx) })
	for ctx.Err() == nil {
		h.set(func(m map[taskKey]struct{}) { clear(m) })
		err := h.conn.Follow(ctx, bus.FollowConfig{Stream: bus.KVStream(contract.BucketFollow), LastPerSubject: true}, h.take)
		if ctx.Err() != nil {
			break
		}
		h.log.Warn().Err(err).Msg("who follows live output is not known; trying again")
		select {
		case <-ctx.Done():
		case <-time.After(retryAfter):
		}
	}
	return ctx.Err()
}

func (h *Hub) take(s bus.Stored) error {
	job, device, err := contract.ParseFollowKey(strings.TrimPrefix(s.Subject, bus.KVSubject(contract.BucketFollow, "")))
	if err != nil {
		h.log.Warn().Err(err).Msg("a follower cannot be read; it is left out")
		return nil
	}
	h.set(func(m map[taskKey]struct{}) {
		if s.Deleted {
			delete(m, taskKey{job, device})
		} else {
			m[taskKey{job, device}] = struct{}{}
		}
	})
	return nil
}

func (h *Hub) set(change func(map[taskKey]struct{})) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change(h.followed)
	h.any.Store(len(h.followed) > 0)
}

func (h *Hub) follows(k taskKey) bool {
	if !h.any.Load() {
		return false
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	_, ok := h.followed[k]
	return ok
}

// send queues a piece, and reports whether there was room.
func (h *Hub) send(piece contract.LiveOutput) bool {
	select {
	case h.queue <- piece:
		return true
	default:
		return false
	}
}

// publishAll publishes pieces in order, joining those of one command that wait.
func (h *Hub) publishAll(ctx context.Context) {
	var next *contract.LiveOutput
	for {
		var piece contract.LiveOutput
		if next != nil {
			piece, next = *next, nil
		} else {
			select {
			case piece = <-h.queue:
			case <-ctx.Done():
				return
			}
		}
		for next == nil && len(piece.Text) < maxPiece && !piece.Ended {
			select {
			case more := <-h.queue:
				if !joins(&piece, &more) {
					next = &more
				}
				continue
			default:
			}
			break
		}
		h.publish(ctx, &piece)
	}
}

// joins appends a piece to the one before it, where both are of one command and nothing is missing between them.
func joins(piece, more *contract.LiveOutput) bool {
	if more.JobID != piece.JobID || more.DeviceID != piece.DeviceID || more.Attempt != piece.Attempt || more.Index != piece.Index || more.Gap {
		return false
	}
	piece.Text += more.Text
	piece.Ended = more.Ended
	return true
}

func (h *Hub) publish(ctx context.Context, piece *contract.LiveOutput) {
	piece.At = time.Now().UTC()
	data, err := json.Marshal(piece)
	if err != nil {
		return // strings and numbers always marshal
	}
	ctx, cancel := context.WithTimeout(ctx, publishWithin)
	defer cancel()
	_, err = h.conn.Publish(ctx, bus.Message{
		Subject: contract.LiveOutputSubject(piece.JobID, piece.DeviceID), Data: data, Type: contract.TypeLiveOutput,
		ID: "output/" + piece.JobID + "/" + piece.DeviceID,
	})
	if err != nil && ctx.Err() == nil {
		h.log.Debug().Err(err).Str("job_id", piece.JobID).Str("device_id", piece.DeviceID).Msg("live output is lost; the result has it")
	}
}
