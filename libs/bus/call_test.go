package bus_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/bus/bustest"
)

func TestAQuestionIsAnsweredByTheOneThatItIsFor(t *testing.T) {
	t.Parallel()
	server, conn := bustest.Server(t)
	asker := bustest.Connect(t, server)
	if _, err := asker.Call(t.Context(), "session.ask.x1", nil); !errors.Is(err, bus.ErrNobody) {
		t.Errorf("with nobody there: %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var at, highest atomic.Int64
	full, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- conn.Serve(ctx, "session.ask.x1", 2, func(_ context.Context, data []byte) []byte {
			if string(data) == "silence" {
				return nil
			}
			if n := at.Add(1); n > highest.Load() {
				highest.Store(n)
				if n == 2 {
					close(full)
				}
			}
			<-full // two are in hand at once, and no third
			at.Add(-1)
			return append([]byte("heard "), data...)
		})
	}()
	var asking sync.WaitGroup
	for i := range 6 {
		asking.Go(func() {
			want := fmt.Sprintf("heard %d", i)
			for {
				got, err := asker.Call(t.Context(), "session.ask.x1", fmt.Append(nil, i))
				if errors.Is(err, bus.ErrNobody) {
					continue // it does not listen yet
				}
				if string(got) != want || err != nil {
					t.Errorf("got %q, %v", got, err)
				}
				return
			}
		})
	}
	asking.Wait()
	if highest.Load() != 2 {
		t.Errorf("%d were answered at once", highest.Load())
	}
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := asker.Call(short, "session.ask.x1", []byte("silence")); err == nil || errors.Is(err, bus.ErrNobody) {
		t.Errorf("without an answer: %v", err)
	}
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
}
