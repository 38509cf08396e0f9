package letters

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

// Filter chooses letters; the zero value takes all.
type Filter struct {
	State, Job string
}

// Position is a place in the list, which has the newest first.
type Position struct {
	At time.Time
	ID string
}

// List returns up to limit letters after the position (nil: from the start), and whether more follow.
func (s *Store) List(f Filter, after *Position, limit int) (page []api.DeadLetter, more bool) {
	s.state.RLock()
	var found []*letter
	for _, l := range s.letters {
		if (f.State == "" || l.State == f.State) && (f.Job == "" || l.JobID == f.Job) && !s.aged(l) && (after == nil || before(after, l)) {
			found = append(found, l)
		}
	}
	slices.SortFunc(found, func(a, b *letter) int { return cmp.Or(b.LastAt.Compare(a.LastAt), strings.Compare(a.ID, b.ID)) })
	more = len(found) > limit
	page = make([]api.DeadLetter, 0, min(len(found), limit))
	for _, l := range found[:min(len(found), limit)] {
		page = append(page, l.copied())
	}
	s.state.RUnlock()
	return page, more
}

// aged says that a letter is older than the stream keeps it.
func (s *Store) aged(l *letter) bool { return s.now().Sub(l.LastAt) > bus.DeadLetterRetention }

func before(p *Position, l *letter) bool {
	return cmp.Or(p.At.Compare(l.LastAt), strings.Compare(l.ID, p.ID)) > 0
}

// copied is the letter for a reader: its history is not shared with the fold.
func (l *letter) copied() api.DeadLetter {
	d := l.DeadLetter
	d.History = slices.Clone(d.History)
	return d
}

// OpenCount is how many letters wait for a person.
func (s *Store) OpenCount() (n int) {
	s.state.RLock()
	defer s.state.RUnlock()
	for _, l := range s.letters {
		if l.State == Open && !s.aged(l) {
			n++
		}
	}
	return n
}

// Get returns a letter, or [ErrNoLetter].
func (s *Store) Get(id string) (api.DeadLetter, error) {
	s.state.RLock()
	defer s.state.RUnlock()
	l := s.letters[id]
	if l == nil || s.aged(l) {
		return api.DeadLetter{}, fmt.Errorf("dead letter %s: %w", id, ErrNoLetter)
	}
	return l.copied(), nil
}

// Payload reads the letter's newest message, as far as the letter keeps it.
func (s *Store) Payload(ctx context.Context, id string) ([]byte, error) {
	s.state.RLock()
	l := s.letters[id]
	s.state.RUnlock()
	if l == nil {
		return nil, fmt.Errorf("dead letter %s: %w", id, ErrNoLetter)
	}
	stored, err := s.conn.LastFor(ctx, contract.StreamDLQ, l.subject)
	if errors.Is(err, bus.ErrNotFound) {
		return nil, nil // aged out
	}
	var d contract.DeadLetter
	if err == nil {
		err = json.Unmarshal(stored.Data, &d)
	}
	if err != nil {
		return nil, fmt.Errorf("reading dead letter %s: %w", id, err)
	}
	return d.Payload, nil
}

// Decide asks the scheduler to replay or discard a letter, and waits up to wait for its answer. The verdict is nil while
// there is none.
func (s *Store) Decide(ctx context.Context, c contract.LetterCommand, wait time.Duration) (now api.DeadLetter, verdict *api.LetterEntry, err error) {
	s.state.RLock()
	l := s.letters[c.LetterID]
	s.state.RUnlock()
	if l == nil {
		return now, nil, fmt.Errorf("dead letter %s: %w", c.LetterID, ErrNoLetter)
	}
	c.Subject = l.subject
	data, err := json.Marshal(c)
	if err != nil {
		return now, nil, fmt.Errorf("encoding what was decided about letter %s: %w", c.LetterID, err)
	}
	seq, err := s.conn.Publish(ctx, bus.Message{
		Subject: contract.LetterCommandSubject(c.LetterID), Data: data, Type: contract.TypeLetterCommand,
		ID: "letter-" + c.LetterID + "/" + string(c.Action) + "/" + c.At.Format(time.RFC3339Nano), Dedup: true,
	})
	if err != nil {
		return now, nil, fmt.Errorf("asking to %s dead letter %s: %w", c.Action, c.LetterID, err)
	}
	return s.await(ctx, c.LetterID, seq, wait)
}

// await waits until the command with the sequence has its event.
func (s *Store) await(ctx context.Context, id string, seq uint64, wait time.Duration) (now api.DeadLetter, verdict *api.LetterEntry, err error) {
	over := time.NewTimer(wait)
	defer over.Stop()
	for {
		s.state.RLock()
		changed := s.state.Changed()
		if l := s.letters[id]; l != nil {
			now = l.copied()
			if l.decided >= seq {
				verdict = l.verdict
			}
		}
		s.state.RUnlock()
		if verdict != nil {
			return now, verdict, nil
		}
		select {
		case <-changed:
		case <-over.C:
			return now, nil, nil
		case <-ctx.Done():
			return now, nil, ctx.Err()
		}
	}
}
