package session_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/bus/bustest"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/services/executor/internal/session"
)

// open starts a mailbox that answers by the device's id.
func open(t *testing.T, conn *bus.Conn, self string) *session.Mailbox {
	t.Helper()
	m := session.NewMailbox(conn, self, zerolog.Nop())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- m.Run(ctx, func(ctx context.Context, d session.Device) contract.SessionState {
			if d.ID == "silent" {
				<-ctx.Done()
			}
			return contract.SessionState(d.ID)
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("the mailbox of %s ended with %v", self, err)
		}
	})
	return m
}

func ask(ctx context.Context, m *session.Mailbox, holder, device string, within time.Duration) (contract.SessionState, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	return m.Ask(ctx, holder, contract.SessionAsk{Site: "paris", DeviceID: device, Asker: "a"})
}

func TestExecutorsAskEachOtherThroughAStream(t *testing.T) {
	t.Parallel()
	server, conn := bustest.Server(t)
	a, b := open(t, conn, "a"), bustest.Connect(t, server)
	open(t, b, "b.with a dot")
	for _, state := range []contract.SessionState{contract.SessionClosed, contract.SessionInUse, contract.SessionClosed} {
		if got, err := ask(t.Context(), a, "b.with a dot", string(state), 20*time.Second); got != state || err != nil {
			t.Errorf("got %s, %v; want %s", got, err, state)
		}
	}
	if got, err := ask(t.Context(), a, "nobody", "x", 100*time.Millisecond); got != contract.SessionUnknown || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("of one that is not there: %s, %v", got, err)
	}
}

func TestAMailboxGoesOnAfterItsStreamWasLost(t *testing.T) {
	t.Parallel()
	_, conn := bustest.Server(t)
	a := open(t, conn, "a")
	open(t, conn, "b")
	if _, err := ask(t.Context(), a, "b", "closed", 20*time.Second); err != nil {
		t.Fatal(err)
	}
	if err := conn.JetStream().DeleteStream(t.Context(), contract.StreamSession); err != nil {
		t.Fatal(err)
	}
	if err := conn.EnsureInMemory(t.Context()); err != nil {
		t.Fatal(err)
	}
	for {
		got, err := ask(t.Context(), a, "b", "closed", time.Second)
		if err == nil && got == contract.SessionClosed {
			return
		}
		if t.Context().Err() != nil {
			t.Fatalf("never answered again: %s, %v", got, err)
		}
	}
}
