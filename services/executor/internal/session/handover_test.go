package session_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/services/executor/internal/session"
)

// after makes a task's lease say who may have a session.
func after(l *lease) func(*session.Request) { return func(r *session.Request) { r.Lease = l } }

func TestAnotherExecutorsSessionIsClosedBeforeTheNextIsOpened(t *testing.T) {
	t.Parallel()
	b := newBench(t, usual)
	other := b.executor("b", usual)
	b.task(b.pool)
	l := &lease{before: []string{"a"}}
	if b.task(other, after(l)) {
		t.Error("a session of another's was used")
	}
	if b.wants(2, 1); b.highest != 1 || !slices.Equal(l.after, []string{"b"}) {
		t.Errorf("%d sessions at once; released with %v", b.highest, l.after)
	}
	if c := b.pool.Counts(); c.Asked != 1 || c.Idle != 0 {
		t.Errorf("counted %+v", c)
	}
}

func TestOneThatIsBeingClosedIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, usual)
		other := b.executor("b", usual)
		b.task(b.pool)
		b.slow = make(chan struct{})
		go b.pool.Close()
		synctest.Wait() // it is being closed, and the device takes its time
		go func() { <-time.After(500 * time.Millisecond); close(b.slow) }()
		b.task(other, after(&lease{before: []string{"a"}}))
		if b.wants(2, 1); b.highest != 1 {
			t.Errorf("%d sessions at once", b.highest)
		}
	})
}

func TestADeviceMayHaveSessionsOfSeveralExecutors(t *testing.T) {
	t.Parallel()
	b := newBench(t, usual)
	two := func(r *session.Request) { r.MaxSessions = 2 }
	pools := []*session.Pool{b.pool, b.executor("b", usual), b.executor("c", usual)}
	var holders []string
	for i, want := range [][]string{{"a"}, {"a", "b"}, {"b", "c"}} {
		l := &lease{before: holders}
		b.task(pools[i], two, after(l))
		if holders = l.after; !slices.Equal(holders, want) {
			t.Errorf("after executor %d sessions may be open of %v; want %v", i, holders, want)
		}
	}
	if b.wants(3, 2); b.highest != 2 {
		t.Errorf("%d sessions at once", b.highest)
	}
	if l := (&lease{before: []string{"c"}}); !b.task(pools[1], two, after(l)) || !slices.Equal(l.after, []string{"c", "b"}) {
		t.Errorf("the second executor logged in anew, or forgot the third: %v", l.after)
	}
}

func TestASessionInUseIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	b := newBench(t, usual)
	other := b.executor("b", usual)
	u := b.take(b.pool)
	l := &lease{before: []string{"a"}}
	_, err := other.Take(t.Context(), b.request(after(l)))
	var held *session.HeldError
	if !errors.As(err, &held) || held.Holder != "a" || held.Wait <= 0 || l.after != nil {
		t.Fatalf("got %v, released with %v", err, l.after)
	}
	u.Close() // it was asked for meanwhile
	b.wants(1, 0)
	b.task(other, after(l))
	b.wants(2, 1)
}

func TestAnExecutorThatDoesNotAnswerIsWaitedForUntilItIsGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, usual)
		b.fleet.alive["mute"] = true
		l := &lease{before: []string{"mute"}}
		for range 2 {
			_, err := b.pool.Take(t.Context(), b.request(after(l)))
			var held *session.HeldError
			if !errors.As(err, &held) || !strings.Contains(err.Error(), "mute may still have a session on r1: it did not answer") && !strings.Contains(err.Error(), "it does not answer") {
				t.Fatalf("got %v", err)
			}
			if driver.EffectOf(err) == contract.EffectPossible && errors.As(err, new(*driver.TimeoutError)) {
				t.Errorf("%v may have done something", err)
			}
		}
		if b.fleet.asked != 1 {
			t.Errorf("it was asked %d times in a row", b.fleet.asked)
		}
		b.wants(0, 0)
		b.fleet.alive["mute"] = false
		b.task(b.pool, after(l))
		b.wants(1, 1)
		b.pool.Close()
	})
}

func TestAnExecutorSaysWhatItHas(t *testing.T) {
	t.Parallel()
	b := newBench(t, usual)
	r1 := session.Device{Site: "lab", ID: "r1"}
	for _, want := range []contract.SessionState{contract.SessionClosed, contract.SessionInUse, contract.SessionClosed} {
		var u *session.Use
		if want == contract.SessionInUse {
			u = b.take(b.pool)
		}
		if got := b.pool.Release(t.Context(), r1); got != want {
			t.Errorf("it says %s; want %s", got, want)
		}
		if u != nil {
			u.Close()
		}
	}
	b.wants(1, 0)
}
