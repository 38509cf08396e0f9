package ledger_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
)

func TestClaim(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	h, other := d.holder("h1"), d.holder("h2")

	t.Run("a claim and its finish stand in the ledger with the device's lease", func(t *testing.T) {
		d := d.in(t)
		d.open("j1")
		task := d.task("j1", "dev.1")
		until := time.Now().Add(time.Minute)
		lease, err := h.Claim(t.Context(), task, []string{"show [redacted]"}, until)
		if err != nil {
			t.Fatal(err)
		}
		r := d.record(task)
		if r.State != contract.Claimed || r.Attempt != 1 || r.Holder != "h1" || r.Claim.Commands[0] != "show [redacted]" || !r.Claim.ExclusiveUntil.Equal(until) {
			t.Errorf("the record is %s", text(r))
		}
		held := d.newest(task.Key().DeviceKey())
		if held.Lease == nil || held.Lease.Holder != "h1" || held.Seq != lease.FencingToken() || lease.Attempt() != 1 {
			t.Errorf("the device's lease is %s at %d; the token is %d", text(held.Lease), held.Seq, lease.FencingToken())
		}
		if err := lease.Finish(t.Context(), succeeded); err != nil {
			t.Fatal(err)
		}
		if r := d.record(task); r.State != contract.Finished || r.Result.State != contract.TaskSucceeded || !d.free(task) {
			t.Errorf("the record is %s, the device is free: %v", text(r), d.free(task))
		}
	})
	t.Run("the second claim of a message is refused while the first is at work, after a retry, and after the end", func(t *testing.T) {
		d := d.in(t)
		d.open("j2")
		task := d.task("j2", "dev.2")
		lease := d.claim(h, task)
		_, err := other.Claim(t.Context(), task, nil, time.Now())
		d.wants(err, ledger.ErrHeld)
		if err := lease.Delay(t.Context(), contract.Delay{Reason: "later"}, true); err != nil {
			t.Fatal(err)
		}
		_, err = other.Claim(t.Context(), task, nil, time.Now())
		d.wants(err, ledger.ErrStale)
		again := d.task("j2", "dev.2", func(t *contract.Task) { t.Attempt = 2 })
		if err := d.claim(other, again).Finish(t.Context(), succeeded); err != nil {
			t.Fatal(err)
		}
		for _, m := range []*contract.Task{task, again} {
			_, err = h.Claim(t.Context(), m, nil, time.Now())
			d.wants(err, ledger.ErrFinished)
		}
	})
	t.Run("of many holders of one message one gets it", func(t *testing.T) {
		d := d.in(t)
		d.open("j3")
		task := d.task("j3", "dev.3")
		var granted, refused int
		var mu sync.Mutex
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				_, err := []*ledger.Holder{h, other}[i%2].Claim(t.Context(), task, nil, time.Now())
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					granted++
				case errors.Is(err, ledger.ErrHeld):
					refused++
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if granted != 1 || refused != 19 {
			t.Errorf("%d were granted, %d refused; want 1 and 19", granted, refused)
		}
	})
	t.Run("an attempt that did not start is not counted", func(t *testing.T) {
		d := d.in(t)
		d.open("j4")
		task := d.task("j4", "dev.4")
		if err := d.claim(h, task).Delay(t.Context(), contract.Delay{Reason: "not started"}, false); err != nil {
			t.Fatal(err)
		}
		if r := d.record(task); r.State != contract.Retry || r.Attempt != 0 || !d.free(task) {
			t.Errorf("the record is %s", text(r))
		}
	})
	t.Run("a busy device delays the second task by a record and leaves the device alone", func(t *testing.T) {
		d := d.in(t)
		d.open("j5")
		d.open("j6")
		first, second := d.task("j5", "dev.5"), d.task("j6", "dev.5", once)
		lease := d.claim(h, first)
		_, err := other.Claim(t.Context(), second, nil, time.Now())
		d.wants(err, ledger.ErrDeviceBusy)
		r := d.record(second)
		if r.State != contract.Retry || r.Attempt != 0 || !r.Retry.NotBefore.After(time.Now().Add(-time.Second)) {
			t.Errorf("the record is %s", text(r))
		}
		if held := d.newest(first.Key().DeviceKey()); held.Lease == nil || held.Seq != lease.FencingToken() {
			t.Errorf("the first task lost its lease to %s", text(held.Lease))
		}
		if err := lease.Finish(t.Context(), succeeded); err != nil {
			t.Fatal(err)
		}
		if next := d.claim(other, d.task("j6", "dev.5", once)); next.FencingToken() <= lease.FencingToken() {
			t.Errorf("the token %d does not rise over %d", next.FencingToken(), lease.FencingToken())
		}
	})
	t.Run("a device that was leased and released since the message is claimed all the same", func(t *testing.T) {
		d := d.in(t)
		d.open("j7")
		d.open("j8")
		late := d.task("j8", "dev.7")
		if err := d.claim(h, d.task("j7", "dev.7")).Finish(t.Context(), succeeded); err != nil {
			t.Fatal(err)
		}
		d.claim(other, late)
	})
}

