package session

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
)

// Bus is the other executors, asked over NATS.
type Bus struct{ conn *bus.Conn }

// NewBus asks over the connection.
func NewBus(conn *bus.Conn) *Bus { return &Bus{conn} }

// Ask implements [Fleet].
func (b *Bus) Ask(ctx context.Context, holder string, ask contract.SessionAsk) (contract.SessionState, error) {
	data, err := json.Marshal(ask)
	if err != nil {
		return contract.SessionUnknown, err
	}
	data, err = b.conn.Call(ctx, contract.SessionSubject(holder), data)
	if err != nil {
		return contract.SessionUnknown, err
	}
	var answer contract.SessionAnswer
	if err := json.Unmarshal(data, &answer); err != nil {
		return contract.SessionUnknown, fmt.Errorf("reading the answer: %w", err)
	}
	return answer.State, nil
}

// Alive implements [Fleet].
func (b *Bus) Alive(ctx context.Context, holder string) (bool, error) {
	return ledger.Alive(ctx, b.conn, holder)
}

// closesAtOnce bounds how many sessions are closed for others at once.
const closesAtOnce = 64

// Serve closes sessions for other executors that ask for it, until ctx ends.
func (p *Pool) Serve(ctx context.Context, conn *bus.Conn) error {
	return conn.Serve(ctx, contract.SessionSubject(p.self), closesAtOnce, func(ctx context.Context, data []byte) []byte {
		answer := contract.SessionAnswer{State: contract.SessionUnknown}
		var ask contract.SessionAsk
		if err := json.Unmarshal(data, &ask); err != nil {
			p.log.Warn().Err(err).Msg("a request to close a session makes no sense")
		} else {
			within, cancel := context.WithTimeout(ctx, askWithin)
			defer cancel()
			answer.State = p.Release(within, Device{ask.Site, ask.DeviceID})
		}
		out, err := json.Marshal(answer)
		if err != nil {
			return nil
		}
		return out
	})
}
