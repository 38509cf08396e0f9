package gateway_test

import (
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

const showVersion = `{"targets":{"all":true},"commands":["show version"],"name":"versions","labels":{"ticket":"CHG-1"}}`

func TestAJobGoesFromRequestToResults(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	c := f.gateway()
	imported := c.importDevices(inventoryYAML)
	if imported.Created != 3 || imported.Preview || len(imported.Changes) != 3 {
		t.Fatalf("the import says %+v", imported)
	}

	job := call[api.Job](c, 202, "POST", api.PathJobs, showVersion)
	if job.State != contract.JobSubmitted || job.Principal != "admin" || job.Spec.Commands[0] != "show version" {
		t.Errorf("the submission is answered by %+v", job)
	}
	f.plan(job.ID, "core-1", "core-2", "edge.1", "edge.2")
	f.claim(job.ID, "core-1")
	f.succeed(job.ID, "core-1", "Cisco IOS Software, Version 15.2\n")
	f.retry(job.ID, "core-2", "no answer on port 22")
	f.fail(job.ID, "edge.1", contract.KindRejected, contract.EffectPossible)

	path := api.PathJobs + "/" + job.ID
	eventually(t, "three records are seen", func() bool {
		job = call[api.Job](c, 200, "GET", path, "")
		return job.Counts == contract.Counts{Total: 4, Pending: 2, Succeeded: 1, Failed: 1}
	})
	if job.State != contract.JobRunning || job.PlanDigest == "" || job.InventoryRevision != 7 || job.StartedAt.IsZero() {
		t.Errorf("the running job is %+v", job)
	}
	f.end(job.ID, contract.JobCancelled, contract.Counts{Total: 4, Succeeded: 1, Failed: 1, Cancelled: 2, NotReached: 2},
		contract.NotReachedDevice{DeviceID: "core-2", Kind: contract.KindCancelled, Reason: "admin cancelled the job"},
		contract.NotReachedDevice{DeviceID: "edge.2", Kind: contract.KindCancelled, Reason: "admin cancelled the job"})

	job = call[api.Job](c, 200, "GET", path+"?wait=10s", "")
	if job.State != contract.JobCancelled || job.Counts.NotReached != 2 || job.EndedAt.IsZero() {
		t.Errorf("the ended job is %+v", job)
	}
	tasks := call[api.TaskList](c, 200, "GET", path+"/tasks?not_reached=true", "")
	if len(tasks.Tasks) != 2 || tasks.Tasks[0].DeviceID != "core-2" || tasks.Tasks[0].State != contract.TaskCancelled ||
		tasks.Tasks[1].Error.Message != "admin cancelled the job" || tasks.Tasks[1].Name != "name-of-edge.2" {
		t.Errorf("not reached: %+v", tasks)
	}
	results := call[api.ResultList](c, 200, "GET", path+"/results?state=succeeded", "")
	if len(results.Results) != 1 || !strings.Contains(results.Results[0].Outputs[0].Output, "15.2") || results.Results[0].Summary != "Version 15.2" {
		t.Errorf("results: %+v", results)
	}
	if text := c.send("GET", path+"/output/core-1", ""); string(text.Body) != "$ show version\nCisco IOS Software, Version 15.2\n" {
		t.Errorf("output: %d %q", text.Status, text.Body)
	}
	if list := call[api.JobList](c, 200, "GET", api.PathJobs+"?label=ticket=CHG-1&state=cancelled", ""); len(list.Jobs) != 1 {
		t.Errorf("listed: %+v", list)
	}
}

func TestWaitingForTheSchedulersVerdict(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	c := f.gateway()
	c.importDevices(inventoryYAML)

	answers := make(chan answer, 1)
	go func() {
		answers <- c.send("POST", api.PathJobs+"?wait=20s", showVersion, header{api.HeaderIdemKey, "k1"})
	}()
	id := contract.DeriveJobID("admin", "k1")
	eventually(t, "the job is in the log", func() bool { return f.jobsInLog() == 1 })
	f.event(contract.JobEvent{JobID: id, State: contract.JobRejected, Reason: "no executor serves lyon", Problems: []contract.Problem{
		{Field: "targets", Message: "no executor serves site lyon", Remedy: "start one"},
	}})
	select {
	case a := <-answers:
		p := a.problem(t)
		if a.Status != 422 || p.JobID != id || len(p.Errors) != 1 || p.Errors[0].Remedy != "start one" {
			t.Errorf("a rejected job is answered by %d %s", a.Status, a.Body)
		}
	case <-time.After(15 * time.Second):
		t.Fatal("the verdict does not end the wait")
	}
}
