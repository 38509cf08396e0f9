package bus_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/bus/bustest"
	"github.com/netrust/netrust/libs/contract"
)

func release(t testing.TB, conn *bus.Conn, class contract.Class, site, device string) string {
	t.Helper()
	subject := contract.TaskKey{Site: site, Job: "j1", Phase: contract.PhaseRun, Device: device}.Subject(class)
	if _, err := conn.Publish(t.Context(), bus.Message{Subject: subject, Data: []byte(device), Type: contract.TypeTask, ID: device}); err != nil {
		t.Fatal(err)
	}
	return subject
}

// fetch fetches what is there.
func fetch(t testing.TB, c *bus.TaskConsumer, n int, wait time.Duration) (got []*bus.Delivery) {
	t.Helper()
	if err := c.Fetch(t.Context(), n, wait, func(d *bus.Delivery) { got = append(got, d) }); err != nil {
		t.Fatal(err)
	}
	return got
}

func consumer(t testing.TB, conn *bus.Conn, site string, class contract.Class, ackWait time.Duration) *bus.TaskConsumer {
	t.Helper()
	c, err := conn.Tasks(t.Context(), site, class, ackWait)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTasks(t *testing.T) {
	t.Parallel()
	_, conn := bustest.Server(t)

	t.Run("each site and class has its own", func(t *testing.T) {
		t.Parallel()
		for _, site := range []string{"s1", "s2"} {
			for _, class := range contract.Classes {
				release(t, conn, class, site, "dev.of."+site+"."+string(class))
			}
		}
		for _, site := range []string{"s1", "s2"} {
			for _, class := range contract.Classes {
				got := fetch(t, consumer(t, conn, site, class, 0), 10, 500*time.Millisecond)
				if len(got) != 1 || string(got[0].Data()) != "dev.of."+site+"."+string(class) || got[0].HeaderValue(contract.HeaderType) != contract.TypeTask {
					t.Errorf("%s %s got %d", site, class, len(got))
				}
			}
		}
	})
	t.Run("what is acknowledged is gone, what is returned comes again at once, what is left after the wait", func(t *testing.T) {
		t.Parallel()
		for _, device := range []string{"acked", "returned", "left"} {
			release(t, conn, contract.Normal, "s3", device)
		}
		c := consumer(t, conn, "s3", contract.Normal, 2*time.Second)
		for _, d := range fetch(t, c, 3, 5*time.Second) {
			switch string(d.Data()) {
			case "acked":
				_ = d.Ack()
			case "returned":
				_ = d.Return()
			}
		}
		again := fetch(t, c, 1, 5*time.Second)
		if len(again) != 1 || string(again[0].Data()) != "returned" {
			t.Fatalf("%d came again at once", len(again))
		}
		_ = again[0].Ack()
		last := fetch(t, c, 1, 10*time.Second)
		if len(last) != 1 || string(last[0].Data()) != "left" {
			t.Fatalf("%d came again after the wait", len(last))
		}
	})
	t.Run("what is in progress does not come again", func(t *testing.T) {
		t.Parallel()
		release(t, conn, contract.Normal, "s4", "slow")
		c := consumer(t, conn, "s4", contract.Normal, time.Second)
		d := fetch(t, c, 1, 5*time.Second)[0]
		for range 10 {
			if err := d.InProgress(); err != nil {
				t.Fatal(err)
			}
			if again := fetch(t, c, 1, 250*time.Millisecond); len(again) > 0 {
				t.Fatal("it came again")
			}
		}
	})
	t.Run("a message that is set aside is stored as a dead letter and gone", func(t *testing.T) {
		t.Parallel()
		subject := release(t, conn, contract.Normal, "s5", "poison")
		c := consumer(t, conn, "s5", contract.Normal, time.Second)
		d := fetch(t, c, 1, 5*time.Second)[0]
		if err := d.SetAside(t.Context(), "it cannot be read"); err != nil {
			t.Fatal(err)
		}
		stored, err := conn.LastFor(t.Context(), contract.StreamDLQ, contract.TaskKey{Job: "j1", Phase: contract.PhaseRun, Device: "poison"}.DeadLetterSubject())
		var letter contract.DeadLetter
		if err != nil || json.Unmarshal(stored.Data, &letter) != nil {
			t.Fatalf("the dead letter: %v", err)
		}
		if letter.Subject != subject || letter.Reason != "it cannot be read" || string(letter.Payload) != "poison" || letter.Deliveries != 1 ||
			len(letter.Headers[contract.HeaderType]) != 1 {
			t.Errorf("the dead letter is %+v", letter)
		}
		if again := fetch(t, c, 1, 3*time.Second); len(again) > 0 {
			t.Error("it came again")
		}
	})
	t.Run("a message that cannot be stored as a dead letter is not acknowledged", func(t *testing.T) {
		t.Parallel()
		_, conn := bustest.Server(t)
		release(t, conn, contract.Normal, "s6", "poison")
		c := consumer(t, conn, "s6", contract.Normal, time.Second)
		d := fetch(t, c, 1, 5*time.Second)[0]
		if err := conn.JetStream().DeleteStream(t.Context(), contract.StreamDLQ); err != nil {
			t.Fatal(err)
		}
		if err := d.SetAside(t.Context(), "it cannot be read"); err == nil {
			t.Fatal("it was set aside nowhere")
		}
		if again := fetch(t, c, 1, 10*time.Second); len(again) != 1 {
			t.Error("it is lost")
		}
	})
	t.Run("a consumer that somebody deleted is made again", func(t *testing.T) {
		t.Parallel()
		c := consumer(t, conn, "s7", contract.Normal, 0)
		if err := conn.JetStream().DeleteConsumer(t.Context(), contract.StreamTasks, "tasks-at-s7-normal"); err != nil {
			t.Fatal(err)
		}
		release(t, conn, contract.Normal, "s7", "dev")
		var got []*bus.Delivery
		await(t, "a task from a new consumer", func() bool {
			_ = c.Fetch(t.Context(), 1, 200*time.Millisecond, func(d *bus.Delivery) { got = append(got, d) })
			return len(got) > 0
		})
	})
}

func TestConsumerWhoseStreamIsLostIsMadeAgainWithIt(t *testing.T) {
	t.Parallel()
	_, conn := bustest.Server(t)
	c := consumer(t, conn, "s1", contract.Normal, 0)
	if err := conn.JetStream().DeleteStream(t.Context(), contract.StreamTasks); err != nil {
		t.Fatal(err)
	}
	var got []*bus.Delivery
	await(t, "a task from a new stream", func() bool {
		_ = c.Fetch(t.Context(), 1, 200*time.Millisecond, func(d *bus.Delivery) { got = append(got, d) })
		if len(got) == 0 {
			subject := contract.TaskKey{Site: "s1", Job: "j1", Phase: contract.PhaseRun, Device: "dev"}.Subject(contract.Normal)
			_, _ = conn.Publish(t.Context(), bus.Message{Subject: subject, Data: []byte("dev"), Type: contract.TypeTask, ID: "dev"})
		}
		return len(got) > 0
	})
}

func TestAConsumerThatCannotBeMadeAgainYetIsTriedUntilItCan(t *testing.T) {
	t.Parallel()
	_, conn := bustest.Server(t)
	c := consumer(t, conn, "s1", contract.Normal, 0)
	if err := conn.JetStream().DeleteConsumer(t.Context(), contract.StreamTasks, "tasks-at-s1-normal"); err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	await(t, "a fetch that says that the consumer cannot be made", func() bool {
		return c.Fetch(over, 1, 100*time.Millisecond, func(*bus.Delivery) {}) != nil
	})
	release(t, conn, contract.Normal, "s1", "dev")
	got := 0
	await(t, "a task from the new consumer", func() bool {
		_ = c.Fetch(t.Context(), 1, 200*time.Millisecond, func(*bus.Delivery) { got++ })
		return got > 0
	})
}

func TestConsumerThatStallsIsMadeAgain(t *testing.T) {
	t.Parallel()
	server, direct := bustest.Server(t)
	conn, err := bus.Connect(t.Context(), bus.Config{Embedded: server, Name: "executor", StallAfter: 300 * time.Millisecond}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c := consumer(t, conn, "s1", contract.Normal, 0)
	if _, err := direct.JetStream().PauseConsumer(t.Context(), contract.StreamTasks, "tasks-at-s1-normal", time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		release(t, direct, contract.Normal, "s1", fmt.Sprint(i))
	}
	got := 0
	await(t, "the tasks behind a consumer that gives nothing", func() bool {
		if err := c.Fetch(t.Context(), 3, 100*time.Millisecond, func(*bus.Delivery) { got++ }); err != nil {
			t.Log(err)
		}
		return got >= 3
	})
}

func TestConsumerThatHasNothingToGiveStays(t *testing.T) {
	t.Parallel()
	server, direct := bustest.Server(t)
	conn, err := bus.Connect(t.Context(), bus.Config{Embedded: server, Name: "executor", StallAfter: 100 * time.Millisecond}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c := consumer(t, conn, "s1", contract.Normal, 0)
	created := func() time.Time {
		info, err := direct.JetStream().Consumer(t.Context(), contract.StreamTasks, "tasks-at-s1-normal")
		if err != nil {
			t.Fatal(err)
		}
		return info.CachedInfo().Created
	}
	before := created()
	for range 20 {
		fetch(t, c, 1, 50*time.Millisecond)
	}
	if !created().Equal(before) {
		t.Error("an idle consumer was made again")
	}
}
