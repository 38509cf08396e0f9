package gateway_test

import (
	"sync"
	"testing"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/libs/servicekit/tracing"
)

func TestOneKeyIsOneJobAtEveryGateway(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	gateways := []*client{f.gateway(), f.gateway()}
	gateways[0].importDevices(inventoryYAML)
	eventually(t, "both know the devices", func() bool {
		return len(call[api.DeviceList](gateways[1], 200, "GET", api.PathDevices, "").Devices) == 3
	})

	const requests = 16
	answers := make([]answer, requests)
	var wg sync.WaitGroup
	for i := range requests {
		wg.Go(func() {
			answers[i] = gateways[i%2].send("POST", api.PathJobs, showVersion, header{api.HeaderIdemKey, "change-17"})
		})
	}
	wg.Wait()
	id, fresh := contract.DeriveJobID("admin", "change-17"), 0
	for _, a := range answers {
		if a.Status != 202 || a.Header.Get("Location") != api.PathJobs+"/"+id {
			t.Errorf("answered %d at %s: %s", a.Status, a.Header.Get("Location"), a.Body)
		}
		if a.Header.Get("Idempotency-Replayed") != "true" {
			fresh++
		}
	}
	if fresh != 1 || f.jobsInLog() != 1 {
		t.Errorf("%d of %d requests made a job, and the log holds %d; want 1 of each", fresh, requests, f.jobsInLog())
	}

	other := gateways[1].send("POST", api.PathJobs, `{"targets":{"all":true},"commands":["show clock"]}`, header{api.HeaderIdemKey, "change-17"})
	if p := other.problem(t); other.Status != 422 || len(p.Errors) != 1 || p.Errors[0].Field != api.HeaderIdemKey {
		t.Errorf("the same key with another body: %d %s", other.Status, other.Body)
	}
	if f.jobsInLog() != 1 {
		t.Errorf("the refused request was published")
	}
	// Another principal's key is another key.
	token := call[api.TokenCreated](gateways[0], 201, "POST", api.PathTokens, `{"name":"ci","role":"operator"}`)
	mine := call[api.Job](gateways[0].as(token.Secret), 202, "POST", api.PathJobs, showVersion, header{api.HeaderIdemKey, "change-17"})
	if mine.ID == id || mine.Principal != "ci" {
		t.Errorf("the key of somebody else gives %+v", mine)
	}
}

func TestAReadFindsWhatWasWrittenAtAnotherGateway(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	a, b := f.gateway(), f.gateway()
	a.importDevices(inventoryYAML)
	for range 20 {
		job := call[api.Job](a, 202, "POST", api.PathJobs, showVersion)
		if read := call[api.Job](b, 200, "GET", api.PathJobs+"/"+job.ID, ""); read.ID != job.ID {
			t.Errorf("read %+v", read)
		}
	}
}

func TestCancelAndRetry(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	c := f.gateway()
	c.importDevices(inventoryYAML)
	job := call[api.Job](c, 202, "POST", api.PathJobs, showVersion).ID
	path := api.PathJobs + "/" + job
	f.plan(job, "core-1", "core-2", "edge.1")

	if a := c.send("POST", path+"/retry", ""); a.Status != 409 || len(a.problem(t).Errors) != 1 {
		t.Errorf("retrying a running job: %d %s", a.Status, a.Body)
	}
	before := f.jobsInLog()
	call[api.Job](c, 202, "POST", path+"/cancel", `{"reason":"wrong window"}`)
	if f.jobsInLog() != before+1 {
		t.Error("the cancel is not in the log")
	}
	f.event(contract.JobEvent{JobID: job, State: contract.JobRunning, Stopping: &contract.Stopping{Kind: contract.KindCancelled, Reason: "wrong window", By: "admin"}})
	eventually(t, "the job is being stopped", func() bool {
		j := call[api.Job](c, 200, "GET", path, "")
		return j.Stopping != nil && j.Stopping.By == "admin"
	})
	f.succeed(job, "core-1", "ok")
	f.fail(job, "core-2", contract.KindUnreachable, contract.EffectNone)
	f.end(job, contract.JobCancelled, contract.Counts{Total: 3, Succeeded: 1, Failed: 1, Cancelled: 1, NotReached: 2},
		contract.NotReachedDevice{DeviceID: "core-2", Kind: contract.KindUnreachable, Reason: "no answer"},
		contract.NotReachedDevice{DeviceID: "edge.1", Kind: contract.KindCancelled, Reason: "wrong window"})
	call[api.Job](c, 200, "GET", path+"?wait=10s", "")

	if a := c.send("POST", path+"/cancel", ""); a.Status != 202 {
		t.Errorf("cancelling a cancelled job again: %d %s", a.Status, a.Body)
	}
	second := call[api.Job](c, 202, "POST", path+"/retry", `{}`, header{api.HeaderIdemKey, "again"})
	if second.RetryOf != job || second.Spec.Targets.NotReachedOf != job || second.Spec.Targets.All || second.Spec.Commands[0] != "show version" {
		t.Errorf("the retry is %+v", second)
	}
	if again := call[api.Job](c, 202, "POST", path+"/retry", `{}`, header{api.HeaderIdemKey, "again"}); again.ID != second.ID {
		t.Errorf("the same retry made another job")
	}

	f.plan(second.ID, "core-2", "edge.1")
	f.succeed(second.ID, "core-2", "ok")
	f.succeed(second.ID, "edge.1", "ok")
	f.end(second.ID, contract.JobSucceeded, contract.Counts{Total: 2, Succeeded: 2})
	call[api.Job](c, 200, "GET", api.PathJobs+"/"+second.ID+"?wait=10s", "")
	for _, verb := range []string{"/retry", "/cancel"} {
		if a := c.send("POST", api.PathJobs+"/"+second.ID+verb, ""); a.Status != 409 || a.problem(t).Detail == "" {
			t.Errorf("%s of a job that succeeded: %d %s", verb, a.Status, a.Body)
		}
	}
}

func TestACommandCarriesTheTraceOfItsRequest(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	c := f.gateway()
	c.importDevices(inventoryYAML)
	const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	for sent, want := range map[string]string{trace: trace, "made up": "one of its own"} {
		job := call[api.Job](c, 202, "POST", api.PathJobs, showVersion, header{"traceparent", sent}).ID
		m, err := f.conn.LastFor(t.Context(), contract.StreamJobs, contract.JobCommandSubject(job))
		if err != nil {
			t.Fatal(err)
		}
		got := m.HeaderValue(contract.HeaderTraceparent)
		if sent != trace && tracing.IDOf(got) != "" && !tracing.Sampled(got) {
			got = want
		}
		if got != want || m.HeaderValue(contract.HeaderType) != contract.TypeJobSubmit {
			t.Errorf("sent with %q, the command carries %q", sent, got)
		}
	}
}
