package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus/bustest"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
)

func TestAnAnswerThatIsLostIsFoundByTheAttempt(t *testing.T) {
	t.Parallel()
	server, conn, wire := bustest.Wired(t)
	d := &desk{t, server, bustest.Connect(t, server)}
	h, err := ledger.NewHolder(conn, contract.Executor{Incarnation: "h1"}, ledger.Config{}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	defer func() { cancel(); <-done }()
	d.await("a sign of life", func() bool { return h.Ready() == nil })
	d.open("j1")
	task := d.task("j1", "dev.1", once)

	// deaf hears no answer to what is written until that stands, then loses the connection.
	deaf := func(what string, write func() error, stands contract.RecordState) {
		wire.Deafen(true)
		wrote := make(chan error, 1)
		go func() { wrote <- write() }()
		d.await(what, func() bool {
			e := d.newest(task.Key().RecordKey())
			return e.Task != nil && e.Task.State == stands
		})
		wire.Cut()
		wire.Deafen(false)
		if err := <-wrote; err != nil {
			t.Fatalf("%s whose answer was lost: %v", what, err)
		}
	}
	var lease *ledger.Lease
	deaf("the claim", func() (err error) {
		lease, err = h.Claim(t.Context(), task, task.Commands, time.Now().Add(time.Minute))
		return err
	}, contract.Claimed)
	if held := d.newest(task.Key().DeviceKey()); lease.Attempt() != 1 || held.Seq != lease.FencingToken() {
		t.Errorf("attempt %d with token %d; the device's lease is at %d", lease.Attempt(), lease.FencingToken(), held.Seq)
	}
	deaf("the finish", func() error { return lease.Finish(t.Context(), succeeded) }, contract.Finished)
	if records := d.history(contract.JobTaskRecords("j1")); len(records) != 2 {
		t.Errorf("%d records stand; want a claim and a result", len(records))
	}
	if !d.free(task) {
		t.Error("the device is still leased")
	}
}

// TestHoldersThatQuarrel has holders claim the same tasks on the same devices, finish, delay, recover each other and lose
// their gates, all at once; the ledger must tell a legal story of each task and each device.
func TestHoldersThatQuarrel(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	const jobs, devices = 6, 12
	var tasks []*contract.Task
	for j := range jobs {
		job := fmt.Sprintf("j%d", j)
		d.open(job)
		for i := range devices {
			task := d.task(job, fmt.Sprintf("dev.%d", i), func(t *contract.Task) {
				t.Repeatable = j%2 == 0
				if i%3 == 0 {
					t.Class = contract.Urgent
				}
			})
			tasks = append(tasks, task)
		}
	}
	var all sync.WaitGroup
	for n := range 5 {
		h := d.holder(fmt.Sprintf("h%d", n))
		rnd := rand.New(rand.NewPCG(seed, uint64(n)))
		all.Go(func() {
			for range 60 {
				quarrel(d, h, *tasks[rnd.IntN(len(tasks))], rnd)
			}
		})
	}
	all.Go(func() { d.close("j4"); d.close("j5") })
	all.Wait()
	checkStory(d)
}

// quarrel does something with a task, as a scheduler and an executor that know what stands now.
func quarrel(d *desk, h *ledger.Holder, task contract.Task, rnd *rand.Rand) {
	record := d.newest(task.Key().RecordKey())
	if record.Task != nil && record.Task.State == contract.Finished {
		return
	}
	task.TaskSeq = record.Seq
	if record.Task != nil {
		task.Attempt = record.Task.Attempt + 1
	}
	if device := d.newest(task.Key().DeviceKey()); device.Lease == nil {
		task.DeviceSeq = device.Seq // only a device that is free is released for
	}
	until := time.Now().Add(-time.Minute) // nothing is exclusive here: a lost holder's task is settled at once
	var lease *ledger.Lease
	var err error
	if record.Task != nil && record.Task.State == contract.Claimed {
		if rnd.IntN(3) == 0 {
			d.kill(h) // others may take it for dead, until its next batch of claims
		}
		lease, err = h.Recover(d.Context(), &task, nil, until)
	} else {
		lease, err = h.Claim(d.Context(), &task, nil, until)
	}
	if err == nil {
		switch rnd.IntN(4) {
		case 0: // dies with it
		case 1:
			err = lease.Delay(d.Context(), contract.Delay{Reason: "quarrel"}, rnd.IntN(2) == 0)
		default:
			err = lease.Finish(d.Context(), succeeded)
		}
	}
	for _, known := range []error{
		nil, ledger.ErrFinished, ledger.ErrStale, ledger.ErrGateClosed, ledger.ErrHeld, ledger.ErrDeviceBusy, ledger.ErrSettled,
		ledger.ErrTooEarly, ledger.ErrLost,
	} {
		if errors.Is(err, known) {
			return
		}
	}
	d.Errorf("task %s: %v", task.Key().ID(), err)
}

// checkStory walks through the whole stream.
func checkStory(d *desk) {
	newest := map[string]ledger.Entry{}
	closed := map[string]bool{}
	ends := 0
	for _, e := range d.history(">") {
		switch {
		case e.Gate != nil:
			closed[e.Key.Gate] = !e.Gate.Open
		case e.Task != nil:
			id := e.Key.Task.ID()
			before := contract.TaskRecord{}
			if p := newest[id].Task; p != nil {
				before = *p
			}
			legal := before.State != contract.Finished
			switch e.Task.State {
			case contract.Claimed:
				legal = legal && !closed[e.Task.JobID] && e.Task.Attempt == before.Attempt+1 && (before.State != contract.Claimed || before.Claim.Repeatable)
			case contract.Finished:
				ends++
				legal = legal && before.State == contract.Claimed && e.Task.Attempt == before.Attempt
			default:
				legal = legal && e.Task.Attempt <= before.Attempt
			}
			if !legal {
				d.Errorf("%s follows %s in %s, closed: %v", text(e.Task), text(before), id, closed[e.Task.JobID])
			}
			newest[id] = e
		case e.Key.Device != nil:
			device := e.Key.Device.Device
			if held := newest[device].Lease; held != nil && e.Lease != nil && held.TaskID != e.Lease.TaskID {
				d.Errorf("%s is leased to %s while it is leased to %s", device, text(e.Lease), text(held))
			}
			newest[device] = e
		}
	}
	if ends == 0 {
		d.Error("nothing was finished")
	}
}
