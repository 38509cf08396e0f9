package lab

import (
	"net/http"
	"sync"
	"time"
)

// Account is what the lab's server of accounts knows of a user. All devices ask this one server, as devices ask TACACS+ or
// RADIUS: bad logins count wherever they happen.
type Account struct {
	// Refused counts bad logins, InARow those since the last good one.
	Refused int `json:"refused"`
	InARow  int `json:"in_a_row"`
	// Locked says that nobody gets in by a password any more, until the account is unlocked.
	Locked bool `json:"locked"`
}

// Accounts is the server of accounts.
type Accounts struct {
	Accounts map[string]Account `json:"accounts"`
	// AtOnce is the highest number of bad logins that were under way at the same moment.
	AtOnce int `json:"at_once"`
}

// accounts is the server. A login takes it a while, so that logins at the same time are seen.
type accounts struct {
	lockAfter int
	delay     time.Duration

	mu     sync.Mutex
	users  map[string]*Account
	now    int // bad logins under way
	atOnce int
}

func newAccounts(c *Config) *accounts {
	return &accounts{lockAfter: c.LockAfter, delay: c.LoginDelay, users: map[string]*Account{}}
}

// login reports whether a user gets in, whose password is right or not.
func (a *accounts) login(user string, right bool) bool {
	a.mu.Lock()
	if !right {
		a.now++
		a.atOnce = max(a.atOnce, a.now)
	}
	a.mu.Unlock()
	if a.delay > 0 {
		time.Sleep(a.delay)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !right {
		a.now--
	}
	u := a.users[user]
	if u == nil {
		u = &Account{}
		a.users[user] = u
	}
	if right && !u.Locked {
		u.InARow = 0
		return true
	}
	if !right {
		u.Refused++
		u.InARow++
		u.Locked = u.Locked || a.lockAfter > 0 && u.InARow >= a.lockAfter
	}
	return false
}

// reset unlocks all accounts and forgets their logins.
func (a *accounts) reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.users, a.atOnce = map[string]*Account{}, 0
}

// Accounts returns what the server of accounts knows.
func (l *Lab) Accounts() Accounts {
	a := l.accounts
	a.mu.Lock()
	defer a.mu.Unlock()
	out := Accounts{Accounts: map[string]Account{}, AtOnce: a.atOnce}
	for name, u := range a.users {
		out.Accounts[name] = *u
	}
	return out
}

// ResetAccounts unlocks all accounts and forgets their logins.
func (l *Lab) ResetAccounts() { l.accounts.reset() }

func (l *Lab) getAccounts(w http.ResponseWriter, _ *http.Request) { answer(w, l.Accounts()) }

func (l *Lab) resetAccounts(w http.ResponseWriter, _ *http.Request) {
	l.ResetAccounts()
	done(w, nil)
}
