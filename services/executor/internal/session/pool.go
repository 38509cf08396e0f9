// Package session keeps sessions on devices open between tasks, so that the next task needs no login.
//
// A device has one session across the fleet, unless set otherwise: a task that holds the device and finds that another
// executor may keep a session there has it closed first ([Pool.Take]). Which executors may is written in the device's lease and
// in the marker that releases it, so it costs no message: the list is an upper bound, since a session may be closed at any time
// without telling. An executor that cannot say that it is alive closes its idle sessions before others may take it for dead.
//
// A session is used by one task at a time, and only by one that holds the device's lease. It is kept when it is as it was
// opened ([driver.Kept.Fresh]), and used again only for the same target with the same secrets.
package session

import (
	"container/list"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/driver"
)

// Config bounds a pool.
type Config struct {
	// Idle is how long a session may stay open without a task; 0 keeps none.
	Idle time.Duration
	// Keepalive is after how long without a word an idle session's device is asked for a sign of life; 0 asks for none.
	Keepalive time.Duration
	// Limit is how many idle sessions there are at most; the one that was used longest ago is closed for a new one.
	Limit int
	// PerDevice is how many executors may have a session on a device at once, where the device does not say.
	PerDevice int
}

// Liveness is what this executor knows of its own life in the ledger.
type Liveness interface {
	// Ready returns an error when others may take it for dead.
	Ready() error
	// AliveSince is since when it was not to be taken for dead.
	AliveSince() time.Time
}

// Fleet is the other executors.
type Fleet interface {
	// Ask asks an executor to close its session on a device.
	Ask(ctx context.Context, holder string, ask contract.SessionAsk) (contract.SessionState, error)
	// Alive reports whether the executor may still be there.
	Alive(ctx context.Context, holder string) (bool, error)
}

// Device names a device as the ledger does.
type Device struct{ Site, ID string }

// state of an entry.
type state int

const (
	inUse state = iota // by a task, or being opened for one
	idle
	closing
)

// entry is the one session that this executor has on a device. The pool's mutex guards it.
type entry struct {
	device   Device
	identity [sha256.Size]byte
	session  driver.Kept // nil while there is none yet, or none that can be kept
	state    state
	opened   time.Time
	since    time.Time     // idle since
	heard    time.Time     // the device's last sign of life
	unwanted bool          // another executor asked for it to be closed
	pinging  bool          // a sign of life was asked for
	place    *list.Element // in the order of idleness
	gone     chan struct{} // closed when nothing is open any more
}

// Pool is the sessions of one executor. It is safe for concurrent use. A nil pool keeps nothing.
type Pool struct {
	self  string
	cfg   Config
	live  Liveness
	fleet Fleet
	log   zerolog.Logger
	salt  []byte

	mu      sync.Mutex
	entries map[Device]*entry
	order   *list.List // of the idle ones, longest idle first
	closed  bool
	deaf    map[Device]time.Time // devices that gave no sign of life when they were asked, until when none is kept there
	mute    map[string]time.Time // executors that did not answer, until when they are not asked again
	counts  Counts
	closers sync.WaitGroup
}

// New makes a pool for the executor of that incarnation. It does no I/O.
func New(self string, cfg Config, live Liveness, fleet Fleet, log zerolog.Logger) *Pool {
	salt := make([]byte, 32)
	rand.Read(salt) //nolint:errcheck // crypto/rand.Read never fails
	return &Pool{
		self: self, cfg: cfg, live: live, fleet: fleet, log: log, salt: salt,
		entries: map[Device]*entry{}, order: list.New(), deaf: map[Device]time.Time{}, mute: map[string]time.Time{},
	}
}

// keeps reports whether the pool keeps anything at all.
func (p *Pool) keeps() bool { return p != nil && p.cfg.Idle > 0 && p.cfg.Limit > 0 }

// Counts is what a pool did, and what it has now.
type Counts struct {
	Idle, InUse int
	// Opened counts logins, Reused the tasks that needed none; Reopened, those whose session the device had dropped.
	Opened, Reused, Reopened uint64
	// Evicted, Expired, Lost, Asked and Unfit count sessions closed: for the limit; for their idleness; because the device
	// dropped them or did not answer; for another executor; because they were not as they were opened.
	Evicted, Expired, Lost, Asked, Unfit uint64
}

// Counts of this moment.
func (p *Pool) Counts() Counts {
	if p == nil {
		return Counts{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.counts
	c.Idle = p.order.Len()
	for _, e := range p.entries {
		if e.state == inUse {
			c.InUse++
		}
	}
	return c
}
