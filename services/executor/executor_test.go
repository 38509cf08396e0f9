package executor_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/bus/bustest"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/credential"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/ledger"
	"github.com/netrust/netrust/services/executor"
)

func TestEveryFaultOfTheSettingsIsNamed(t *testing.T) {
	t.Parallel()
	good := executor.Default()
	if err := good.Validate(); err != nil {
		t.Errorf("the defaults: %v", err)
	}
	err := (&executor.Config{HostKey: "whatever"}).Validate()
	for _, field := range []string{"sites", "normal_slots", "urgent_slots", "liveness_ttl", "ack_wait", "connect_timeout", "max_output", "host_key"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not named in %v", field, err)
		}
	}
}

// slow is a device whose commands take until they are told to end.
type slow struct{ begun, end chan struct{} }

func (slow) Platform() string { return "cisco_ios" }
func (s slow) Open(context.Context, driver.Target, driver.OpenOptions) (driver.Session, error) {
	return s, nil
}
func (s slow) Run(context.Context, driver.Command) (driver.Output, error) {
	close(s.begun)
	<-s.end
	return driver.Output{Text: "done at last"}, nil
}
func (slow) Prompt() string { return "" }
func (slow) Alive() bool    { return true }
func (slow) Close() error   { return nil }

type anyone struct{}

func (anyone) Resolve(context.Context, string) (credential.Credential, error) {
	return credential.Credential{Username: "netops"}, nil
}

func TestAnExecutorThatIsToldToEndFinishesWhatItHasInHand(t *testing.T) {
	t.Parallel()
	server, conn := bustest.Server(t)
	device := slow{make(chan struct{}), make(chan struct{})}
	drivers, err := driver.NewRegistry(device)
	if err != nil {
		t.Fatal(err)
	}
	e, err := executor.New(bustest.Connect(t, server), executor.Default(), drivers, anyone{}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()

	gate, err := ledger.OpenGate(t.Context(), conn, "j1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	task := contract.Task{
		JobID: "j1", Phase: contract.PhaseRun, DeviceID: "r1", Site: "lab", Class: contract.Urgent, Attempt: 1, GateSeq: gate,
		Commands: []string{"write memory"}, CommandTimeoutMS: 10_000, DeviceTimeoutMS: 20_000, Deadline: time.Now().Add(time.Hour),
		Target: contract.Target{Address: "127.0.0.1", Platform: "cisco_ios", Credential: "env:LAB"},
	}
	data, err := json.Marshal(task)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Publish(t.Context(), bus.Message{Subject: task.Key().Subject(task.Class), Data: data, Type: contract.TypeTask, ID: "r1"}); err != nil {
		t.Fatal(err)
	}
	<-device.begun
	if err := e.Ready(t.Context()); err != nil {
		t.Errorf("at work it is not ready: %v", err)
	}
	cancel()
	select {
	case err := <-done:
		t.Fatalf("it ended with a task in hand: %v", err)
	case <-time.After(300 * time.Millisecond):
	}
	close(device.end)
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	stored, err := conn.LastFor(t.Context(), ledger.Stream, ledger.Subject(task.Key().RecordKey()))
	if err != nil {
		t.Fatal(err)
	}
	record, err := ledger.Decode(stored)
	if err != nil || record.Task.State != contract.Finished || record.Task.Result.State != contract.TaskSucceeded {
		t.Errorf("the record is %+v, %v", record.Task, err)
	}
	if left, err := conn.LastFor(t.Context(), ledger.Stream, ledger.Subject(contract.ExecutorKey(record.Task.Holder))); err == nil && !left.Deleted {
		t.Error("its liveness key is left")
	}
}
