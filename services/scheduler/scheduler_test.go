package scheduler_test

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
	"github.com/netrust/netrust/services/scheduler"
)

func TestEveryFaultOfTheSettingsIsNamed(t *testing.T) {
	t.Parallel()
	good := scheduler.Default()
	if err := good.Validate(); err != nil {
		t.Errorf("the defaults: %v", err)
	}
	err := (&scheduler.Config{ReleaseEvery: time.Hour}).Validate()
	for _, field := range []string{"leader_ttl", "release_every", "unclaimed_after", "silent_after", "max_tasks", "keep_records"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not named in %v", field, err)
		}
	}
	if _, err := scheduler.New(nil, scheduler.Config{}, zerolog.Nop()); err == nil {
		t.Error("a scheduler was made with no settings")
	}
}

func TestSchedulersAnswerTogether(t *testing.T) {
	t.Parallel()
	server, conn := bustest.Server(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 2)
	for range 2 {
		s, err := scheduler.New(bustest.Connect(t, server), scheduler.Default(), zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		go func() { done <- s.Run(ctx) }()
	}
	defer func() {
		cancel()
		for range 2 {
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("ended with %v", err)
			}
		}
	}()
	data, err := json.Marshal(contract.JobSubmit{JobID: "j1", Principal: "alice", At: time.Now(), Spec: contract.JobSpec{
		Kind: contract.JobKindCommand, Targets: contract.TargetSelector{All: true}, Commands: []string{"show clock"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Publish(ctx, bus.Message{
		Subject: contract.JobCommandSubject("j1"), Data: data, Type: contract.TypeJobSubmit, ID: "j1", Expect: bus.Seq(0),
	})
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(30 * time.Second); ; {
		stored, err := conn.LastFor(ctx, contract.StreamJobs, contract.JobEventSubject("j1"))
		var e contract.JobEvent
		if err == nil && json.Unmarshal(stored.Data, &e) == nil && e.State == contract.JobRejected { // there is no device
			return
		}
		if time.Now().After(end) {
			t.Fatalf("no verdict: %+v, %v", e, err)
		}
		<-time.After(10 * time.Millisecond)
	}
}
