package intake_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/bus/bustest"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/ledger"
	"github.com/netrust/netrust/services/executor/internal/run"

	"github.com/rs/zerolog"
)

func TestATaskIsRunRecordedAndAcknowledged(t *testing.T) {
	t.Parallel()
	f := newFloor(t, 4, nil)
	task := f.task("r.1", true, "show clock", "show version")
	f.release(task)
	r := f.state(task, contract.Finished)
	if r.Result.State != contract.TaskSucceeded || len(r.Result.Outputs) != 2 || r.Result.Outputs[1].Output != "answer to show version" || r.Result.Summary == "" {
		t.Errorf("the record is %+v", r.Result)
	}
	f.await("the acknowledgement", func() bool { return f.unacknowledged() == 0 })
}

func TestTheSameMessageTwiceRunsOnce(t *testing.T) {
	t.Parallel()
	slow := func(context.Context, string, string) (string, error) {
		<-time.After(2 * ackWait) // so long that what is not kept in hand comes again
		return "done", nil
	}
	f := newFloor(t, 4, slow)
	task := f.task("r.1", false, "write something")
	for range 3 {
		f.release(task)
	}
	f.state(task, contract.Finished)
	f.release(task)
	f.await("all to be acknowledged", func() bool { return f.unacknowledged() == 0 })
	if n := f.device.got("r.1"); n != 1 {
		t.Errorf("the command reached the device %d times", n)
	}
}

