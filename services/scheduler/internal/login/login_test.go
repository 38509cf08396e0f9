package login_test

import (
	"testing"
	"time"

	"github.com/netrust/netrust/services/scheduler/internal/login"
)

var began = time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)

// However the ticks come, no minute has more logins than allowed, and not many fewer.
func TestAPaceIsNeverExceeded(t *testing.T) {
	t.Parallel()
	for _, perMinute := range []int{1, 2, 7, 60, 600, 6000} {
		for _, tick := range []time.Duration{time.Millisecond, 20 * time.Millisecond, 333 * time.Millisecond} {
			p := login.NewPace(perMinute)
			var at []time.Time
			for now := began; now.Before(began.Add(3 * time.Minute)); now = now.Add(tick) {
				for !p.Next().After(now) {
					p.Take(now)
					at = append(at, now)
				}
			}
			for i := perMinute; i < len(at); i++ {
				if span := at[i].Sub(at[i-perMinute]); span < time.Minute {
					t.Fatalf("%d per minute, tick %s: %d logins within %s", perMinute, tick, perMinute+1, span)
				}
			}
			if interval := time.Minute / time.Duration(perMinute); tick < interval/10 && len(at) < 3*perMinute*9/10 {
				t.Errorf("%d per minute, tick %s: only %d in three minutes", perMinute, tick, len(at))
			}
		}
	}
}

func TestAPaceWaitsAfterAnotherLeader(t *testing.T) {
	t.Parallel()
	p := login.NewPace(60)
	p.Hold(began)
	if next := p.Next(); next.Before(began.Add(time.Second)) || next.After(began.Add(1100*time.Millisecond)) {
		t.Errorf("the next login comes after %s; want a second", next.Sub(began))
	}
}

func TestRefusalsAreForgotten(t *testing.T) {
	t.Parallel()
	a := login.New(time.Minute, 0)
	if n, _ := a.InARow("d", began); n != 0 || a.Good("d", "c", began) {
		t.Error("something is known of a domain that nobody has seen")
	}
	a.Refused("d", "c", 1, began)
	a.Refused("d", "c", 2, began.Add(30*time.Second))
	a.Refused("d", "other", 1, began)
	if n, last := a.InARow("d", began.Add(40*time.Second)); n != 4 || !last.Equal(began.Add(30*time.Second)) {
		t.Errorf("%d refusals, the last at %s; want 4", n, last)
	}
	if n, _ := a.InARow("d", began.Add(80*time.Second)); n != 3 {
		t.Errorf("%d refusals are remembered; want 3", n)
	}
	a.Proved("d", "c", began.Add(20*time.Second)) // it began before the last one
	if n, _ := a.InARow("d", began.Add(40*time.Second)); n != 4 {
		t.Errorf("an earlier login leaves %d refusals; want 4", n)
	}
	a.Proved("d", "c", began.Add(31*time.Second))
	if n, _ := a.InARow("d", began.Add(40*time.Second)); n != 1 || !a.Good("d", "c", began.Add(40*time.Second)) {
		t.Errorf("a later login leaves %d refusals; want that of the other account", n)
	}
	if a.Good("d", "c", began.Add(2*time.Minute)) {
		t.Error("a login is good for ever")
	}
	a.Refused("d", "c", 1, began.Add(10*time.Minute))
	if n, _ := a.InARow("d", began.Add(10*time.Minute)); n != 1 {
		t.Errorf("%d refusals after a long time; want 1", n)
	}
}
