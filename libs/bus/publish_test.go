package bus_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/bus/bustest"
	"github.com/netrust/netrust/libs/contract"
)

// exec is the stream behind the ledger's bucket: the one that takes batches, expectations and TTLs.
var exec = bus.KVStream(contract.BucketExec)

func key(name string) string { return bus.KVSubject(contract.BucketExec, name) }

func write(t testing.TB, conn *bus.Conn, name, value string) uint64 {
	t.Helper()
	seq, err := conn.Publish(t.Context(), bus.Message{Subject: key(name), Data: []byte(value)})
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

func TestPublish(t *testing.T) {
	t.Parallel()
	_, conn := bustest.Server(t)

	t.Run("an expectation that holds writes, one that does not is a conflict and writes nothing", func(t *testing.T) {
		t.Parallel()
		first, err := conn.Publish(t.Context(), bus.Message{Subject: key("a.1"), Expect: bus.Seq(0)})
		if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range []uint64{0, first + 1} {
			if _, err := conn.Publish(t.Context(), bus.Message{Subject: key("a.1"), Expect: bus.Seq(wrong)}); !errors.Is(err, bus.ErrConflict) {
				t.Errorf("expecting %d instead of %d: %v", wrong, first, err)
			}
		}
		if last, err := conn.LastFor(t.Context(), exec, key("a.1")); err != nil || last.Seq != first {
			t.Errorf("the last is %d, %v; want %d", last.Seq, err, first)
		}
		if _, err := conn.Publish(t.Context(), bus.Message{Subject: key("a.1"), Expect: bus.Seq(first)}); err != nil {
			t.Error(err)
		}
	})
	t.Run("an expectation may be about another subject", func(t *testing.T) {
		t.Parallel()
		gate := write(t, conn, "b.gate", "open")
		if _, err := conn.Publish(t.Context(), bus.Message{Subject: key("b.1"), Expect: bus.Seq(gate), ExpectOn: key("b.gate")}); err != nil {
			t.Fatal(err)
		}
		write(t, conn, "b.gate", "closed")
		if _, err := conn.Publish(t.Context(), bus.Message{Subject: key("b.1"), Expect: bus.Seq(gate), ExpectOn: key("b.gate")}); !errors.Is(err, bus.ErrConflict) {
			t.Errorf("got %v; want a conflict", err)
		}
	})
	t.Run("a subject that no stream takes is refused", func(t *testing.T) {
		t.Parallel()
		if _, err := conn.Publish(t.Context(), bus.Message{Subject: "nobody.listens"}); err == nil || errors.Is(err, bus.ErrUnknownOutcome) {
			t.Errorf("got %v; want a refusal", err)
		}
	})
	t.Run("a message with an id is stored once", func(t *testing.T) {
		t.Parallel()
		m := bus.Message{Subject: contract.JobCommandSubject("twice"), Type: contract.TypeJobSubmit, ID: "twice/submit", Dedup: true}
		first, err := conn.Publish(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := conn.Publish(t.Context(), m); err != nil || again != first {
			t.Errorf("the repeat is %d, %v; want %d", again, err, first)
		}
	})
	t.Run("a deleted key reads as deleted, and a purged one has no history", func(t *testing.T) {
		t.Parallel()
		write(t, conn, "c.1", "x")
		for _, m := range []bus.Message{{Subject: key("c.1"), Delete: true}, {Subject: key("c.1"), Purge: true}} {
			if _, err := conn.Publish(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			if last, err := conn.LastFor(t.Context(), exec, key("c.1")); err != nil || !last.Deleted {
				t.Errorf("the last is %+v, %v; want a marker", last, err)
			}
		}
		if first, err := conn.FirstFor(t.Context(), exec, key("c.1")); err != nil || !first.Deleted {
			t.Errorf("the first is %+v, %v; want the purge's marker", first, err)
		}
	})
	t.Run("a message with a TTL expires and leaves a marker", func(t *testing.T) {
		t.Parallel()
		if _, err := conn.Publish(t.Context(), bus.Message{Subject: key("d.1"), TTL: 2 * time.Second}); err != nil {
			t.Fatal(err)
		}
		await(t, "the key to expire", func() bool {
			last, err := conn.LastFor(t.Context(), exec, key("d.1"))
			return errors.Is(err, bus.ErrNotFound) || err == nil && last.Deleted
		})
	})
	t.Run("a context that has ended leaves the outcome open", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := conn.Publish(ctx, bus.Message{Subject: key("e.1")}); !errors.Is(err, bus.ErrUnknownOutcome) || !errors.Is(err, context.Canceled) {
			t.Errorf("got %v; want an unknown outcome", err)
		}
	})
}

func TestBatch(t *testing.T) {
	t.Parallel()
	_, conn := bustest.Server(t)
	batch := func(prefix string, n int) []bus.Message {
		out := make([]bus.Message, n)
		for i := range out {
			out[i] = bus.Message{Subject: key(fmt.Sprintf("%s.%d", prefix, i)), Data: []byte("x"), Expect: bus.Seq(0)}
		}
		return out
	}

	t.Run("all stand, one after the other", func(t *testing.T) {
		t.Parallel()
		last, err := conn.PublishBatch(t.Context(), batch("a", 50))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 50 {
			m, err := conn.LastFor(t.Context(), exec, key(fmt.Sprintf("a.%d", i)))
			if err != nil || m.Seq != last-50+1+uint64(i) {
				t.Errorf("message %d stands at %d, %v; the last is at %d", i, m.Seq, err, last)
			}
		}
	})
	t.Run("one wrong expectation, wherever it is, and none stands", func(t *testing.T) {
		t.Parallel()
		write(t, conn, "taken", "x")
		for i, place := range []int{0, 7, 19} {
			messages := batch(fmt.Sprintf("b%d", i), 20)
			messages[place].Subject = key("taken")
			if _, err := conn.PublishBatch(t.Context(), messages); !errors.Is(err, bus.ErrConflict) {
				t.Errorf("got %v; want a conflict", err)
			}
			subjects := []string{}
			for k := range 20 {
				subjects = append(subjects, key(fmt.Sprintf("b%d.%d", i, k)))
			}
			if found, err := conn.MultiLast(t.Context(), exec, subjects); err != nil || len(found) != 0 {
				t.Errorf("%d of a refused batch stand, %v", len(found), err)
			}
		}
	})
	t.Run("batches of one and of the highest number stand, larger and empty ones are refused", func(t *testing.T) {
		t.Parallel()
		for _, n := range []int{1, bus.MaxBatch} {
			if _, err := conn.PublishBatch(t.Context(), batch(fmt.Sprintf("c%d", n), n)); err != nil {
				t.Errorf("a batch of %d: %v", n, err)
			}
		}
		for _, n := range []int{0, bus.MaxBatch + 1} {
			if _, err := conn.PublishBatch(t.Context(), batch(fmt.Sprintf("c%d", n), n)); err == nil {
				t.Errorf("a batch of %d was taken", n)
			}
		}
	})
	t.Run("a stream that takes no batches says so", func(t *testing.T) {
		t.Parallel()
		var refused *bus.ServerError
		_, err := conn.PublishBatch(t.Context(), []bus.Message{
			{Subject: contract.JobEventSubject("b1")}, {Subject: contract.JobEventSubject("b2")},
		})
		if !errors.As(err, &refused) || errors.Is(err, bus.ErrConflict) || !strings.Contains(err.Error(), "job.event") {
			t.Errorf("got %v; want a refusal that names the subject", err)
		}
	})
}

func TestAnswerThatIsLostIsAnUnknownOutcome(t *testing.T) {
	t.Parallel()
	server, conn, wire := bustest.Wired(t)
	direct := bustest.Connect(t, server)
	wire.Deafen(true)
	done := make(chan error, 1)
	go func() {
		_, err := conn.Publish(t.Context(), bus.Message{Subject: key("lost")})
		done <- err
	}()
	await(t, "the write to stand", func() bool { _, err := direct.LastFor(t.Context(), exec, key("lost")); return err == nil })
	wire.Deafen(false)
	wire.Cut()
	if err := <-done; !errors.Is(err, bus.ErrUnknownOutcome) {
		t.Errorf("got %v; want an unknown outcome", err)
	}
	await(t, "the connection to be back", func() bool { return conn.Ready(t.Context()) == nil })
}

func TestMultiLast(t *testing.T) {
	t.Parallel()
	_, conn := bustest.Server(t)

	t.Run("the newest of each that there is", func(t *testing.T) {
		t.Parallel()
		write(t, conn, "a.1", "old")
		seq := write(t, conn, "a.1", "new")
		found, err := conn.MultiLast(t.Context(), exec, []string{key("a.1"), key("a.2")})
		if err != nil || len(found) != 1 || found[key("a.1")].Seq != seq || string(found[key("a.1")].Data) != "new" {
			t.Errorf("found %v, %v", found, err)
		}
	})
	t.Run("none at all is no error, too many are", func(t *testing.T) {
		t.Parallel()
		if found, err := conn.MultiLast(t.Context(), exec, []string{key("none")}); err != nil || len(found) != 0 {
			t.Errorf("found %v, %v", found, err)
		}
		if _, err := conn.MultiLast(t.Context(), exec, make([]string, 1025)); err == nil {
			t.Error("1,025 subjects were taken")
		}
	})
	t.Run("a stream that does not exist is an error", func(t *testing.T) {
		t.Parallel()
		if found, err := conn.MultiLast(t.Context(), "NONE", []string{"none"}); err == nil {
			t.Errorf("found %v", found)
		}
	})
	t.Run("an answer too large for the server is an error, not the part of it", func(t *testing.T) {
		t.Parallel()
		big := strings.Repeat("x", 900<<10)
		var subjects []string
		for i := range 80 { // the server ends an answer at 64 MiB
			name := fmt.Sprintf("big.%d", i)
			write(t, conn, name, big)
			subjects = append(subjects, key(name))
		}
		if found, err := conn.MultiLast(t.Context(), exec, subjects); err == nil && len(found) != len(subjects) {
			t.Errorf("%d of %d were given as all that there is", len(found), len(subjects))
		}
	})
	t.Run("never half a batch", func(t *testing.T) {
		t.Parallel()
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		writing := make(chan error, 1)
		go func() {
			var err error
			for i := 0; ctx.Err() == nil && err == nil; i++ {
				value := []byte(fmt.Sprint(i))
				_, err = conn.PublishBatch(t.Context(), []bus.Message{{Subject: key("half.1"), Data: value}, {Subject: key("half.2"), Data: value}})
			}
			writing <- err
		}()
		for range 200 {
			found, err := conn.MultiLast(t.Context(), exec, []string{key("half.1"), key("half.2")})
			if a, b := string(found[key("half.1")].Data), string(found[key("half.2")].Data); err != nil || a != b {
				t.Fatalf("read %q and %q, %v", a, b, err)
			}
		}
		stop()
		if err := <-writing; err != nil {
			t.Error(err)
		}
	})
}

func await(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !holds(); {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
		<-time.After(10 * time.Millisecond)
	}
}
