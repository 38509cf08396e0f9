package session_test

import (
	"errors"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/services/executor/internal/session"
)

func TestTheNextTaskNeedsNoLogin(t *testing.T) {
	t.Parallel()
	b := newBench(t, usual)
	first := &lease{}
	if b.task(b.pool, func(r *session.Request) { r.Lease = first }) {
		t.Error("the first task found a session open")
	}
	if !slices.Equal(first.after, []string{"a"}) {
		t.Errorf("the device is released with sessions of %v", first.after)
	}
	if !b.task(b.pool) || !b.last.options.Keep {
		t.Error("the second task logged in")
	}
	b.wants(1, 1)
	if c := b.pool.Counts(); c.Opened != 1 || c.Reused != 1 || c.Idle != 1 || c.InUse != 0 {
		t.Errorf("counted %+v", c)
	}
	b.pool.Close()
	b.wants(1, 0)
}

func TestASessionIsUsedAgainOnlyForTheSameTargetAndSecrets(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*session.Request){
		"another address":       func(r *session.Request) { r.Target.Address = "192.0.2.2" },
		"another port":          func(r *session.Request) { r.Target.Port = 2222 },
		"another user":          func(r *session.Request) { r.Target.Username = "root" },
		"a rotated password":    func(r *session.Request) { r.Target.Password = driver.NewSecret("hunter3") },
		"a rotated key":         func(r *session.Request) { r.Target.PrivateKey = driver.NewSecret("a key") },
		"an enable secret":      func(r *session.Request) { r.Target.EnableSecret = driver.NewSecret("raise") },
		"older algorithms":      func(r *session.Request) { r.Target.LegacyAlgorithms = true },
		"a jump host":           func(r *session.Request) { r.Target.Jump = []driver.Target{{Address: "192.0.2.9"}} },
		"a host key policy":     func(r *session.Request) { r.Policy = "trust-first" },
		"another platform":      func(r *session.Request) { r.Target.Platform = "frr" },
		"a key of the agent's":  func(r *session.Request) { r.Target.AgentKey = "work" },
		"another agent":         func(r *session.Request) { r.Target.AgentSocket = "/run/agent" },
		"a passphrase of a key": func(r *session.Request) { r.Target.Passphrase = driver.NewSecret("open") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, usual)
			b.task(b.pool)
			old := b.last
			if b.task(b.pool, change) {
				t.Error("the old session was used")
			}
			if b.wants(2, 1); !old.left || b.highest != 1 {
				t.Errorf("the old session was left: %v; %d sessions at once", old.left, b.highest)
			}
		})
	}
	t.Run("bounds do not count", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, usual)
		b.task(b.pool)
		if !b.task(b.pool, func(r *session.Request) { r.Target.ConnectTimeout, r.Target.MaxOutput = time.Hour, 9 }) {
			t.Error("a new session was opened for another bound")
		}
	})
}

func TestWhatIsNotFitIsNotKept(t *testing.T) {
	t.Parallel()
	no := func(c *session.Config) { c.Idle = 0 }
	for name, c := range map[string]struct {
		config  func(*session.Config)
		request func(*session.Request)
		spoil   func(*kept)
	}{
		"the device's options say so":      {request: func(r *session.Request) { r.Keep = false }},
		"the executor keeps none":          {config: no},
		"something was left in it":         {spoil: func(k *kept) { k.fresh = false }},
		"the device has ended it":          {spoil: func(k *kept) { k.alive = false }},
		"its driver's sessions end always": {request: func(r *session.Request) { r.Driver = plain{r.Driver.(*device)} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := usual
			if c.config != nil {
				c.config(&cfg)
			}
			b := newBench(t, cfg)
			l := &lease{before: nil}
			u := b.take(b.pool, func(r *session.Request) {
				r.Lease = l
				if c.request != nil {
					c.request(r)
				}
			})
			if c.spoil != nil {
				b.last.set(c.spoil)
			}
			u.Close()
			if b.wants(1, 0); len(l.after) != 0 {
				t.Errorf("the device is released with sessions of %v", l.after)
			}
		})
	}
}

// plain is a driver whose sessions cannot be kept.
type plain struct{ *device }

func (p plain) Open(ctx ctx, t driver.Target, o driver.OpenOptions) (driver.Session, error) {
	s, err := p.device.Open(ctx, t, o)
	return struct{ driver.Session }{s}, err
}

func TestADroppedSessionIsOpenedAnewOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, usual)
	b.task(b.pool)
	b.last.set(func(k *kept) { k.alive = false })
	u := b.take(b.pool)
	if u.Reused() || u.MayReopen(errLost, true) {
		t.Error("a session that was opened anew before use would be opened a third time")
	}
	u.Close()
	b.wants(2, 1)

	// It seemed alive, and was not.
	u = b.take(b.pool)
	b.last.run = func() error { return errLost }
	_, err := u.Run(t.Context(), driver.Command{Text: "write memory"})
	if !u.MayReopen(err, false) {
		t.Fatalf("%v would not be answered by a new session", err)
	}
	if err := u.Reopen(t.Context(), b.request().Target); err != nil {
		t.Fatal(err)
	}
	if u.Reused() || u.MayReopen(errLost, true) {
		t.Error("it would be opened a second time")
	}
	u.Close()
	if b.wants(3, 1); b.pool.Counts().Reopened != 2 {
		t.Errorf("counted %+v", b.pool.Counts())
	}
}

func TestACommandThatWasSentIsSentAgainOnlyIfItMayBeRepeated(t *testing.T) {
	t.Parallel()
	b := newBench(t, usual)
	b.task(b.pool)
	cut := &driver.UnreachableError{Stage: driver.StageCommand, Err: errors.New("cut off")}
	u := b.take(b.pool)
	for _, c := range []struct {
		err        error
		repeatable bool
		want       bool
	}{
		{nil, true, false}, {cut, true, true}, {cut, false, false}, {errLost, false, true},
		{&driver.TimeoutError{Stage: driver.StageCommand}, true, false}, {&driver.RejectedError{}, true, false},
		{&driver.RefusedError{Err: driver.ErrSessionClosed}, false, true}, {&driver.RefusedError{Err: errors.New("not one command")}, true, false},
	} {
		if got := u.MayReopen(c.err, c.repeatable); got != c.want {
			t.Errorf("after %v, repeatable %v: %v", c.err, c.repeatable, got)
		}
	}
	if _, err := u.Run(t.Context(), driver.Command{Text: "show clock"}); err != nil || u.MayReopen(cut, true) {
		t.Errorf("after the first command (%v) the session would be opened anew", err)
	}
}

func TestTheDeviceIsAskedBeforeReuseWhereItMatters(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, usual)
		b.task(b.pool)
		pings := func(want int) {
			t.Helper()
			if b.last.pings != want {
				t.Errorf("the device was asked %d times for a sign of life; want %d", b.last.pings, want)
			}
		}
		b.task(b.pool)
		pings(0) // it was heard a moment ago
		b.task(b.pool, func(r *session.Request) { r.Check = true })
		pings(1)
		<-time.After(6 * time.Second)
		b.task(b.pool)
		pings(2)
		<-time.After(6 * time.Second)
		b.last.set(func(k *kept) { k.answers = false })
		if b.task(b.pool) {
			t.Error("a session was used whose device does not answer")
		}
		b.wants(2, 0) // it may be one that never answers: for a while none is kept there
		<-time.After(11 * time.Minute)
		b.task(b.pool)
		b.wants(3, 1)
	})
}

func TestTheLongestIdleIsClosedForANewOne(t *testing.T) {
	t.Parallel()
	cfg := usual
	cfg.Limit = 3
	b := newBench(t, cfg)
	at := func(n int) func(*session.Request) {
		return func(r *session.Request) { r.Device.ID = "r" + strconv.Itoa(n) }
	}
	for n := range 3 {
		b.task(b.pool, at(n))
	}
	b.task(b.pool, at(0)) // r1 is now the longest idle
	b.task(b.pool, at(3))
	b.pool.Release(t.Context(), session.Device{Site: "lab", ID: "r1"}) // waits until it is gone
	b.wants(4, 3)
	for n, want := range []bool{true, false} {
		if got := b.task(b.pool, at(n)); got != want {
			t.Errorf("r%d found its session open: %v", n, got)
		}
	}
	if c := b.pool.Counts(); c.Evicted != 2 || c.Idle != 3 {
		t.Errorf("counted %+v", c)
	}
}

func TestAFailedLoginLeavesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t, usual)
	b.refuse = &driver.AuthenticationError{DeviceID: "r1"}
	if _, err := b.pool.Take(t.Context(), b.request()); !errors.Is(err, b.refuse) {
		t.Fatalf("got %v", err)
	}
	b.refuse = nil
	if b.task(b.pool) {
		t.Error("a session was there")
	}
}
