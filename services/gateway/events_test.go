package gateway_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

func TestEventsGoOnAtAnotherGateway(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	a, b := f.gateway(), f.gateway()
	a.importDevices(inventoryYAML)
	job := call[api.Job](a, 202, "POST", api.PathJobs, showVersion).ID

	first := a.follow(job, "")
	first.until("the submitted job", func(e event) bool { return e.Kind == api.EventJob && e.ID != "" })
	f.plan(job, "d1", "d2", "d3", "d4")
	f.claim(job, "d1")
	f.succeed(job, "d1", "one")
	// The two streams are followed apart: the result may be seen before the plan, and then comes again with it.
	seen := first.until("the first result of the plan", func(e event) bool {
		return e.Kind == api.EventJob && e.ID != "" && e.job(t).Counts.Succeeded == 1 && e.job(t).State == contract.JobRunning
	})
	id := lastID(seen)
	first.stop()

	// While nobody listens: one more ends, one begins, the job ends.
	f.succeed(job, "d2", "two")
	f.claim(job, "d3")
	f.fail(job, "d3", contract.KindTimeout, contract.EffectPossible)
	f.end(job, contract.JobFailed, contract.Counts{Total: 4, Succeeded: 2, Failed: 1, Cancelled: 1, NotReached: 1},
		contract.NotReachedDevice{DeviceID: "d4", Kind: contract.KindDeadline, Reason: "the deadline passed"})

	rest := b.follow(job, id).until("the end", func(e event) bool { return e.Kind == api.EventEnd })
	got := map[string]contract.TaskState{}
	for _, e := range rest {
		if e.Kind == api.EventTask {
			task := e.task(t)
			got[task.DeviceID] = task.State
		}
	}
	want := map[string]contract.TaskState{"d2": contract.TaskSucceeded, "d3": contract.TaskFailed, "d4": contract.TaskCancelled}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("after the break came %v, want %v (not d1 again)", got, want)
	}
	if end := rest[len(rest)-1].job(t); end.State != contract.JobFailed || end.Counts.Succeeded != 2 {
		t.Errorf("the end is %+v", end)
	}
	// Who comes back after the end is told of the end and of nothing else.
	again := a.follow(job, lastID(rest)).until("the end", func(e event) bool { return e.Kind == api.EventEnd })
	if len(again) != 1 {
		t.Errorf("after the end came %v", kinds(again))
	}
}

func TestEveryTaskComesWhereverAStreamBreaks(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	c := f.gateway()
	c.importDevices(inventoryYAML)
	job := call[api.Job](c, 202, "POST", api.PathJobs, showVersion).ID
	var devices []string
	for i := range 450 { // more than two pages of a stream
		devices = append(devices, fmt.Sprintf("d%03d", i))
	}
	f.plan(job, devices...)
	for i, d := range devices {
		if i < 430 {
			f.succeed(job, d, "ok")
		}
	}
	var abandoned []contract.NotReachedDevice
	for _, d := range devices[430:] {
		abandoned = append(abandoned, contract.NotReachedDevice{DeviceID: d, Kind: contract.KindBreaker, Reason: "too many failures"})
	}
	f.end(job, contract.JobFailed, contract.Counts{Total: 450, Succeeded: 430, Cancelled: 20, NotReached: 20}, abandoned...)
	call[api.Job](c, 200, "GET", api.PathJobs+"/"+job+"?wait=20s", "")

	whole := c.follow(job, "").until("the end", func(e event) bool { return e.Kind == api.EventEnd })
	for cut := 0; cut < len(whole); cut += 37 {
		states := map[string]contract.TaskState{}
		note := func(all []event) {
			for _, e := range all {
				if e.Kind == api.EventTask {
					states[e.task(t).DeviceID] = e.task(t).State
				}
			}
		}
		note(whole[:cut])
		note(c.follow(job, lastID(whole[:cut])).until("the end", func(e event) bool { return e.Kind == api.EventEnd }))
		for i, d := range devices {
			want := contract.TaskSucceeded
			if i >= 430 {
				want = contract.TaskCancelled
			}
			if states[d] != want {
				t.Fatalf("cut after %d events (%s): %s is %q, want %s", cut, strings.Join(kinds(whole[max(0, cut-1):cut]), ""), d, states[d], want)
			}
		}
	}
}
