// Package identity knows the API tokens: who a request is, and what its role allows.
//
// A token's secret is shown when it is made and kept nowhere; bucket identity holds its SHA-256. Every gateway keeps the
// bucket in memory and follows it, so that a request costs no read, and a token that is removed anywhere stops working
// everywhere within moments.
package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/services/gateway/internal/mirror"
)

// Errors that callers branch on.
var (
	// ErrUnknown says that no token has that secret, or that it has expired.
	ErrUnknown = errors.New("the token is not known or has expired")
	// ErrNameTaken says that a token of that name exists.
	ErrNameTaken = errors.New("a token of that name exists")
	// ErrNoToken says that no token has that name.
	ErrNoToken = errors.New("no token has that name")
	// ErrLastAdmin refuses to remove the last token that can make tokens.
	ErrLastAdmin = errors.New("this is the last token of role admin that does not expire")
)

// AdminName is the name of the token that the first start makes.
const AdminName = "admin"

const secretPrefix = "nrt_"

// Store is the set of tokens. Safe for concurrent use.
type Store struct {
	conn *bus.Conn
	log  zerolog.Logger

	state    *mirror.State             // locks the rest
	tokens   map[string]contract.Token // by key
	revision uint64                    // the newest seen
}

// New makes a store; [Store.Run] fills it.
func New(conn *bus.Conn, log zerolog.Logger) *Store {
	return &Store{conn: conn, log: log, tokens: map[string]contract.Token{}, state: mirror.New("the tokens")}
}

// Run follows the bucket until ctx ends, and then returns nil.
func (s *Store) Run(ctx context.Context) error {
	restart := func() { s.tokens, s.revision = map[string]contract.Token{}, 0 }
	return s.state.Follow(ctx, s.conn, s.log, bus.FollowConfig{
		Stream: bus.KVStream(contract.BucketIdentity), Filters: []string{allTokens()}, LastPerSubject: true,
	}, restart, s.take)
}

// Ready returns nil when all tokens are known.
func (s *Store) Ready() error { return s.state.Ready() }

func (s *Store) take(m bus.Stored) error {
	key := strings.TrimPrefix(m.Subject, bus.KVSubject(contract.BucketIdentity, ""))
	var token contract.Token
	if !m.Deleted {
		if err := json.Unmarshal(m.Data, &token); err != nil {
			// One that cannot be read lets nobody in, and must not keep the others out.
			s.log.Error().Err(err).Uint64("revision", m.Seq).Msg("a token cannot be read; it is not known here")
			m.Deleted = true
		}
	}
	s.state.Lock()
	defer s.state.Unlock()
	if m.Deleted {
		delete(s.tokens, key)
	} else {
		s.tokens[key] = token
	}
	s.revision = max(s.revision, m.Seq)
	s.state.Notify()
	return nil
}

// Find returns the token of a secret, or [ErrUnknown].
func (s *Store) Find(secret string, now time.Time) (contract.Token, error) {
	key := contract.TokenKey(contract.Digest([]byte(secret)))
	s.state.RLock()
	defer s.state.RUnlock()
	// The time of a map lookup tells of the digest, which nobody can choose; every token is compared all the same.
	found := contract.Token{}
	hit := 0
	for k := range s.tokens {
		if subtle.ConstantTimeCompare([]byte(k), []byte(key)) == 1 {
			found, hit = s.tokens[k], 1
		}
	}
	if hit == 0 || expired(found, now) {
		return contract.Token{}, ErrUnknown
	}
	return found, nil
}

func expired(t contract.Token, now time.Time) bool {
	return !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt)
}

// List returns all tokens by name, those that have expired too.
func (s *Store) List() []contract.Token {
	s.state.RLock()
	defer s.state.RUnlock()
	list := make([]contract.Token, 0, len(s.tokens))
	for _, e := range s.tokens {
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b contract.Token) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// newSecret makes a secret of 160 random bits.
func newSecret() string {
	b := make([]byte, 20)
	rand.Read(b) //nolint:errcheck // crypto/rand.Read never fails (it aborts the process)
	return secretPrefix + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b))
}
