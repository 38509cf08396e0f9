package credential

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Bounds of a [Cache].
const (
	// DefaultTTL is how long a credential is used without asking its provider again.
	DefaultTTL = 5 * time.Minute
	// maxCached is how many credentials are kept; above it the one that would expire first is forgotten.
	maxCached = 10_000
)

// Access is one use of a credential, for audit and metrics. It never holds a secret.
type Access struct {
	Reference string
	// Cached says that no provider was asked; Refreshed, that the credential was asked for anew after a refused login, and
	// Changed that it was another one then.
	Cached, Refreshed, Changed bool
	Err                        error // nil when the reference was resolved
}

// Stamper is a [Provider] that can say cheaply whether what it would resolve has changed. A cached credential with another
// stamp is not used.
type Stamper interface {
	Stamp(reference string) string
}

// Refresher is a [Provider] that can look past what it remembers.
type Refresher interface {
	Provider
	// Refresh resolves the reference anew after the used credential was refused, and reports whether it is another one.
	Refresh(ctx context.Context, reference string, used Credential) (c Credential, changed bool, err error)
}

// Cache is a [Refresher] that keeps what a provider resolved for a while, asks it once for callers that come together, and
// tells an observer of every access. Errors are not kept. It is safe for concurrent use.
type Cache struct {
	provider Provider
	ttl      time.Duration
	observe  func(Access)
	now      func() time.Time

	mu      sync.Mutex
	kept    map[string]kept
	flights map[string]*flight
}

type kept struct {
	credential Credential
	stamp      string
	until      time.Time
}

// flight is one question to the provider, which several callers may wait for.
type flight struct {
	done       chan struct{}
	credential Credential
	err        error
}

// NewCache makes a cache in front of a provider. A TTL of 0 keeps nothing. observe may be nil; it is called from many
// goroutines and must not block. now is the clock; nil is the system's.
func NewCache(p Provider, ttl time.Duration, observe func(Access), now func() time.Time) *Cache {
	if observe == nil {
		observe = func(Access) {}
	}
	if now == nil {
		now = time.Now
	}
	return &Cache{provider: p, ttl: ttl, observe: observe, now: now, kept: map[string]kept{}, flights: map[string]*flight{}}
}

// Resolve implements [Provider].
func (c *Cache) Resolve(ctx context.Context, reference string) (Credential, error) {
	if found, ok := c.get(reference); ok {
		c.observe(Access{Reference: reference, Cached: true})
		return found, nil
	}
	found, err := c.ask(ctx, reference)
	c.observe(Access{Reference: reference, Err: err})
	return found, err
}

// Refresh implements [Refresher]. When another caller has refreshed already, what it got is returned: a thousand devices
// that refuse an old password ask the provider once.
func (c *Cache) Refresh(ctx context.Context, reference string, used Credential) (Credential, bool, error) {
	if found, ok := c.get(reference); ok && !found.Equal(used) {
		c.observe(Access{Reference: reference, Cached: true, Refreshed: true, Changed: true})
		return found, true, nil
	}
	c.forget(reference, used)
	found, err := c.ask(ctx, reference)
	changed := err == nil && !found.Equal(used)
	c.observe(Access{Reference: reference, Refreshed: true, Changed: changed, Err: err})
	return found, changed, err
}

func (c *Cache) get(reference string) (Credential, bool) {
	stamp := c.stamp(reference)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fresh(reference, stamp)
}

// fresh is what is kept and may still be used. The mutex is held.
func (c *Cache) fresh(reference, stamp string) (Credential, bool) {
	k, ok := c.kept[reference]
	if !ok || !c.now().Before(k.until) || k.stamp != stamp {
		return Credential{}, false
	}
	return k.credential, true
}

func (c *Cache) stamp(reference string) string {
	if s, ok := c.provider.(Stamper); ok {
		return s.Stamp(reference)
	}
	return ""
}

// forget drops what is kept, if it is still the one that was refused.
func (c *Cache) forget(reference string, used Credential) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k, ok := c.kept[reference]; ok && k.credential.Equal(used) {
		delete(c.kept, reference)
	}
}

// ask asks the provider, or waits for the caller that does. A caller whose own context ends does not fail the others: the
// next of them asks again.
func (c *Cache) ask(ctx context.Context, reference string) (Credential, error) {
	for {
		stamp := c.stamp(reference)
		c.mu.Lock()
		if found, ok := c.fresh(reference, stamp); ok { // another caller was faster
			c.mu.Unlock()
			return found, nil
		}
		f, flying := c.flights[reference]
		if !flying {
			f = &flight{done: make(chan struct{})}
			c.flights[reference] = f
		}
		c.mu.Unlock()
		if !flying {
			c.fly(ctx, reference, f)
			return f.credential, f.err
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return Credential{}, context.Cause(ctx)
		}
		if !errors.Is(f.err, context.Canceled) && !errors.Is(f.err, context.DeadlineExceeded) {
			return f.credential, f.err
		}
	}
}

// fly asks the provider for all who wait, and keeps what it says. The stamp is taken before, so that a change in between
// is noticed at the next use.
func (c *Cache) fly(ctx context.Context, reference string, f *flight) {
	defer func() {
		c.mu.Lock()
		delete(c.flights, reference)
		c.mu.Unlock()
		close(f.done) // after what was kept, so that who wakes up finds it
	}()
	f.err = errors.New("the credential's provider failed") // stands only if it panics
	stamp := c.stamp(reference)
	f.credential, f.err = c.provider.Resolve(ctx, reference)
	if f.err == nil && c.ttl > 0 {
		c.keep(reference, kept{credential: f.credential, stamp: stamp, until: c.now().Add(c.ttl)})
	}
}

func (c *Cache) keep(reference string, k kept) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.kept[reference]; !known && len(c.kept) >= maxCached {
		var first string
		for name, other := range c.kept {
			if first == "" || other.until.Before(c.kept[first].until) {
				first = name
			}
		}
		delete(c.kept, first)
	}
	c.kept[reference] = k
}
