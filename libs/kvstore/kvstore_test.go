package kvstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/bus/bustest"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/kvstore"
)

type value struct{ N int }

func open(t *testing.T) *kvstore.Bucket[value] {
	_, conn := bustest.Server(t)
	return kvstore.Open[value](conn, contract.BucketObserved)
}

func TestOfTwoWritersOneIsTold(t *testing.T) {
	t.Parallel()
	b, ctx := open(t), t.Context()
	rev, err := b.Create(ctx, "a", value{1}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Create(ctx, "a", value{2}, 0); !errors.Is(err, bus.ErrConflict) {
		t.Fatalf("a second create: %v, want a conflict", err)
	}
	if _, err := b.Update(ctx, "a", value{3}, rev, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Update(ctx, "a", value{4}, rev, 0); !errors.Is(err, bus.ErrConflict) {
		t.Fatalf("an update of an old revision: %v, want a conflict", err)
	}
	if e, err := b.Get(ctx, "a"); err != nil || e.Value.N != 3 {
		t.Fatalf("got %+v, %v", e, err)
	}
}

func TestADeletedKeyIsGoneAndCanBeCreatedAgain(t *testing.T) {
	t.Parallel()
	b, ctx := open(t), t.Context()
	rev, err := b.Create(ctx, "a", value{1}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Delete(ctx, "a", rev+7); !errors.Is(err, bus.ErrConflict) {
		t.Fatalf("deleting another revision: %v, want a conflict", err)
	}
	if err := b.Delete(ctx, "a", rev); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Get(ctx, "a"); !errors.Is(err, bus.ErrNotFound) {
		t.Fatalf("reading a deleted key: %v", err)
	}
	if _, err := b.Create(ctx, "a", value{2}, 0); err != nil {
		t.Fatal(err)
	}
	if list, err := b.List(ctx, ">"); err != nil || len(list) != 1 || list[0].Value.N != 2 {
		t.Fatalf("list: %+v, %v", list, err)
	}
}

func TestWatchGivesWhatIsThereAndThenWhatChanges(t *testing.T) {
	t.Parallel()
	b := open(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for i, k := range []string{"a", "b"} {
		if _, err := b.Create(ctx, k, value{i}, 0); err != nil {
			t.Fatal(err)
		}
	}
	var seen []kvstore.Entry[value]
	stop := errors.New("stop")
	err := b.Watch(ctx, ">", func() {
		if len(seen) != 2 {
			t.Errorf("caught up after %d entries, want 2", len(seen))
		}
		if err := b.Delete(ctx, "a", seen[0].Revision); err != nil {
			t.Error(err)
		}
	}, func(e kvstore.Entry[value]) error {
		if seen = append(seen, e); e.Deleted {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || len(seen) != 3 || seen[2].Key != "a" {
		t.Fatalf("watch: %v, saw %+v", err, seen)
	}
}
