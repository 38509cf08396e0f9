package ledger_test

import (
	"errors"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
)

func TestRecover(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	h := d.holder("medic")
	revive := func(task *contract.Task) (*ledger.Lease, error) {
		return h.Recover(t.Context(), task, task.Commands, time.Now().Add(time.Minute))
	}
	// lost is a task whose holder is gone, and that might touch its device until then.
	lost := func(d *desk, job string, until time.Time, change ...func(*contract.Task)) (*contract.Task, *ledger.Lease) {
		d.open(job)
		task := d.task(job, "dev."+job, change...)
		victim := d.holder("victim-" + job)
		lease, err := victim.Claim(d.Context(), task, task.Commands, until)
		if err != nil {
			d.Fatal(err)
		}
		d.kill(victim)
		return task, lease
	}
	past := time.Now().Add(-time.Minute)

	t.Run("a holder that lives keeps its task", func(t *testing.T) {
		d := d.in(t)
		d.open("j1")
		task := d.task("j1", "dev.1")
		d.claim(d.holder("alive"), task)
		_, err := revive(task)
		d.wants(err, ledger.ErrHeld)
	})
	t.Run("a task that may be repeated is taken over at once, with the next attempt and a higher token", func(t *testing.T) {
		d := d.in(t)
		task, old := lost(d, "j2", time.Now().Add(time.Hour))
		lease, err := revive(task)
		if err != nil {
			t.Fatal(err)
		}
		if lease.Attempt() != 2 || lease.FencingToken() <= old.FencingToken() {
			t.Errorf("attempt %d with token %d after %d", lease.Attempt(), lease.FencingToken(), old.FencingToken())
		}
		d.wants(old.Finish(t.Context(), succeeded), ledger.ErrLost)
		d.wants(old.Delay(t.Context(), contract.Delay{}, true), ledger.ErrLost)
		if err := lease.Finish(t.Context(), succeeded); err != nil {
			t.Fatal(err)
		}
		d.wants(old.Finish(t.Context(), succeeded), ledger.ErrLost)
	})
	t.Run("one that may not is left alone while its holder may touch the device, also for the margin of the clocks", func(t *testing.T) {
		d := d.in(t)
		for job, until := range map[string]time.Time{"j3": time.Now().Add(time.Hour), "j4": time.Now().Add(-time.Second / 2)} {
			task, lease := lost(d, job, until, once)
			_, err := revive(task)
			d.wants(err, ledger.ErrTooEarly)
			if err := lease.Finish(t.Context(), succeeded); err != nil {
				t.Errorf("the holder that came back could not finish: %v", err)
			}
		}
	})
	t.Run("after that it is uncertain, says why, and the device is free", func(t *testing.T) {
		d := d.in(t)
		task, old := lost(d, "j5", past, once)
		_, err := revive(task)
		d.wants(err, ledger.ErrSettled)
		r := d.record(task)
		if r.State != contract.Finished || r.Result.State != contract.TaskUncertain || r.Result.Error.Effect != contract.EffectPossible ||
			r.Result.Error.Message == "" || r.Result.Error.Remedy == "" || !d.free(task) {
			t.Errorf("the record is %s", text(r))
		}
		d.wants(old.Finish(t.Context(), succeeded), ledger.ErrLost)
		_, err = revive(task)
		d.wants(err, ledger.ErrFinished)
	})
	t.Run("behind a closed gate a task that may be repeated ends as cancelled", func(t *testing.T) {
		d := d.in(t)
		task, _ := lost(d, "j6", time.Now().Add(time.Hour))
		d.close("j6")
		_, err := revive(task)
		d.wants(err, ledger.ErrSettled)
		if r := d.record(task); r.Result.State != contract.TaskCancelled || r.Result.Error.Effect != contract.EffectNone || !d.free(task) {
			t.Errorf("the record is %s", text(r))
		}
	})
	t.Run("past the job's deadline nothing is run again", func(t *testing.T) {
		d := d.in(t)
		task, _ := lost(d, "j7", past, func(t *contract.Task) { t.Deadline = past })
		_, err := revive(task)
		d.wants(err, ledger.ErrSettled)
	})
	t.Run("a task that kills its executors ends", func(t *testing.T) {
		d := d.in(t)
		task, _ := lost(d, "j8", past)
		for i := range 10 {
			victim := d.holder("again-" + string(rune('a'+i)))
			_, err := victim.Recover(t.Context(), task, nil, past)
			if errors.Is(err, ledger.ErrSettled) {
				r := d.record(task)
				if r.Result.State != contract.TaskFailed || r.Result.Error.Kind != contract.KindHolderLost || i < 3 {
					t.Errorf("after %d takeovers the record is %s", i, text(r))
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			d.kill(victim)
		}
		t.Error("ten executors died of it, and it is still taken over")
	})
	t.Run("what is not claimed has nothing to recover", func(t *testing.T) {
		d := d.in(t)
		d.open("j9")
		task := d.task("j9", "dev.9")
		_, err := revive(task)
		d.wants(err, ledger.ErrStale)
		if err := d.claim(h, task).Delay(t.Context(), contract.Delay{}, true); err != nil {
			t.Fatal(err)
		}
		_, err = revive(task)
		d.wants(err, ledger.ErrStale)
	})
	t.Run("a liveness key that expires by itself proves it, too", func(t *testing.T) {
		d := d.in(t)
		d.open("j10")
		task := d.task("j10", "dev.10")
		gone, leave := d.leaving("short", ledger.MinLivenessTTL)
		d.claim(gone, task)
		leave()
		d.await("the takeover", func() bool {
			_, err := revive(task)
			return err == nil
		})
	})
}

func TestCheckBeforeAnEffect(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	h := d.holder("h1") // TTL 30 s
	d.open("j1")
	repeatable, _ := h.Claim(t.Context(), d.task("j1", "dev.1"), nil, time.Now().Add(time.Hour))
	changing, _ := h.Claim(t.Context(), d.task("j1", "dev.2", once), nil, time.Now().Add(time.Hour))
	if repeatable == nil || changing == nil {
		t.Fatal("the claims were not granted")
	}
	now := time.Now()
	silence := now.Add(30 * time.Minute) // however late this is asked: the holder gives signs of life meanwhile
	cases := []struct {
		name         string
		lease        *ledger.Lease
		at           time.Time
		need         time.Duration
		ends, silent bool
	}{
		{"a short effect may begin", repeatable, now, time.Minute, false, false},
		{"one that may not be repeated, too", changing, now, time.Minute, false, false},
		{"an effect that could end after the exclusive time may not", repeatable, now, time.Hour + time.Minute, true, false},
		{"nor one that may not be repeated", changing, now, time.Hour + time.Minute, true, false},
		{"nothing begins after the exclusive time", changing, now.Add(time.Hour + time.Second), 0, true, false},
		{"without a sign of life others may begin with what may be repeated", repeatable, silence, 0, true, true},
		{"what may not be repeated is left alone until its time, sign of life or not", changing, silence, 0, false, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var expired *ledger.ExpiredError
			err := c.lease.Check(c.at, c.need)
			if c.ends != errors.As(err, &expired) || expired != nil && expired.Silent != c.silent {
				t.Errorf("got %v; want it to end: %v, for silence: %v", err, c.ends, c.silent)
			}
		})
	}
}

func TestHolderLeavesAndDrains(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	h, leave := d.leaving("h1", 30*time.Second)
	key := contract.ExecutorKey("h1")
	if e := d.newest(key); e.Executor == nil || e.Executor.Draining {
		t.Fatalf("the sign of life is %s", text(e.Executor))
	}
	if err := h.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if e := d.newest(key); e.Executor == nil || !e.Executor.Draining {
		t.Errorf("the sign of life of a holder that drains is %s", text(e.Executor))
	}
	d.open("j1") // what it has in hand it still records
	if err := d.claim(h, d.task("j1", "dev.1")).Finish(t.Context(), succeeded); err != nil {
		t.Error(err)
	}
	if e := d.newest(key); !e.Executor.Draining {
		t.Error("a claim gave a sign of life that does not drain")
	}
	leave()
	if e := d.newest(key); !e.Deleted {
		t.Errorf("the liveness key of a holder that left is %s", text(e.Executor))
	}
}
