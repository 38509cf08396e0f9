// Package letters follows the dead letters and what was decided about them.
//
// A letter is all messages of one subject of stream DLQ that were set aside, the commands about it, and the events that
// answer them; its id is derived from the subject, so it is the same at every gateway. What is kept in memory is bounded, and
// without the messages themselves: those are read when somebody asks for one.
package letters

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/services/gateway/internal/mirror"
)

// States of a letter.
const (
	Open      = "open"
	Replayed  = "replayed"
	Discarded = "discarded"
)

// States lists them.
var States = [...]string{Open, Replayed, Discarded}

// ActionSetAside is the history's word for what began or repeated a letter.
const ActionSetAside = "set_aside"

const (
	// maxLetters bounds what is kept; over it the oldest that are decided go first.
	maxLetters = 10_000
	// maxHistory bounds what is kept of one letter's history: its beginning and its newest entries.
	maxHistory = 32
)

// ErrNoLetter says that no dead letter has that id.
var ErrNoLetter = errors.New("no dead letter has that id")

// Store is the dead letters. Safe for concurrent use.
type Store struct {
	conn *bus.Conn
	log  zerolog.Logger
	now  func() time.Time

	state   *mirror.State // locks the rest
	letters map[string]*letter
}

// letter is one, with what the API does not show.
type letter struct {
	api.DeadLetter
	subject string // of the letter itself
	asked   uint64 // sequence of the newest command
	decided uint64 // of the newest command that has its event
	verdict *api.LetterEntry
}

// New makes a store; [Store.Run] fills it.
func New(conn *bus.Conn, log zerolog.Logger) *Store {
	return &Store{conn: conn, log: log, now: time.Now, letters: map[string]*letter{}, state: mirror.New("the dead letters")}
}

// Run follows the letters until ctx ends, and then returns nil.
func (s *Store) Run(ctx context.Context) error {
	restart := func() { s.letters = map[string]*letter{} }
	return s.state.Follow(ctx, s.conn, s.log, bus.FollowConfig{Stream: contract.StreamDLQ}, restart, s.take)
}

// Ready returns nil when all dead letters are known.
func (s *Store) Ready() error { return s.state.Ready() }

// take folds one message of the stream.
func (s *Store) take(m bus.Stored) error {
	var err error
	s.state.Lock()
	defer s.state.Unlock()
	switch kind := m.HeaderValue(contract.HeaderType); kind {
	case contract.TypeDeadLetter:
		err = s.takeLetter(m)
	case contract.TypeLetterCommand:
		err = s.takeCommand(m)
	case contract.TypeLetterEvent:
		err = s.takeEvent(m)
	default:
		err = fmt.Errorf("unknown message type %q", kind)
	}
	if err != nil {
		s.log.Error().Err(err).Str("subject", m.Subject).Uint64("seq", m.Seq).Msg("a message about a dead letter cannot be read; it is passed over")
		return nil
	}
	s.state.Notify()
	return nil
}

func (s *Store) takeLetter(m bus.Stored) error {
	var d contract.DeadLetter
	key, err := contract.ParseDeadLetterSubject(m.Subject)
	if err == nil {
		err = json.Unmarshal(m.Data, &d)
	}
	if err != nil {
		return err
	}
	id := contract.LetterID(m.Subject)
	l := s.letters[id]
	if l == nil {
		s.makeRoom()
		l = &letter{subject: m.Subject, DeadLetter: api.DeadLetter{ID: id, FirstAt: d.At}}
		if key.Job != contract.NoJob {
			l.JobID = key.Job
		}
		if of(d.Subject) == m.Subject {
			l.DeviceID, l.Phase = key.Device, key.Phase
		}
		s.letters[id] = l
	}
	l.State, l.LastAt, l.Repeats = Open, d.At, l.Repeats+1
	l.Subject, l.Stream, l.Seq, l.Service, l.Reason, l.Deliveries, l.Headers = d.Subject, d.Stream, d.Seq, d.Service, d.Reason, d.Deliveries, d.Headers
	l.PayloadSHA256, l.PayloadBytes, l.PayloadTruncated = d.PayloadSHA256, d.PayloadBytes, d.PayloadTruncated
	if d.PayloadSHA256 == "" { // of an older version
		l.PayloadSHA256, l.PayloadBytes = contract.Digest(d.Payload), int64(len(d.Payload))
	}
	l.note(api.LetterEntry{At: d.At, Action: ActionSetAside, By: d.Service, Reason: d.Reason})
	return nil
}

// of is the letter's subject of a task's message, "" of any other.
func of(subject string) string {
	key, _, err := contract.ParseTaskSubject(subject)
	if err != nil {
		return ""
	}
	return key.DeadLetterSubject()
}

// note adds to a letter's history. A long one loses its middle.
func (l *letter) note(e api.LetterEntry) {
	l.History = append(l.History, e)
	if len(l.History) > maxHistory {
		l.History = slices.Delete(l.History, 1, 2)
	}
}

func (s *Store) takeCommand(m bus.Stored) error {
	var c contract.LetterCommand
	if err := json.Unmarshal(m.Data, &c); err != nil {
		return err
	}
	l := s.letters[c.LetterID]
	if l == nil {
		return nil // it has aged out before its command
	}
	l.asked = m.Seq
	l.Pending = &api.LetterEntry{At: c.At, Action: string(c.Action), By: c.Principal, Reason: c.Reason}
	return nil
}

func (s *Store) takeEvent(m bus.Stored) error {
	var ev contract.LetterEvent
	if err := json.Unmarshal(m.Data, &ev); err != nil {
		return err
	}
	l := s.letters[ev.LetterID]
	if l == nil {
		return nil
	}
	entry := api.LetterEntry{At: ev.At, Action: string(ev.Action), By: ev.Principal, Reason: ev.Reason, Refused: ev.Refused, Problems: ev.Problems}
	l.note(entry)
	l.decided, l.verdict = ev.CommandSeq, &entry
	if ev.CommandSeq >= l.asked {
		l.Pending = nil
	}
	switch {
	case ev.Refused:
	case ev.Action == contract.LetterReplay:
		l.State = Replayed
	case ev.Action == contract.LetterDiscard:
		l.State = Discarded
	}
	return nil
}

// makeRoom drops a letter when there are too many: the oldest that is decided, or the oldest.
func (s *Store) makeRoom() {
	if len(s.letters) < maxLetters {
		return
	}
	oldest := slices.MinFunc(slices.Collect(maps.Values(s.letters)), func(a, b *letter) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), a.LastAt.Compare(b.LastAt))
	})
	delete(s.letters, oldest.ID)
}

func rank(l *letter) int {
	if l.State == Open {
		return 1
	}
	return 0
}
