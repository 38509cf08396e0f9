package live_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/bus/bustest"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/netconfig/redact"
	"github.com/netrust/netrust/services/executor/internal/live"
)

// ether is a hub, and everything that it published.
type ether struct {
	*testing.T
	conn *bus.Conn
	hub  *live.Hub
	mu   sync.Mutex
	got  []contract.LiveOutput
}

func newEther(t *testing.T) *ether {
	t.Helper()
	_, conn := bustest.Server(t)
	e := &ether{T: t, conn: conn, hub: live.New(conn, zerolog.Nop())}
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { _ = e.hub.Run(ctx) })
	all.Go(func() {
		_ = conn.Follow(ctx, bus.FollowConfig{Stream: contract.StreamOutput}, func(s bus.Stored) error {
			var p contract.LiveOutput
			if err := json.Unmarshal(s.Data, &p); err != nil {
				t.Error(err)
			}
			e.mu.Lock()
			defer e.mu.Unlock()
			e.got = append(e.got, p)
			return nil
		})
	})
	t.Cleanup(func() { cancel(); all.Wait() })
	return e
}

// probing is the attempt of what the test publishes to see that the hub knows a follower.
const probing = 99

// pieces is what was published but for that.
func (e *ether) pieces() (out []contract.LiveOutput) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, p := range e.got {
		if p.Attempt != probing {
			out = append(out, p)
		}
	}
	return out
}

func (e *ether) published() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.got)
}

func (e *ether) text() (text string) {
	for _, p := range e.pieces() {
		text += p.Text
	}
	return text
}

func (e *ether) await(what string, holds func() bool) {
	e.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			e.Fatalf("waited in vain for %s; published: %+v", what, e.pieces())
		}
	}
}

func (e *ether) follow(ttl time.Duration) {
	e.Helper()
	_, err := e.conn.Publish(e.Context(), bus.Message{
		Subject: bus.KVSubject(contract.BucketFollow, contract.FollowKey("j", "core.1")), Data: []byte("{}"), TTL: ttl,
	})
	if err != nil {
		e.Fatal(err)
	}
}

// task is what is followed.
var task = &contract.Task{JobID: "j", DeviceID: "core.1", Attempt: 2}

// followed waits until the hub knows that the task is followed.
func (e *ether) followed() {
	e.Helper()
	n := e.published()
	e.await("the hub to know the follower", func() bool {
		o := e.hub.Output(task, probing)
		o.Begin(0, "probe", redact.New("cisco_ios"))
		o.End()
		o.Close()
		return e.published() > n
	})
}

const key = `crypto key
-----BEGIN RSA PRIVATE KEY-----
MIIEowIBAAKCAQEAtopsecretmaterial
c2Vjb25kbGluZW9mdGhla2V5
-----END RSA PRIVATE KEY-----
end
`

func TestNobodyIsToldOfATaskThatNobodyFollows(t *testing.T) {
	t.Parallel()
	e := newEther(t)
	e.follow(time.Minute)
	e.followed()
	o := e.hub.Output(&contract.Task{JobID: "j", DeviceID: "other"}, 1)
	o.Begin(0, "show clock", redact.New("cisco_ios"))
	o.Lines([]byte("12:00\n"))
	o.End()
	o.Close()
	mine := e.hub.Output(task, 1)
	mine.Begin(0, "show clock", redact.New("cisco_ios"))
	mine.Lines([]byte("13:00\n"))
	mine.End()
	e.await("the followed one", func() bool { return strings.Contains(e.text(), "13:00") })
	if strings.Contains(e.text(), "12:00") {
		t.Errorf("published: %+v", e.pieces())
	}
}

