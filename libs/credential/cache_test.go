package credential_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/credential"
)

// vault resolves to a password that the test changes, and counts how often it was asked.
type vault struct {
	mu       sync.Mutex
	password string
	stamp    string
	asked    atomic.Int64
	hold     chan struct{} // an answer waits for it, where set
	err      error
}

func (v *vault) Resolve(ctx context.Context, reference string) (credential.Credential, error) {
	v.asked.Add(1)
	if v.hold != nil {
		select {
		case <-v.hold:
		case <-ctx.Done():
			return credential.Credential{}, ctx.Err()
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return credential.Credential{Username: reference, Password: credential.NewSecret(v.password)}, v.err
}

func (v *vault) Stamp(string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.stamp
}

func (v *vault) set(password, stamp string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.password, v.stamp = password, stamp
}

// clock is a time that the test moves.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time               { return time.Unix(0, c.at.Load()) }
func (c *clock) advance(d time.Duration)      { c.at.Add(int64(d)) }
func password(c credential.Credential) string { return c.Password.Reveal() }

func TestACredentialIsKeptForItsTime(t *testing.T) {
	t.Parallel()
	v, now := &vault{password: "one"}, &clock{}
	cache := credential.NewCache(v, time.Minute, nil, now.now)
	resolve := func(want string, asked int64) {
		t.Helper()
		c, err := cache.Resolve(t.Context(), "env:A")
		if err != nil || password(c) != want || v.asked.Load() != asked {
			t.Errorf("%q after %d questions, want %q after %d: %v", password(c), v.asked.Load(), want, asked, err)
		}
	}
	resolve("one", 1)
	v.set("two", "")
	now.advance(59 * time.Second)
	resolve("one", 1)
	now.advance(time.Second)
	resolve("two", 2)
	v.set("three", "another stamp") // a provider that can tell is not asked in vain
	resolve("three", 3)
	resolve("three", 3)
	none := credential.NewCache(v, 0, nil, now.now)
	for range 2 {
		if _, err := none.Resolve(t.Context(), "env:A"); err != nil {
			t.Error(err)
		}
	}
	if v.asked.Load() != 5 {
		t.Errorf("without a time to keep, the provider was asked %d times of 2", v.asked.Load()-3)
	}
}

func TestARefusedCredentialIsAskedForAnewOnce(t *testing.T) {
	t.Parallel()
	v := &vault{password: "old"}
	var mu sync.Mutex
	var seen []credential.Access
	cache := credential.NewCache(v, time.Hour, func(a credential.Access) { mu.Lock(); seen = append(seen, a); mu.Unlock() }, nil)
	used, err := cache.Resolve(t.Context(), "env:A")
	if err != nil {
		t.Fatal(err)
	}
	if _, changed, err := cache.Refresh(t.Context(), "env:A", used); changed || err != nil {
		t.Errorf("the same password is another one: %v %v", changed, err)
	}
	v.set("new", "")
	var wg sync.WaitGroup
	for range 50 { // fifty devices refuse the old one at once
		wg.Go(func() {
			c, changed, err := cache.Refresh(t.Context(), "env:A", used)
			if !changed || err != nil || password(c) != "new" {
				t.Errorf("%q %v %v", password(c), changed, err)
			}
		})
	}
	wg.Wait()
	if n := v.asked.Load(); n > 3+50 || n < 3 {
		t.Errorf("asked %d times", n)
	}
	before := v.asked.Load()
	if c, err := cache.Resolve(t.Context(), "env:A"); err != nil || password(c) != "new" || v.asked.Load() != before {
		t.Errorf("afterwards %q: %v", password(c), err)
	}
	v.err = errors.New("sealed")
	fresh, _ := cache.Resolve(t.Context(), "env:A")
	if _, changed, err := cache.Refresh(t.Context(), "env:A", fresh); changed || err == nil {
		t.Errorf("a provider that fails: %v %v", changed, err)
	}
	mu.Lock()
	defer mu.Unlock()
	first, last := seen[0], seen[len(seen)-1]
	if first != (credential.Access{Reference: "env:A"}) || !last.Refreshed || last.Err == nil || len(seen) != 55 {
		t.Errorf("%d accesses were seen, from %+v to %+v", len(seen), first, last)
	}
	for _, a := range seen {
		if text := fmt.Sprintf("%+v", a); a.Reference != "env:A" || len(text) > 200 {
			t.Errorf("seen %s", text)
		}
	}
}

func TestCallersThatComeTogetherAskOnce(t *testing.T) {
	t.Parallel()
	v := &vault{password: "one", hold: make(chan struct{})}
	cache := credential.NewCache(v, time.Hour, nil, nil)
	hasty, leave := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := cache.Resolve(hasty, "env:A"); err == nil {
			t.Error("a caller that left got an answer")
		}
	})
	for v.asked.Load() == 0 { // the hasty one asks
	}
	for range 20 {
		wg.Go(func() {
			if c, err := cache.Resolve(t.Context(), "env:A"); err != nil || password(c) != "one" {
				t.Errorf("%q %v", password(c), err)
			}
		})
	}
	leave()
	for v.asked.Load() < 2 { // one of the others asks in its place
	}
	close(v.hold)
	wg.Wait()
	if n := v.asked.Load(); n != 2 {
		t.Errorf("asked %d times, want 2", n)
	}
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	t.Parallel()
	v, now := &vault{}, &clock{}
	cache := credential.NewCache(v, time.Hour, nil, now.now)
	for i := range 10_001 {
		now.advance(time.Millisecond)
		if _, err := cache.Resolve(t.Context(), fmt.Sprintf("env:A%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		reference string
		again     int64
	}{{"env:A10000", 0}, {"env:A1", 0}, {"env:A0", 1}} {
		before := v.asked.Load()
		if _, err := cache.Resolve(t.Context(), c.reference); err != nil || v.asked.Load()-before != c.again {
			t.Errorf("%s: asked %d times more, want %d: %v", c.reference, v.asked.Load()-before, c.again, err)
		}
	}
}
