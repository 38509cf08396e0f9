package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
)

// ErrNobody: no process listens for the request, or it listens at another server that is cut off.
var ErrNobody = errors.New("nobody answers")

// Call asks the process that serves the subject ([Conn.Serve]) and waits for its answer, at most until ctx ends. It is for what
// is worth nothing a moment later: nothing is stored, and a lost request is not sent again. When nobody serves the subject
// it fails at once with [ErrNobody].
func (c *Conn) Call(ctx context.Context, subject string, data []byte) ([]byte, error) {
	ctx, cancel := bounded(ctx, requestTimeout)
	defer cancel()
	if !c.nc.IsConnected() {
		return nil, fmt.Errorf("asking %s: NATS is not connected", subject)
	}
	answer, err := c.nc.RequestWithContext(ctx, subject, data)
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return nil, fmt.Errorf("asking %s: %w", subject, ErrNobody)
	case err != nil:
		return nil, fmt.Errorf("asking %s: %w", subject, err)
	}
	return answer.Data, nil
}

// maxWaiting bounds the requests that wait while as many are answered as may be at once; those beyond it get no answer.
const maxWaiting = 4096

// Serve answers what is asked on the subject, up to atOnce requests at a time, until ctx ends; it then waits for those in hand.
// An answer of nil is not sent.
func (c *Conn) Serve(ctx context.Context, subject string, atOnce int, answer func(ctx context.Context, data []byte) []byte) error {
	requests := make(chan *nats.Msg, maxWaiting)
	sub, err := c.nc.ChanSubscribe(subject, requests)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", subject, err)
	}
	defer sub.Unsubscribe() //nolint:errcheck // fails only when the connection is closed
	room := make(chan struct{}, atOnce)
	defer func() {
		for range atOnce { // wait for those in hand
			room <- struct{}{}
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case msg := <-requests:
			room <- struct{}{}
			go func() {
				defer func() { <-room }()
				if data := answer(ctx, msg.Data); data != nil {
					_ = msg.Respond(data) // whoever asked waits with a deadline
				}
			}()
		}
	}
}
