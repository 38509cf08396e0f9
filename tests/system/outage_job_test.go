package system

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/lab/fault"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

// breaker: a wrong password on 300 devices meets two of them, and no account is locked out.
func (n *network) breaker(t *testing.T) {
	ids := devs(rightUntil+1, wrongUntil, 1)
	spec := quick(ids, "show version")
	spec.Limits.Parallel = 200
	job, results := n.run(t, spec)
	refused, touched := 0, 0
	counts := n.lab.Counts(t)
	for _, id := range ids {
		refused += counts[id].LoginsFailed
		touched += min(counts[id].Connections, 1)
	}
	if refused == 0 || refused > 2 || touched > 2 {
		t.Errorf("%d logins were refused on %d devices; 2 is the limit", refused, touched)
	}
	if job.State != contract.JobFailed ||
		!strings.Contains(job.Reason, "authentication domain") || job.Counts.NotReached != len(ids) {
		t.Errorf("the job %s, %q, %+v", job.State, job.Reason, job.Counts)
	}
	kinds := map[contract.ErrorKind]int{}
	for _, r := range results {
		if r.Error != nil && r.NotReached {
			kinds[r.Error.Kind]++
		}
	}
	if kinds[contract.KindAuthentication] != refused || kinds[contract.KindBreaker] != len(ids)-refused {
		t.Errorf("devices not reached, by kind: %v", kinds)
	}
}

// submit submits a job and waits until so many of its devices have got the first command.
func (n *network) submit(t *testing.T, spec contract.JobSpec, begun int) api.Job {
	t.Helper()
	job := n.API.Submit(t, t.Name(), spec)
	Eventually(t, 20*time.Second, "devices are at work", func() error {
		at := 0
		for _, id := range spec.Targets.IDs {
			at += n.lab.Commands(t, id).Total[spec.Commands[0]]
		}
		if at < begun {
			return fmt.Errorf("%d of %d", at, begun)
		}
		return nil
	})
	return job
}

func (n *network) cancel(t *testing.T, job api.Job) api.Job {
	t.Helper()
	if a := n.API.Send(t, "POST", api.PathJobs+"/"+job.ID+"/cancel", nil, `{"reason":"enough"}`); a.Status != http.StatusAccepted {
		t.Fatalf("the cancel is answered %d %s", a.Status, a.Body)
	}
	return n.API.Await(t, job.ID, 20*time.Second)
}

// cancelReading: tasks that only read are cut off at once, queued ones never begin.
func (n *network) cancelReading(t *testing.T) {
	const show = "show mark endless"
	ids := devs(41, 52, 1)
	for _, id := range ids {
		n.lab.Fault(t, id, fault.Set{Hang: []string{show}})
	}
	spec := quick(ids, show)
	// No login is known to have succeeded until a task ends: more failures allowed let more of them begin.
	spec.Limits = contract.Limits{Parallel: 4, CommandTimeoutMS: 30_000, DeviceTimeoutMS: 30_000, AuthFailures: 10}
	job := n.submit(t, spec, 4)
	began := time.Now()
	job = n.cancel(t, job)
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("the cancel took %s", took)
	}
	if job.State != contract.JobCancelled || job.Counts.Cancelled != len(ids) || job.Counts.NotReached != len(ids) || !strings.Contains(job.Reason, "enough") {
		t.Errorf("the job is %s, %q, %+v", job.State, job.Reason, job.Counts)
	}
	begun := 0
	for _, id := range ids {
		begun += n.lab.Commands(t, id).Total[show]
	}
	if begun != 4 {
		t.Errorf("%d devices got the command, 4 were at work when the job was cancelled", begun)
	}
}

