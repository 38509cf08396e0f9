package bus_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/bus/bustest"
	"github.com/netrust/netrust/libs/contract"
)

// follower follows in the background and keeps what it is given.
type follower struct {
	mu     sync.Mutex
	seen   []bus.Stored
	caught atomic.Int32
	done   chan error
	stop   func()
}

func follow(t testing.TB, conn *bus.Conn, cfg bus.FollowConfig) *follower {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	f := &follower{done: make(chan error, 1)}
	cfg.CaughtUp = func() { f.caught.Add(1) }
	go func() {
		f.done <- conn.Follow(ctx, cfg, func(s bus.Stored) error {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.seen = append(f.seen, s)
			return nil
		})
	}()
	f.stop = sync.OnceFunc(func() { cancel(); <-f.done })
	t.Cleanup(f.stop)
	return f
}

func (f *follower) all() []bus.Stored {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]bus.Stored(nil), f.seen...)
}

func (f *follower) sees(n int) func() bool { return func() bool { return len(f.all()) >= n } }

// inOrder checks that the sequences rise, and that each message of a subject counts one further than the one before.
func (f *follower) inOrder(t testing.TB) {
	t.Helper()
	var last uint64
	counts := map[string]int{}
	for _, s := range f.all() {
		if s.Seq <= last {
			t.Fatalf("%d came after %d", s.Seq, last)
		}
		last = s.Seq
		n, err := strconv.Atoi(string(s.Data))
		if before, seen := counts[s.Subject]; err != nil || seen && n != before+1 {
			t.Fatalf("%s: %d came after %d, %v", s.Subject, n, before, err)
		}
		counts[s.Subject] = n
	}
}