func TestWhatCannotBeReadIsSetAside(t *testing.T) {
	t.Parallel()
	f := newFloor(t, 4, nil)
	good := f.task("r.ok", true)
	other := *good
	other.DeviceID = "r.other"
	none, noTime := *good, *good
	none.DeviceID, none.Commands = "r.none", nil
	noTime.DeviceID, noTime.DeviceTimeoutMS = "r.notime", 0
	subject := func(id string) string {
		return contract.TaskKey{Site: "lab", Job: "j1", Phase: contract.PhaseRun, Device: id}.Subject(contract.Normal)
	}
	encode := func(v any) []byte {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	bad := map[string][]byte{
		"r.half": []byte(`{"job_id":`), "r.list": []byte(`[]`), "r.wrong": encode(other), "r.none": encode(none), "r.notime": encode(noTime), "r.empty": nil,
	}
	for id, data := range bad {
		f.publish(subject(id), data)
	}
	f.release(good)
	f.state(good, contract.Finished)
	for id, data := range bad {
		var letter contract.DeadLetter
		f.await("the dead letter of "+id, func() bool {
			stored, err := f.conn.LastFor(t.Context(), contract.StreamDLQ, contract.TaskKey{Job: "j1", Phase: contract.PhaseRun, Device: id}.DeadLetterSubject())
			return err == nil && json.Unmarshal(stored.Data, &letter) == nil
		})
		if letter.Reason == "" || letter.Subject != subject(id) || string(letter.Payload) != string(data) {
			t.Errorf("the dead letter of %s is %+v", id, letter)
		}
	}
	f.await("all to be acknowledged", func() bool { return f.unacknowledged() == 0 })
	for id := range bad {
		if n := f.device.got(id); n != 0 {
			t.Errorf("%s got %d commands", id, n)
		}
	}
}

func TestSlotsBoundWhatIsInHand(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	f := newFloor(t, 3, func(context.Context, string, string) (string, error) { <-gate; return "done", nil })
	var tasks []*contract.Task
	for i := range 12 {
		tasks = append(tasks, f.task(fmt.Sprintf("r.%d", i), true))
		f.release(tasks[i])
	}
	sessions := func() int {
		f.device.mu.Lock()
		defer f.device.mu.Unlock()
		return f.device.open
	}
	f.await("the slots to be full", func() bool { return sessions() == 3 })
	close(gate)
	for _, task := range tasks {
		f.state(task, contract.Finished)
	}
	if f.device.highest != 3 {
		t.Errorf("%d sessions were open at once; there are 3 slots", f.device.highest)
	}
}

func TestDrain(t *testing.T) {
	t.Parallel()

	t.Run("what is in hand ends, and what comes after is left to others", func(t *testing.T) {
		t.Parallel()
		begun, gate := make(chan struct{}), make(chan struct{})
		f := newFloor(t, 2, func(context.Context, string, string) (string, error) { close(begun); <-gate; return "done", nil })
		task := f.task("r.1", false)
		f.release(task)
		<-begun
		drained := make(chan struct{})
		go func() { f.drain(); close(drained) }()
		late := f.task("r.2", true)
		f.release(late)
		close(gate)
		<-drained
		if r := f.record(task); r.State != contract.Finished || r.Result.State != contract.TaskSucceeded {
			t.Errorf("what was in hand is %+v", r)
		}
		if r := f.record(late); r != nil && r.State == contract.Claimed {
			t.Errorf("what came later was left as claimed")
		}
	})
	t.Run("what goes on too long is cut off: a read is given back, a change is uncertain", func(t *testing.T) {
		t.Parallel()
		begun := make(chan struct{}, 2)
		f := newFloor(t, 2, func(ctx context.Context, id, _ string) (string, error) {
			begun <- struct{}{}
			<-ctx.Done()
			return "", driver.EndedError(ctx, driver.Target{DeviceID: id}, driver.StageCommand, 0)
		})
		read, change := f.task("r.read", true), f.task("r.change", false)
		f.release(read)
		f.release(change)
		<-begun
		<-begun
		f.cut(run.ErrShutdown)
		f.drain()
		if r := f.record(read); r.State != contract.Retry || r.Attempt != 0 {
			t.Errorf("the read is %+v", r)
		}
		if r := f.record(change); r.State != contract.Finished || r.Result.State != contract.TaskUncertain {
			t.Errorf("the change is %+v", r)
		}
	})
}

func TestAClosedGateStopsAndRefuses(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	f := newFloor(t, 2, func(ctx context.Context, id, _ string) (string, error) {
		close(begun)
		<-ctx.Done()
		return "", driver.EndedError(ctx, driver.Target{DeviceID: id}, driver.StageCommand, 0)
	})
	running, late := f.task("r.1", true), f.task("r.2", true)
	f.release(running)
	<-begun
	if err := ledger.CloseGate(t.Context(), f.conn, "j1", "cancelled", 0, time.Now()); err != nil {
		t.Fatal(err)
	}
	if r := f.state(running, contract.Finished); r.Result.State != contract.TaskCancelled {
		t.Errorf("the running task is %+v", r.Result)
	}
	f.release(late)
	f.await("the late one to be acknowledged", func() bool { return f.unacknowledged() == 0 })
	if r := f.record(late); r != nil || f.device.got("r.2") != 0 {
		t.Errorf("the late one is %+v", r)
	}
}

func TestALargeOutputGoesToTheObjects(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("0123456789abcdef\n", 40_000)
	f := newFloor(t, 2, func(context.Context, string, string) (string, error) { return big, nil })
	task := f.task("r.1", true)
	f.release(task)
	r := f.state(task, contract.Finished).Result
	if r.OutputObject == nil || len(r.Outputs) != 0 || r.OutputTruncated {
		t.Fatalf("the result has %d outputs and the object %v", len(r.Outputs), r.OutputObject)
	}
	data, err := f.conn.GetObject(t.Context(), *r.OutputObject, 2<<20)
	var outputs []contract.CommandOutput
	if err != nil || json.Unmarshal(data, &outputs) != nil || len(outputs) != 1 || outputs[0].Output != big {
		t.Errorf("the object holds %d outputs, %v", len(outputs), err)
	}
}

func TestALargeOutputThatWasCutSaysSoBesideItsReference(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("0123456789abcdef\n", 300_000) // more than the floor's runner keeps
	f := newFloor(t, 2, func(context.Context, string, string) (string, error) { return big, nil })
	task := f.task("r.1", true)
	f.release(task)
	if r := f.state(task, contract.Finished).Result; r.OutputObject == nil || !r.OutputTruncated {
		t.Errorf("the object is %v, truncated: %v", r.OutputObject, r.OutputTruncated)
	}
}

func TestRawOutputIsRefusedWithoutAKey(t *testing.T) {
	t.Parallel()
	f := newFloor(t, 2, nil)
	task := f.task("r.1", true)
	task.KeepRaw = true
	f.release(task)
	r := f.state(task, contract.Finished).Result
	if r.State != contract.TaskFailed || r.RawObject != nil || r.Error == nil || r.Error.Effect != contract.EffectNone || !strings.Contains(r.Error.Remedy, "raw_identity_file") {
		t.Errorf("the result is %+v, %+v", r, r.Error)
	}
	if n := f.device.got("r.1"); n != 0 {
		t.Errorf("the device got %d commands", n)
	}
}

func TestATaskOfALostExecutor(t *testing.T) {
	t.Parallel()
	f := newFloor(t, 4, nil)
	victim, err := ledger.NewHolder(bustest.Connect(t, f.server), contract.Executor{Incarnation: "victim"}, ledger.Config{}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { left <- victim.Run(ctx) }()
	f.await("a sign of life", func() bool { return victim.Ready() == nil })
	read, change := f.task("r.read", true), f.task("r.change", false)
	for _, task := range []*contract.Task{read, change} {
		if _, err := victim.Claim(t.Context(), task, task.Commands, time.Now().Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
		f.release(task) // as a message that comes again while its holder lives
	}
	f.await("both to be delivered", func() bool { return f.unacknowledged() == 2 })
	if r := f.record(read); r.Holder != "victim" {
		t.Fatalf("the task of a living holder is %+v", r)
	}
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if r := f.state(read, contract.Finished); r.Result.State != contract.TaskSucceeded || r.Attempt != 2 || r.Holder != "x" {
		t.Errorf("the read is %+v", r)
	}
	if r := f.state(change, contract.Finished); r.Result.State != contract.TaskUncertain || f.device.got("r.change") != 0 {
		t.Errorf("the change is %+v, and %d commands reached the device", r, f.device.got("r.change"))
	}
	f.await("both to be acknowledged", func() bool { return f.unacknowledged() == 0 })
}

func TestResultsAreRecordedWhenNATSIsBack(t *testing.T) {
	t.Parallel()
	begun, gate := make(chan struct{}), make(chan struct{})
	f := newFloor(t, 2, func(context.Context, string, string) (string, error) { close(begun); <-gate; return "done", nil })
	task := f.task("r.1", false)
	f.release(task)
	<-begun
	// The ledger's stream takes nothing for a while.
	js := f.conn.JetStream()
	stream, err := js.Stream(t.Context(), ledger.Stream)
	if err != nil {
		t.Fatal(err)
	}
	cfg := stream.CachedInfo().Config
	closed := cfg
	closed.MaxMsgs = int64(stream.CachedInfo().State.Msgs)
	if _, err := js.UpdateStream(t.Context(), closed); err != nil {
		t.Fatal(err)
	}
	var refused *bus.ServerError
	f.await("the stream to be full", func() bool {
		_, err := f.conn.Publish(t.Context(), bus.Message{Subject: ledger.Subject("gate.full")})
		return errors.As(err, &refused)
	})
	close(gate)
	f.await("the device to have answered", func() bool { f.device.mu.Lock(); defer f.device.mu.Unlock(); return f.device.open == 0 })
	if _, err := js.UpdateStream(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	if r := f.state(task, contract.Finished); r.Result.State != contract.TaskSucceeded {
		t.Errorf("the result is %+v", r.Result)
	}
}
