package leader_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/bus/bustest"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/kvstore"
	"github.com/netrust/netrust/services/scheduler/internal/leader"
)

// candidate takes part in the election; leads counts its terms, and now says whether it leads.
type candidate struct {
	terms atomic.Int32
	now   atomic.Bool
	stop  func()
}

func run(t *testing.T, conn *bus.Conn, name string, leading *atomic.Int32, lead func(context.Context) error) *candidate {
	c := &candidate{}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	election := leader.New(conn, contract.Leader{Incarnation: name}, 3*time.Second, zerolog.Nop())
	go func() {
		done <- election.Run(ctx, func(ctx context.Context) error {
			if leading.Add(1) > 1 {
				t.Error("two lead at once, though nobody was paused")
			}
			defer leading.Add(-1)
			c.terms.Add(1)
			c.now.Store(true)
			defer c.now.Store(false)
			return lead(ctx)
		})
	}()
	c.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("%s ended with %v", name, err)
		}
	})
	t.Cleanup(c.stop)
	return c
}

func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !holds(); {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
		<-time.After(10 * time.Millisecond)
	}
}

func untilEnd(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }

func TestOneLeadsAndTheNextFollows(t *testing.T) {
	t.Parallel()
	server, conn := bustest.Server(t)
	var leading atomic.Int32
	a := run(t, conn, "a", &leading, untilEnd)
	await(t, "the first to lead", a.now.Load)
	b := run(t, bustest.Connect(t, server), "b", &leading, untilEnd)
	a.stop() // it resigns: the next need not wait for its key to expire
	await(t, "the second to lead", b.now.Load)
	if a.terms.Load() != 1 || b.terms.Load() != 1 {
		t.Errorf("%d and %d terms", a.terms.Load(), b.terms.Load())
	}
}

func TestATermThatFailsIsFollowedByAnother(t *testing.T) {
	t.Parallel()
	_, conn := bustest.Server(t)
	var leading atomic.Int32
	first := true
	a := run(t, conn, "a", &leading, func(ctx context.Context) error {
		if first {
			first = false
			return errors.New("the replay failed")
		}
		return untilEnd(ctx)
	})
	await(t, "the second term", func() bool { return a.terms.Load() == 2 && a.now.Load() })
}

func TestADeposedLeaderStopsLeading(t *testing.T) {
	t.Parallel()
	_, conn := bustest.Server(t)
	var leading atomic.Int32
	a := run(t, conn, "a", &leading, untilEnd)
	await(t, "it to lead", a.now.Load)
	bucket := kvstore.Open[contract.Leader](conn, contract.BucketJobs)
	await(t, "another to take the key", func() bool {
		e, err := bucket.Get(t.Context(), contract.SchedulerLeaderKey)
		if err != nil {
			return false
		}
		_, err = bucket.Update(t.Context(), contract.SchedulerLeaderKey, contract.Leader{Incarnation: "usurper"}, e.Revision, 3*time.Second)
		return err == nil
	})
	await(t, "it to stop", func() bool { return !a.now.Load() })
	await(t, "it to lead again when the other's key has expired", func() bool { return a.terms.Load() == 2 })
}