// cancelChanging: a task that may change its device ends the command in hand, and begins no other.
func (n *network) cancelChanging(t *testing.T) {
	ids := devs(54, 64, 2)
	for _, id := range ids {
		n.lab.Fault(t, id, fault.Set{CommandDelayMS: 900})
	}
	spec := quick(ids, "test mark first", "test mark second")
	spec.Limits = contract.Limits{Parallel: 3, CommandTimeoutMS: 5000, DeviceTimeoutMS: 20_000, AuthFailures: 10}
	job := n.cancel(t, n.submit(t, spec, 3))
	if job.State != contract.JobCancelled || job.Counts.Cancelled != len(ids) {
		t.Errorf("the job is %s, %+v", job.State, job.Counts)
	}
	results, counts := n.results(t, job.ID), n.lab.Counts(t)
	worked := 0
	for _, id := range ids {
		marks, r := counts[id].Marks, results[id]
		if marks["second"] != 0 {
			t.Errorf("%s got another command after the cancel", id)
		}
		if marks["first"] == 0 {
			continue
		}
		worked++
		if r.State != contract.TaskCancelled || r.NotReached || r.Error == nil || r.Error.Effect != contract.EffectPossible ||
			!strings.Contains(r.Error.Message, "1 of 2") || len(r.Outputs) != 1 || !strings.Contains(r.Outputs[0].Output, "seen 1") {
			t.Errorf("%s was in the middle of it: %s, not reached %t, %+v, %+v", id, r.State, r.NotReached, r.Error, r.Outputs)
		}
	}
	if worked != 3 || job.Counts.NotReached != len(ids)-worked {
		t.Errorf("%d devices were at work, %d are not reached; want 3 of each", worked, job.Counts.NotReached)
	}
}

// deadline: a job ends when its time is over, whatever its devices do.
func (n *network) deadline(t *testing.T) {
	ids := devs(53, 63, 2)
	for _, id := range ids {
		n.lab.Fault(t, id, fault.Set{Hang: []string{"show mark late"}})
	}
	spec := quick(ids, "show mark late")
	spec.Limits = contract.Limits{Parallel: 1, CommandTimeoutMS: 1000, DeviceTimeoutMS: 2000, DeadlineMS: 2500}
	spec.Retry.Attempts = 1
	began := time.Now()
	job, results := n.run(t, spec)
	if took := time.Since(began); took < 2*time.Second || took > 8*time.Second {
		t.Errorf("it took %s", took)
	}
	if job.State != contract.JobFailed || !strings.Contains(job.Reason, "deadline") {
		t.Errorf("the job is %s, %q", job.State, job.Reason)
	}
	late := 0
	for _, r := range results {
		if r.NotReached && r.Error != nil && r.Error.Kind == contract.KindDeadline {
			late++
		}
	}
	if late < 3 {
		t.Errorf("%d devices were not reached before the deadline; of 6 only 2 or 3 have time", late)
	}
}

// urgent: an urgent job does not wait for a long one, nor does one of high priority for one of low.
func (n *network) urgent(t *testing.T) {
	slow, fast, high := devs(66, 84, 2), devs(65, 73, 2), devs(75, 79, 2)
	for _, id := range slow {
		n.lab.Fault(t, id, fault.Set{CommandDelayMS: 700})
	}
	long := quick(slow, "show mark long")
	long.Name, long.Priority, long.Limits.Parallel = "long", contract.PriorityLow, 2
	job := n.submit(t, long, 2)
	for _, spec := range []contract.JobSpec{
		{Name: "urgent", Targets: contract.TargetSelector{IDs: fast}, Commands: []string{"show version"}, Priority: contract.PriorityUrgent},
		{Name: "high", Targets: contract.TargetSelector{IDs: high}, Commands: []string{"show version"}, Priority: contract.PriorityHigh},
	} {
		began := time.Now()
		if j, _ := n.run(t, spec); j.State != contract.JobSucceeded {
			t.Errorf("the %s job: %s, %+v", spec.Name, j.State, j.Counts)
		}
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("the %s job took %s", spec.Name, took)
		}
	}
	var now api.Job
	if err := n.API.Do("GET", api.PathJobs+"/"+job.ID, nil, nil, &now); err != nil || now.State.Ended() {
		t.Errorf("the long job had ended before: %v, %s", err, now.State)
	}
	if now = n.API.Await(t, job.ID, 30*time.Second); now.State != contract.JobSucceeded {
		t.Errorf("the long job: %s, %+v", now.State, now.Counts)
	}
}