func TestManyClaimsAtOnceAreGrouped(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	h := d.holder("h1")
	const jobs = 450 // each has a gate, and so a message more in the batch: 3 of at most 1,000 for each task
	tasks := make([]*contract.Task, jobs)
	for i := range tasks {
		job := fmt.Sprintf("j%d", i)
		d.open(job)
		tasks[i] = d.task(job, fmt.Sprintf("dev.%d", i))
	}
	before := len(d.history(contract.ExecutorKey("h1")))
	last := d.seq(contract.ExecutorKey("h1"))
	var all sync.WaitGroup
	for _, task := range tasks {
		all.Go(func() {
			lease, err := h.Claim(t.Context(), task, nil, time.Now().Add(time.Minute))
			if err == nil {
				err = lease.Finish(t.Context(), succeeded)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(d.history(contract.ExecutorKey("h1"))) == before {
		t.Errorf("no batch of claims gave a sign of life; %d signs as before, the last at %d", before, last)
	}
	// In a batch the claims stand next to each other; alone, each claim follows its own carrier.
	records := d.history(contract.TaskRecords)
	together := 0
	for i, e := range records {
		if i > 0 && e.Task.State == contract.Claimed && records[i-1].Seq == e.Seq-2 {
			together++
		}
		if !d.free(&contract.Task{Site: e.Task.Site, DeviceID: e.Task.DeviceID}) {
			t.Errorf("device %s is still leased", e.Task.DeviceID)
		}
	}
	if len(records) != 2*jobs || together < jobs/2 {
		t.Errorf("%d records, %d claims next to another; want %d and at least %d", len(records), together, 2*jobs, jobs/2)
	}
}

func TestGate(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	h := d.holder("h1")

	t.Run("opening twice is harmless, and a closed gate stays closed", func(t *testing.T) {
		d := d.in(t)
		first := d.open("g1")
		if again := d.open("g1"); again != first {
			t.Errorf("the gate moved from %d to %d", first, again)
		}
		d.close("g1")
		closed := d.seq(contract.GateKey("g1"))
		d.close("g1")
		if again := d.seq(contract.GateKey("g1")); again != closed {
			t.Errorf("closing twice wrote %d after %d", again, closed)
		}
		_, err := ledger.OpenGate(t.Context(), d.conn, "g1", time.Now())
		d.wants(err, ledger.ErrGateClosed)
	})
	t.Run("a gate that was never open can be closed", func(t *testing.T) {
		d := d.in(t)
		d.close("g2")
		_, err := h.Claim(t.Context(), d.task("g2", "dev.1", late), nil, time.Now())
		d.wants(err, ledger.ErrGateClosed)
	})
	t.Run("a job without a gate cannot be claimed", func(t *testing.T) {
		d := d.in(t)
		for _, seq := range []uint64{0, 1} {
			_, err := h.Claim(t.Context(), d.task("g3", "dev.2", func(t *contract.Task) { t.GateSeq = seq }), nil, time.Now())
			d.wants(err, ledger.ErrGateClosed)
		}
	})
	t.Run("behind a gate that closed nothing is claimed, and the others of the batch are", func(t *testing.T) {
		d := d.in(t)
		d.open("closed")
		d.open("open")
		var tasks []*contract.Task
		for i := range 60 {
			tasks = append(tasks, d.task([]string{"closed", "open"}[i%2], fmt.Sprintf("both.%d", i)))
		}
		d.close("closed")
		var all sync.WaitGroup
		for _, task := range tasks {
			all.Go(func() {
				_, err := h.Claim(t.Context(), task, nil, time.Now())
				if task.JobID == "open" && err != nil || task.JobID == "closed" && !errors.Is(err, ledger.ErrGateClosed) {
					t.Errorf("a claim of job %s: %v", task.JobID, err)
				}
			})
		}
		all.Wait()
		if n := len(d.history(contract.JobTaskRecords("closed"))); n != 0 {
			t.Errorf("%d records stand behind the closed gate", n)
		}
	})
	t.Run("what was claimed before can be finished behind a closed gate", func(t *testing.T) {
		d := d.in(t)
		d.open("g4")
		task := d.task("g4", "dev.4")
		lease := d.claim(h, task)
		d.close("g4")
		if err := lease.Finish(t.Context(), succeeded); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("closing while many claim leaves no claim after it", func(t *testing.T) {
		d := d.in(t)
		d.open("g5")
		tasks := make([]*contract.Task, 100)
		for i := range tasks {
			tasks[i] = d.task("g5", fmt.Sprintf("race.%d", i))
		}
		var all sync.WaitGroup
		for i, task := range tasks {
			all.Go(func() {
				if _, err := h.Claim(t.Context(), task, nil, time.Now()); err != nil && !errors.Is(err, ledger.ErrGateClosed) {
					t.Error(err)
				}
			})
			if i == len(tasks)/2 {
				all.Go(func() { d.close("g5") })
			}
		}
		all.Wait()
		closed := d.seq(contract.GateKey("g5"))
		for _, e := range d.history(contract.JobTaskRecords("g5")) {
			if e.Seq > closed {
				t.Errorf("a claim at %d follows the gate's end at %d", e.Seq, closed)
			}
		}
	})
}
