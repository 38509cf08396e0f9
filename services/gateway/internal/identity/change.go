package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
)

// changeTimeout bounds one change, all its repetitions included.
const changeTimeout = 10 * time.Second

// allTokens is the filter of every token's subject.
func allTokens() string { return bus.KVSubject(contract.BucketIdentity, contract.TokenKey(">")) }

func tokenSubject(key string) string { return bus.KVSubject(contract.BucketIdentity, key) }

// EnsureAdmin makes the first token when there is none, and returns its secret; otherwise "". Of several gateways that
// start at once, exactly one makes it. Call it while [Store.Run] runs.
func (s *Store) EnsureAdmin(ctx context.Context, now time.Time) (secret string, err error) {
	err = s.change(ctx, func() (*bus.Message, error) {
		if secret = ""; len(s.tokens) > 0 { // the secret of a try that was refused opens nothing
			return nil, nil
		}
		var m *bus.Message
		secret, m, err = tokenMessage(contract.Token{Name: AdminName, Role: contract.RoleAdmin, CreatedAt: now.UTC()})
		return m, err
	})
	if err != nil {
		return "", fmt.Errorf("making the first token: %w", err)
	}
	return secret, nil
}

// Create makes a token and returns its secret, which is shown this once. Names are unique, also between two gateways:
// they are what a job's principal says.
func (s *Store) Create(ctx context.Context, t contract.Token) (secret string, err error) {
	err = s.change(ctx, func() (*bus.Message, error) {
		for _, e := range s.tokens {
			if e.Name == t.Name {
				return nil, ErrNameTaken
			}
		}
		var m *bus.Message
		secret, m, err = tokenMessage(t)
		return m, err
	})
	if err != nil {
		return "", fmt.Errorf("making token %s: %w", t.Name, err)
	}
	return secret, nil
}

// Delete removes the token of a name. The last token of role admin that does not expire stays: without it nobody could
// make another.
func (s *Store) Delete(ctx context.Context, name string) error {
	err := s.change(ctx, func() (*bus.Message, error) {
		key, others := "", 0
		var role contract.Role
		for k, e := range s.tokens {
			if e.Name == name {
				key, role = k, e.Role
			} else if e.Role == contract.RoleAdmin && e.ExpiresAt.IsZero() {
				others++
			}
		}
		switch {
		case key == "":
			return nil, ErrNoToken
		case role == contract.RoleAdmin && others == 0:
			return nil, ErrLastAdmin
		}
		return &bus.Message{Subject: tokenSubject(key), Purge: true}, nil
	})
	if err != nil {
		return fmt.Errorf("removing token %s: %w", name, err)
	}
	return nil
}

// tokenMessage makes the write of a new token.
func tokenMessage(t contract.Token) (secret string, m *bus.Message, err error) {
	data, err := json.Marshal(t)
	if err != nil {
		return "", nil, err
	}
	secret = newSecret()
	return secret, &bus.Message{Subject: tokenSubject(contract.TokenKey(contract.Digest([]byte(secret)))), Data: data}, nil
}

// change decides on all tokens and writes one of them, provided that nobody wrote any in between: the write expects the
// last sequence of the whole bucket. decide runs under the lock, perhaps several times; no message means nothing to do.
func (s *Store) change(ctx context.Context, decide func() (*bus.Message, error)) error {
	ctx, cancel := context.WithTimeout(ctx, changeTimeout)
	defer cancel()
	for {
		last, err := s.catchUp(ctx)
		if err != nil {
			return err
		}
		s.state.RLock()
		m, err := decide()
		s.state.RUnlock()
		if err != nil || m == nil {
			return err
		}
		m.Expect, m.ExpectOn = &last, allTokens()
		seq, err := s.conn.Publish(ctx, *m)
		switch {
		case err == nil:
			return s.seen(ctx, seq)
		case !errors.Is(err, bus.ErrConflict):
			return err
		}
	}
}

// catchUp waits until the newest token that the bucket holds is known here, and returns its sequence.
func (s *Store) catchUp(ctx context.Context) (uint64, error) {
	last, err := s.conn.LastFor(ctx, bus.KVStream(contract.BucketIdentity), allTokens())
	if err != nil && !errors.Is(err, bus.ErrNotFound) {
		return 0, err
	}
	return last.Seq, s.seen(ctx, last.Seq)
}

// seen waits until the bucket has been followed up to a sequence.
func (s *Store) seen(ctx context.Context, seq uint64) error {
	for {
		s.state.RLock()
		done, changed := s.state.CaughtUp() && s.revision >= seq, s.state.Changed()
		s.state.RUnlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for the tokens to be read: %w", ctx.Err())
		}
	}
}