// largeOutputs: what is over 256 KiB goes by the object store and is read by /output; over the executor's bound it is cut.
func (n *network) largeOutputs(t *testing.T) {
	const kept, cut = 93, 95
	n.lab.Fault(t, dev(kept), fault.Set{Huge: map[string]int{"show logging": 600 << 10}})
	n.lab.Fault(t, dev(cut), fault.Set{Huge: map[string]int{"show logging": 3 << 20}})
	spec := quick([]string{dev(kept), dev(cut)}, "show clock", "show logging")
	spec.Limits.CommandTimeoutMS, spec.Limits.DeviceTimeoutMS = 10_000, 20_000
	job, results := n.run(t, spec)
	if job.State != contract.JobSucceeded {
		t.Fatalf("the job is %s, %+v", job.State, job.Counts)
	}
	for id, want := range map[string][2]int{dev(kept): {600 << 10, 700 << 10}, dev(cut): {900 << 10, 1100 << 10}} {
		r := results[id]
		if len(r.Outputs) != 0 || r.OutputURL == "" || r.OutputBytes < 256<<10 {
			t.Errorf("%s: the result holds %d outputs, url %q, %d bytes", id, len(r.Outputs), r.OutputURL, r.OutputBytes)
			continue
		}
		if r.OutputTruncated != (id == dev(cut)) {
			t.Errorf("%s: beside the reference, the result says that it was cut: %t", id, r.OutputTruncated)
		}
		a := n.API.Send(t, "GET", r.OutputURL, map[string]string{"Accept": "text/plain"}, "")
		if a.Status != 200 || len(a.Body) < want[0] || len(a.Body) > want[1] || !strings.HasPrefix(string(a.Body), "$ show clock\n") {
			t.Errorf("%s: its output is answered %d with %d bytes, want %d to %d", id, a.Status, len(a.Body), want[0], want[1])
		}
		if says := strings.Contains(string(a.Body), "is not kept"); says != (id == dev(cut)) {
			t.Errorf("%s: its output says that it was cut: %t", id, says)
		}
	}
	objects := 0
	for _, s := range n.Streams(t) {
		for _, m := range s.messages {
			if s.name == "KV_exec" && len(m.Data) > contract.MaxInline+4096 {
				t.Errorf("a ledger record of %d bytes: %s", len(m.Data), m.Subject)
			}
			if s.name == "OBJ_"+contract.ObjectsResults {
				objects += len(m.Data)
			}
		}
	}
	if objects < 1<<20 {
		t.Errorf("the object store holds %d bytes", objects)
	}
}

// noCredential: a device whose credential no executor has is not touched, and the result says what is missing.
func (n *network) noCredential(t *testing.T) {
	n.API.Import(t, []byte("devices:\n  - {id: stranger, platform: frr, address: 127.18.0.99, port: 1, site: lab, credential: 'env:ABSENT'}\n"))
	job, results := n.run(t, quick([]string{"stranger"}, "show version"))
	r := results["stranger"]
	if job.State != contract.JobFailed || r.Error == nil || r.Error.Kind != contract.KindCredential || r.Attempt != 1 ||
		!strings.Contains(r.Error.Message, "NETRUST_CREDENTIAL_ABSENT") || !strings.Contains(r.Error.Remedy, "executor") {
		t.Errorf("the job is %s, the device %+v", job.State, r)
	}
}

// shortTime: a job may give its devices less time than a login may take.
func (n *network) shortTime(t *testing.T) {
	spec := quick(devs(patientFrom, rightUntil, 1), "show version")
	spec.Limits.DeviceTimeoutMS, spec.Limits.CommandTimeoutMS = 1800, 1800
	if job, _ := n.run(t, spec); job.State != contract.JobSucceeded {
		t.Errorf("the job is %s, %s: %+v", job.State, job.Reason, job.Counts)
	}
}
