package session_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

type ctx = context.Context

// looking runs the pool's rounds in a bubble, until the test ends.
func looking(t *testing.T, do func(b *bench)) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, usual)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- b.pool.Run(ctx, time.Second) }()
		do(b)
		stop()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
		if _, open := b.now(); open != 0 {
			t.Errorf("%d sessions are left open", open)
		}
	})
}

func pass(d time.Duration) { <-time.After(d); synctest.Wait() }

func TestAnIdleSessionIsClosedWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	looking(t, func(b *bench) {
		b.task(b.pool)
		pass(50 * time.Second)
		b.wants(1, 1)
		b.task(b.pool) // its time begins anew
		pass(50 * time.Second)
		b.wants(1, 1)
		pass(15 * time.Second)
		if b.wants(1, 0); !b.last.left || b.pool.Counts().Expired != 1 {
			b.Errorf("it was left in good order: %v; %+v", b.last.left, b.pool.Counts())
		}
	})
}

func TestIdleSessionsAreAskedForSignsOfLife(t *testing.T) {
	t.Parallel()
	looking(t, func(b *bench) {
		b.task(b.pool)
		pass(45 * time.Second)
		if b.last.pings != 2 {
			b.Errorf("asked %d times in 45 s, every 20 s", b.last.pings)
		}
		b.task(b.pool)
		b.last.set(func(k *kept) { k.answers = false })
		pass(28 * time.Second)
		if b.wants(1, 0); b.pool.Counts().Lost != 1 {
			b.Errorf("counted %+v", b.pool.Counts())
		}
	})
}

func TestADroppedSessionIsClosedSoon(t *testing.T) {
	t.Parallel()
	looking(t, func(b *bench) {
		b.task(b.pool)
		b.last.set(func(k *kept) { k.alive = false })
		pass(1500 * time.Millisecond)
		b.wants(1, 0)
	})
}

func TestWhoMayBeTakenForDeadKeepsNoSession(t *testing.T) {
	t.Parallel()
	looking(t, func(b *bench) {
		b.task(b.pool)
		b.life.mu.Lock()
		b.life.dead = errors.New("no sign of life could be written")
		b.life.mu.Unlock()
		pass(1500 * time.Millisecond)
		b.wants(1, 0)
		b.task(b.pool) // one that was in hand all the while
		b.wants(2, 0)
	})
	looking(t, func(b *bench) {
		u := b.take(b.pool)
		b.pool.Counts()
		pass(time.Second)
		// It was stopped for a while, and another may have had the device.
		b.life.mu.Lock()
		b.life.since = time.Now()
		b.life.mu.Unlock()
		u.Close()
		b.wants(1, 0)
		b.task(b.pool)
		pass(time.Second)
		b.life.mu.Lock()
		b.life.since = time.Now()
		b.life.mu.Unlock()
		if b.task(b.pool) {
			b.Error("a session from before was used")
		}
	})
}