func TestFollow(t *testing.T) {
	t.Parallel()
	_, conn := bustest.Server(t)

	t.Run("the whole history in order, then what comes, of the filters alone", func(t *testing.T) {
		t.Parallel()
		for i := range 50 {
			write(t, conn, "a.1", fmt.Sprint(i))
			write(t, conn, "other.a", fmt.Sprint(i))
		}
		f := follow(t, conn, bus.FollowConfig{Stream: exec, Filters: []string{key("a.*")}})
		await(t, "the history", func() bool { return f.caught.Load() == 1 })
		if n := len(f.all()); n != 50 {
			t.Errorf("caught up after %d; want 50", n)
		}
		write(t, conn, "a.1", "50")
		await(t, "the next", f.sees(51))
		f.inOrder(t)
		if f.caught.Load() != 1 {
			t.Errorf("caught up %d times", f.caught.Load())
		}
	})
	t.Run("from a sequence on", func(t *testing.T) {
		t.Parallel()
		write(t, conn, "b.1", "0")
		from := write(t, conn, "b.1", "1")
		f := follow(t, conn, bus.FollowConfig{Stream: exec, Filters: []string{key("b.*")}, FromSeq: from})
		await(t, "it", f.sees(1))
		if first := f.all()[0]; first.Seq != from {
			t.Errorf("begins at %d; want %d", first.Seq, from)
		}
	})
	t.Run("nothing that matches is caught up at once", func(t *testing.T) {
		t.Parallel()
		for _, last := range []bool{false, true} {
			name := fmt.Sprintf("c%v", last)
			f := follow(t, conn, bus.FollowConfig{Stream: exec, Filters: []string{key(name + ".*")}, LastPerSubject: last})
			await(t, "the end of nothing", func() bool { return f.caught.Load() == 1 })
			write(t, conn, name+".1", "0")
			await(t, "the first", f.sees(1))
		}
	})
	t.Run("the newest of each subject, then every change", func(t *testing.T) {
		t.Parallel()
		for i := range 10 {
			write(t, conn, "d.1", fmt.Sprint(i))
			write(t, conn, "d.2", fmt.Sprint(i))
		}
		f := follow(t, conn, bus.FollowConfig{Stream: exec, Filters: []string{key("d.*")}, LastPerSubject: true})
		await(t, "the newest", func() bool { return f.caught.Load() == 1 })
		if n := len(f.all()); n != 2 {
			t.Errorf("caught up after %d; want 2", n)
		}
		for i := range 10 {
			write(t, conn, "d.1", fmt.Sprint(10+i))
		}
		await(t, "the changes", f.sees(12))
		f.inOrder(t)
	})
	t.Run("the switch to the changes loses nothing that is written meanwhile", func(t *testing.T) {
		t.Parallel()
		var stop atomic.Bool
		var writers sync.WaitGroup
		var written [4]int
		for w := range written {
			writers.Go(func() {
				for ; !stop.Load(); written[w]++ {
					write(t, conn, fmt.Sprintf("e.%d", w), fmt.Sprint(written[w]))
				}
			})
		}
		var all []*follower
		for range 25 {
			f := follow(t, conn, bus.FollowConfig{Stream: exec, Filters: []string{key("e.*")}, LastPerSubject: true})
			await(t, "the switch", func() bool { return f.caught.Load() == 1 })
			all = append(all, f)
		}
		stop.Store(true)
		writers.Wait()
		for w, n := range written {
			last, err := conn.LastFor(t.Context(), exec, key(fmt.Sprintf("e.%d", w)))
			if err != nil || string(last.Data) != fmt.Sprint(n-1) {
				t.Fatalf("the last of writer %d is %s, %v; want %d", w, last.Data, err, n-1)
			}
			for _, f := range all {
				await(t, "the last of each writer", func() bool {
					seen := f.all()
					for i := len(seen) - 1; i >= 0; i-- {
						if seen[i].Subject == last.Subject {
							return seen[i].Seq == last.Seq
						}
					}
					return false
				})
			}
		}
		for _, f := range all {
			f.inOrder(t)
		}
	})
	t.Run("the handler's error ends it", func(t *testing.T) {
		t.Parallel()
		write(t, conn, "f.1", "0")
		want := errors.New("enough")
		err := conn.Follow(t.Context(), bus.FollowConfig{Stream: exec, Filters: []string{key("f.*")}}, func(bus.Stored) error { return want })
		if !errors.Is(err, want) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("idle is told after each wave, and its error ends it", func(t *testing.T) {
		t.Parallel()
		write(t, conn, "g.1", "0")
		want, idle, seen := errors.New("full"), 0, 0
		err := conn.Follow(t.Context(), bus.FollowConfig{Stream: exec, Filters: []string{key("g.*")}, Idle: func() error {
			if idle++; idle == 2 {
				return want
			}
			write(t, conn, "g.1", "1")
			return nil
		}}, func(bus.Stored) error { seen++; return nil })
		if !errors.Is(err, want) || seen != 2 {
			t.Errorf("got %v after %d messages", err, seen)
		}
	})
	t.Run("a start behind the end is a stream that was made anew", func(t *testing.T) {
		t.Parallel()
		err := conn.Follow(t.Context(), bus.FollowConfig{Stream: exec, FromSeq: 1 << 40}, func(bus.Stored) error { return nil })
		if !errors.Is(err, bus.ErrStreamReset) {
			t.Errorf("got %v", err)
		}
	})
}

func TestFollowerSurvivesCutsAndRestarts(t *testing.T) {
	t.Parallel()
	server, conn, wire := bustest.Wired(t)
	direct := bustest.Connect(t, server)
	f := follow(t, conn, bus.FollowConfig{Stream: exec, Filters: []string{key("a.*")}})
	const subjects, rounds = 10, 30 // fewer of each than the stream keeps
	for round := range rounds {
		for i := range subjects {
			write(t, direct, fmt.Sprintf("a.%d", i), fmt.Sprint(round))
		}
		if round%6 == 5 { // also after the last: what was on its way is lost, and nothing follows that would show it
			wire.Cut()
			if round < rounds-1 {
				await(t, "the connection to be back", func() bool { return conn.Ready(t.Context()) == nil })
			}
		}
	}
	await(t, "all that was written", f.sees(subjects*rounds))
	f.inOrder(t)
}

func TestStreamMadeAnewIsNoticed(t *testing.T) {
	t.Parallel()
	server, direct := bustest.Server(t)
	conn, err := bus.Connect(t.Context(), bus.Config{Embedded: server, Name: "follower", StallAfter: 200 * time.Millisecond}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	write(t, direct, "a.1", "0")
	f := follow(t, conn, bus.FollowConfig{Stream: exec})
	await(t, "the first", f.sees(1))
	if err := direct.JetStream().DeleteStream(t.Context(), exec); err != nil {
		t.Fatal(err)
	}
	if err := direct.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	write(t, direct, "a.1", "0") // at a sequence that the follower has seen
	select {
	case err := <-f.done:
		f.done <- err
		if !errors.Is(err, bus.ErrStreamReset) {
			t.Errorf("got %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Error("the follower goes on as if nothing had happened")
	}
}

// expiring waits until a follower has caught up with a stream whose only message expires before it is read.
func TestFollowerCatchesUpThoughWhatWaitedExpired(t *testing.T) {
	t.Parallel()
	server, direct := bustest.Server(t)
	conn, err := bus.Connect(t.Context(), bus.Config{Embedded: server, Name: "follower", StallAfter: 200 * time.Millisecond}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for i := range 20 {
		name := fmt.Sprintf("x%d.1", i)
		write(t, direct, name, "0")
		f := follow(t, conn, bus.FollowConfig{Stream: exec, Filters: []string{key(fmt.Sprintf("x%d.*", i))}, LastPerSubject: i%2 == 0})
		if err := direct.PurgeSubject(t.Context(), exec, key(name)); err != nil {
			t.Fatal(err)
		}
		await(t, "the follower to catch up", func() bool { return f.caught.Load() == 1 })
		f.stop()
	}
}

func TestState(t *testing.T) {
	t.Parallel()
	_, conn := bustest.Server(t)
	seq := write(t, conn, "a", "x")
	if s, err := conn.State(t.Context(), exec); err != nil || s.LastSeq != seq || s.Messages != 1 || s.Created.IsZero() {
		t.Errorf("got %+v, %v", s, err)
	}
	if _, err := conn.State(t.Context(), "NONE"); !errors.Is(err, bus.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if _, err := conn.LastFor(t.Context(), contract.StreamJobs, contract.JobEventSubject("none")); !errors.Is(err, bus.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

// TestFollowerIsNotCaughtUpTooEarly has keys expire while the newest of each is read: the server then counts too few that
// wait.
func TestFollowerIsNotCaughtUpTooEarly(t *testing.T) {
	t.Parallel()
	_, conn := bustest.Server(t)
	const keys = 2000 // more than are sent ahead of the reader
	for part := range 2 {
		batch := make([]bus.Message, keys/2)
		for i := range batch {
			batch[i] = bus.Message{Subject: key(fmt.Sprintf("old.%d", part*keys/2+i)), Data: []byte("0")}
		}
		if _, err := conn.PublishBatch(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	for part := range 30 { // each renewal of a key is a message of its own that expires
		batch := make([]bus.Message, 40)
		for i := range batch {
			batch[i] = bus.Message{Subject: key(fmt.Sprintf("short.%d", i)), Data: []byte(fmt.Sprint(part)), TTL: time.Duration(1+part%4) * time.Second}
		}
		if _, err := conn.PublishBatch(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	last := write(t, conn, "old.last", "0")
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		for _, filters := range [][]string{nil, {key("old.*"), key("short.*")}} {
			ctx, stop := context.WithCancel(t.Context())
			old, newest := 0, uint64(0)
			err := conn.Follow(ctx, bus.FollowConfig{Stream: exec, Filters: filters, LastPerSubject: true, CaughtUp: stop}, func(s bus.Stored) error {
				if strings.HasPrefix(s.Subject, key("old.")) {
					old, newest = old+1, s.Seq
				}
				if old%100 == 0 {
					<-time.After(10 * time.Millisecond) // a slow reader meets more expiries
				}
				return nil
			})
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			if old != keys+1 || newest != last {
				t.Fatalf("caught up with %d of %d keys, the newest at %d instead of %d", old, keys+1, newest, last)
			}
		}
	}
}
