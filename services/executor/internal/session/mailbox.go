package session

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
)

const (
	// closesAtOnce bounds how many sessions are closed for others at once; maxAsked, how many questions are in hand: one beyond it
	// gets no answer. A job that another executor begins asks for as many as it has slots.
	closesAtOnce = 64
	maxAsked     = 4096
	// openAgain is the pause before a mailbox whose stream is gone is opened again.
	openAgain = 100 * time.Millisecond
)

// Mailbox is how executors ask each other to close sessions: a stream in memory, in which each has a subject for what it is asked and
// one for the answers to what it asked. It implements [Fleet], and is safe for concurrent use.
type Mailbox struct {
	conn *bus.Conn
	self string
	log  zerolog.Logger

	mu      sync.Mutex
	waiting map[string]chan contract.SessionState // by the question's id
}

// NewMailbox makes the mailbox of the executor of that incarnation. It does no I/O; [Mailbox.Run] must work for it to be of use.
func NewMailbox(conn *bus.Conn, self string, log zerolog.Logger) *Mailbox {
	return &Mailbox{conn: conn, self: self, log: log, waiting: map[string]chan contract.SessionState{}}
}

// Ask implements [Fleet].
func (m *Mailbox) Ask(ctx context.Context, holder string, ask contract.SessionAsk) (contract.SessionState, error) {
	ask.ID = rand.Text()
	answer := make(chan contract.SessionState, 1)
	m.mu.Lock()
	m.waiting[ask.ID] = answer
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.waiting, ask.ID)
	}()
	if err := m.send(ctx, contract.SessionAskSubject(holder), contract.TypeSessionAsk, ask.ID, ask); err != nil {
		return contract.SessionUnknown, err
	}
	select {
	case state := <-answer:
		return state, nil
	case <-ctx.Done():
		return contract.SessionUnknown, fmt.Errorf("waiting for its answer: %w", ctx.Err())
	}
}

// Alive implements [Fleet].
func (m *Mailbox) Alive(ctx context.Context, holder string) (bool, error) {
	return ledger.Alive(ctx, m.conn, holder)
}

// Run takes what comes until ctx ends: answers go to who waits for them; for a question, release closes the session, within the
// time that an asker waits. It returns when no question is in hand any more.
func (m *Mailbox) Run(ctx context.Context, release func(context.Context, Device) contract.SessionState) error {
	room := make(chan struct{}, closesAtOnce)
	var inHand sync.WaitGroup
	var asked atomic.Int64
	defer inHand.Wait()
	filters := []string{contract.SessionAskSubject(m.self), contract.SessionAnswerSubject(m.self)}
	for {
		// A server that is started anew has lost the stream. What was asked before is answered by nobody, and asked again.
		err := m.conn.Follow(ctx, bus.FollowConfig{Stream: contract.StreamSession, Filters: filters}, func(s bus.Stored) error {
			if s.Subject == contract.SessionAnswerSubject(m.self) {
				m.answered(s)
				return nil
			}
			if asked.Add(1) > maxAsked {
				asked.Add(-1)
				return nil
			}
			inHand.Go(func() {
				defer asked.Add(-1)
				select {
				case room <- struct{}{}:
					defer func() { <-room }()
					m.asked(ctx, s, release)
				case <-ctx.Done():
				}
			})
			return nil
		})
		if !errors.Is(err, bus.ErrStreamReset) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(openAgain):
		}
	}
}

func (m *Mailbox) answered(s bus.Stored) {
	var answer contract.SessionAnswer
	if err := json.Unmarshal(s.Data, &answer); err != nil {
		m.log.Warn().Err(err).Msg("an answer about a session cannot be read")
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if waiting := m.waiting[answer.ID]; waiting != nil {
		waiting <- answer.State // has room: a question has one answer
		delete(m.waiting, answer.ID)
	}
}

func (m *Mailbox) asked(ctx context.Context, s bus.Stored, release func(context.Context, Device) contract.SessionState) {
	var ask contract.SessionAsk
	if err := json.Unmarshal(s.Data, &ask); err != nil || ask.Asker == "" {
		m.log.Warn().Err(err).Msg("a question about a session cannot be read")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	answer := contract.SessionAnswer{ID: ask.ID, State: release(ctx, Device{ask.Site, ask.DeviceID})}
	if err := m.send(ctx, contract.SessionAnswerSubject(ask.Asker), contract.TypeSessionAnswer, ask.ID, answer); err != nil {
		m.log.Warn().Err(err).Str("asker", ask.Asker).Msg("an answer about a session could not be sent; it is asked for again")
	}
}

func (m *Mailbox) send(ctx context.Context, subject, kind, id string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = m.conn.Publish(ctx, bus.Message{Subject: subject, Data: data, Type: kind, ID: id})
	return err
}