func TestLinesComeRedactedAlsoWhereASecretHasManyLines(t *testing.T) {
	t.Parallel()
	e := newEther(t)
	e.follow(time.Minute)
	e.followed()
	r := redact.New("cisco_ios", "hunter2-literal")
	o := e.hub.Output(task, 2)
	o.Begin(1, "show run | password hunter2-literal", r)
	for line := range strings.Lines("enable secret 5 $1$abcd$efghijklmnop\n" + key + "said hunter2-literal\nplain\n") {
		o.Lines([]byte(line))
	}
	o.End()
	e.await("the end", func() bool { p := e.pieces(); return len(p) > 0 && p[len(p)-1].Ended })
	text := e.text()
	for _, secret := range []string{"$1$abcd", "topsecret", "c2Vjb25k", "hunter2"} {
		if strings.Contains(fmt.Sprintf("%+v", e.pieces()), secret) {
			t.Errorf("%q is told: %s", secret, text)
		}
	}
	if want := r.Text("enable secret 5 $1$abcd$efghijklmnop\n" + key + "said hunter2-literal\nplain\n"); text != want {
		t.Errorf("live:\n%s\nthe result would be:\n%s", text, want)
	}
	if p := e.pieces()[0]; p.Index != 1 || p.Attempt != 2 || !strings.Contains(p.Command, redact.Mark) {
		t.Errorf("the first piece is %+v", p)
	}
}

func TestAFollowerWhoComesInTheMiddleGetsTheBeginningRedacted(t *testing.T) {
	t.Parallel()
	e := newEther(t)
	o := e.hub.Output(task, 2)
	o.Begin(0, "show run", redact.New("cisco_ios"))
	before, after, _ := strings.Cut(key, "c2Vj")
	o.Lines([]byte(before)) // ends inside of the private key
	e.follow(time.Minute)
	e.followed()
	o.Lines([]byte("c2Vj" + after))
	e.await("the rest", func() bool { return strings.Contains(e.text(), "end\n") })
	if text := e.text(); text != redact.New("cisco_ios").Text(key) || strings.Contains(text, "c2Vj") {
		t.Errorf("live:\n%s", text)
	}
}

func TestAFollowerWhoComesTooLateForACommandIsToldAndSeesTheNext(t *testing.T) {
	t.Parallel()
	e := newEther(t)
	o := e.hub.Output(task, 2)
	o.Begin(0, "show tech", redact.New("cisco_ios"))
	for range 2000 {
		o.Lines([]byte(strings.Repeat("x", 60) + "\n"))
	}
	e.follow(time.Minute)
	e.followed()
	o.Lines([]byte("the end of much\n"))
	o.End()
	o.Begin(1, "show clock", redact.New("cisco_ios"))
	o.Lines([]byte("12:00\n"))
	o.End()
	e.await("the next", func() bool { return strings.Contains(e.text(), "12:00") })
	p := e.pieces()
	if !p[0].Gap || p[0].Text != "" || strings.Contains(e.text(), "xxx") || strings.Contains(e.text(), "the end of much") {
		t.Errorf("published: %+v", p)
	}
}

func TestWhenTheFollowerHasGoneNothingIsToldAnyMore(t *testing.T) {
	t.Parallel()
	e := newEther(t)
	e.follow(time.Second)
	e.followed()
	e.await("the follower to be forgotten", func() bool {
		n := len(e.pieces())
		o := e.hub.Output(task, 2)
		o.Begin(0, "x", redact.New("cisco_ios"))
		o.End()
		o.Close()
		<-time.After(50 * time.Millisecond)
		return len(e.pieces()) == n
	})
}

func TestWhatIsRunAgainIsShownAgain(t *testing.T) {
	t.Parallel()
	e := newEther(t)
	o := e.hub.Output(task, 2)
	o.Begin(0, "show run", redact.New("cisco_ios"))
	o.Lines([]byte("never seen\n"))
	o.Again()
	e.follow(time.Minute)
	e.followed()
	o.Lines([]byte("first\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\n"))
	o.Again() // inside of a key: the new beginning is not a part of it
	o.Lines([]byte("second\n"))
	o.End()
	e.await("the end", func() bool { p := e.pieces(); return len(p) > 0 && p[len(p)-1].Ended })
	if text := e.text(); strings.Contains(text, "never seen") || strings.Contains(text, "MIIE") || !strings.HasSuffix(text, "(the command is run again)\nsecond\n") {
		t.Errorf("live:\n%s", text)
	}
}
