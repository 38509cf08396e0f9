package bus_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/bus/bustest"
	"github.com/netrust/netrust/libs/contract"
)

func log(t testing.TB, conn *bus.Conn, last uint64, texts ...string) (uint64, error) {
	t.Helper()
	messages := make([]bus.Message, len(texts))
	for i, text := range texts {
		messages[i] = bus.Message{Subject: contract.AuditSubject("test.made"), Data: []byte(text)}
	}
	messages[0].ExpectLast = bus.Seq(last)
	return conn.PublishBatch(t.Context(), messages)
}

func TestExpectingTheLastOfAStream(t *testing.T) {
	t.Parallel()
	_, conn := bustest.Server(t)
	for _, batch := range [][]string{{"1"}, {"2", "3", "4"}, {"5"}, {"6", "7"}} {
		state, err := conn.State(t.Context(), contract.StreamAudit)
		if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range []uint64{state.LastSeq + 1, state.LastSeq - 1} {
			if _, err := log(t, conn, wrong, batch...); !errors.Is(err, bus.ErrConflict) {
				t.Errorf("%d messages at %d, expecting %d: %v; want a conflict", len(batch), state.LastSeq, wrong, err)
			}
		}
		last, err := log(t, conn, state.LastSeq, batch...)
		if err != nil || last != state.LastSeq+uint64(len(batch)) {
			t.Errorf("%d messages after %d end at %d, %v", len(batch), state.LastSeq, last, err)
		}
	}
	all, err := conn.Range(t.Context(), contract.StreamAudit, 0, 100)
	if err != nil || len(all) != 7 {
		t.Fatalf("%d messages, %v", len(all), err)
	}
	for i, m := range all {
		if string(m.Data) != fmt.Sprint(i+1) {
			t.Errorf("message %d is %q", i+1, m.Data)
		}
	}
}

func TestRange(t *testing.T) {
	t.Parallel()
	_, conn := bustest.Server(t)
	none := func(from uint64) {
		t.Helper()
		if got, err := conn.Range(t.Context(), contract.StreamAudit, from, 5); err != nil || len(got) != 0 {
			t.Errorf("from %d: %d messages, %v; want none", from, len(got), err)
		}
	}
	none(0)
	none(1)
	if _, err := log(t, conn, 0, "1", "2", "3", "4", "5", "6", "7", "8"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, n, first, last uint64 }{{0, 3, 1, 3}, {1, 8, 1, 8}, {2, 1, 2, 2}, {6, 100, 6, 8}, {8, 1, 8, 8}} {
		got, err := conn.Range(t.Context(), contract.StreamAudit, c.from, int(c.n))
		if err != nil || uint64(len(got)) != c.last-c.first+1 || got[0].Seq != c.first || got[len(got)-1].Seq != c.last {
			t.Errorf("%d from %d: %d messages, %v; want %d to %d", c.n, c.from, len(got), err, c.first, c.last)
		}
	}
	none(9)
	none(1000)
	if _, err := conn.Range(t.Context(), contract.StreamAudit, 1, bus.MaxRange+1); err == nil {
		t.Error("more than may be asked for at once was read")
	}
	if _, err := conn.Range(t.Context(), "NOBODY", 1, 1); err == nil {
		t.Error("a stream that is not there was read")
	}
}
