package system

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/libs/ledger"
)

// outage is two jobs under way on 200 devices, one of commands that may not run twice, when something goes away.
type outage struct {
	*Cluster
	lab  *Lab
	jobs map[string]api.Job // by the token of their marks
}

// slots are the tasks that each of the two executors works on at once.
const slots = 12

// startOutage returns when both jobs have their first results and are far from their end.
func startOutage(t *testing.T, seed string, o Options) *outage {
	t.Logf("lab seed %s", seed)
	devices := StartLab(t, "--devices", "200", "--latency", "300ms", "--seed", seed, "--platforms", "cisco_ios,frr")
	o.Schedulers, o.Executors, o.Env = 2, 2, devices.Env
	o.ExecutorEnv = []string{fmt.Sprint("NETRUST_EXECUTOR_NORMAL_SLOTS=", slots), "NETRUST_EXECUTOR_CONNECT_TIMEOUT=5s"}
	c := Start(t, o)
	c.API.Import(t, devices.Inventory)
	run := &outage{Cluster: c, lab: devices, jobs: map[string]api.Job{}}
	for token, platform := range map[string]string{"once": "cisco_ios", "again": "frr"} {
		run.jobs[token] = c.API.Submit(t, token, markJob(token, platform, token == "again"))
	}
	Eventually(t, 30*time.Second, "first results", func() error {
		for token, job := range run.jobs {
			var now api.Job
			if err := c.API.Do("GET", api.PathJobs+"/"+job.ID, nil, nil, &now); err != nil {
				return err
			}
			if now.Counts.Succeeded < 5 {
				return fmt.Errorf("job %s: %+v", token, now.Counts)
			}
			if now.State.Ended() {
				t.Fatalf("job %s ended before anything went away: the test shows nothing", token)
			}
		}
		return nil
	})
	return run
}

// services are the processes that say whether they are ready.
func (o *outage) services() []*Process { return o.All()[1:] }

// notReady waits until every service says that it is not ready, and names the cause.
func (o *outage) notReady(t *testing.T, within time.Duration, cause string) {
	t.Helper()
	for _, p := range o.services() {
		Eventually(t, within, p.Name+" is not ready and says why", func() error {
			switch err := p.Ready(); {
			case err == nil:
				return errors.New("it says that it is ready")
			case !strings.Contains(err.Error(), " 503 ") || !strings.Contains(err.Error(), cause):
				return fmt.Errorf("the cause %q is not named: %w", cause, err)
			}
			return nil
		})
	}
}

// readsGoOn checks that what is known can still be read.
func (o *outage) readsGoOn(t *testing.T) {
	t.Helper()
	for _, path := range []string{
		api.PathJobs, api.PathDevices, api.PathJobs + "/" + o.jobs["once"].ID, api.PathJobs + "/" + o.jobs["once"].ID + "/results",
	} {
		if a := o.API.Send(t, "GET", path, nil, ""); a.Status != 200 {
			t.Errorf("GET %s during the outage: %d %s", path, a.Status, a.Body)
		}
	}
}

// submissionsAreRefused checks that nothing is promised that cannot be kept, and that the words name the cause.
func (o *outage) submissionsAreRefused(t *testing.T, cause string) {
	t.Helper()
	a := o.API.Send(t, "POST", api.PathJobs, map[string]string{api.HeaderIdemKey: "during"}, `{"targets":{"all":true},"commands":["show version"]}`)
	if p := a.Problem(t); a.Status != 503 || a.Header.Get("Retry-After") == "" || !strings.Contains(p.Detail, cause) {
		t.Errorf("a submission during the outage: %d, Retry-After %q, %s", a.Status, a.Header.Get("Retry-After"), a.Body)
	}
}

// recovers waits until all is ready again without a restart, and checks that each device has one result and got what
// may not run twice once. Of so many devices it may be uncertain what happened.
func (o *outage) recovers(t *testing.T, uncertain int) {
	t.Helper()
	for _, p := range o.services() {
		Eventually(t, 20*time.Second, p.Name+" is ready again", p.Ready)
	}
	for token, job := range o.jobs {
		job = o.API.Await(t, job.ID, 90*time.Second)
		results := o.API.Results(t, job.ID)
		unsure := job.Counts.Uncertain
		if len(results) != 100 || job.Counts.Succeeded+unsure != 100 || unsure > 0 && token == "again" || unsure > uncertain {
			t.Errorf("job %s is %s (%s) with %d results, want 100: %+v", token, job.State, job.Reason, len(results), job.Counts)
		}
		counts := o.lab.Counts(t)
		seen := map[string]bool{}
		for _, r := range results {
			marks := counts[r.DeviceID].Marks[token]
			if seen[r.DeviceID] || marks == 0 && r.State == contract.TaskSucceeded || token == "once" && marks > 1 {
				t.Errorf("job %s, %s: seen before %t, %s, attempt %d, %d times on the device, %+v", token, r.DeviceID, seen[r.DeviceID], r.State, r.Attempt, marks, r.Error)
			}
			seen[r.DeviceID] = true
		}
	}
	o.ledgerIsWhole(t)
	var jobs api.JobList
	if err := o.API.Do("GET", api.PathJobs, nil, nil, &jobs); err != nil || len(jobs.Jobs) != len(o.jobs) {
		t.Errorf("there are %d jobs (%v): what was refused during the outage must have left nothing", len(jobs.Jobs), err)
	}
}

// ledgerIsWhole reads the whole ledger: each task has one result and nothing after it, and each device is free. A batch of
// which only a part was stored would show here.
func (o *outage) ledgerIsWhole(t *testing.T) {
	t.Helper()
	finished, free := map[contract.TaskKey]int{}, map[contract.TaskKey]bool{}
	for _, stream := range o.Streams(t) {
		if stream.name != ledger.Stream {
			continue
		}
		for _, m := range stream.messages {
			e, err := ledger.Decode(m)
			switch {
			case err != nil:
				t.Errorf("a record cannot be read: %v", err)
			case e.Key.Device != nil:
				free[*e.Key.Device] = e.Deleted
			case e.Key.Task == nil:
			case finished[*e.Key.Task] > 0:
				t.Errorf("task %s has a record after its result: %+v", e.Key.Task.ID(), e.Task)
			case e.Task != nil && e.Task.State == contract.Finished:
				finished[*e.Key.Task]++
			}
		}
	}
	if len(finished) != 200 || len(free) != 200 {
		t.Errorf("the ledger has results of %d tasks and leases of %d devices, want 200", len(finished), len(free))
	}
	for device, is := range free {
		if !is {
			t.Errorf("%s is still leased", device.Device)
		}
	}
}

// away is longer than the executors' liveness (3 s) and the leader's (3 s): both have expired when NATS is back.
const away = 9 * time.Second

func TestALostNATSLosesNothing(t *testing.T) {
	t.Parallel()
	o := startOutage(t, "201", Options{})
	o.NATS.Kill()
	back := time.After(away)
	o.notReady(t, 8*time.Second, "NATS")
	o.submissionsAreRefused(t, "NATS")
	o.readsGoOn(t)
	<-back
	o.NATS.Start(t)
	o.recovers(t, 0)
}

func TestANATSThatHangsLosesNothing(t *testing.T) {
	t.Parallel()
	o := startOutage(t, "202", Options{})
	if err := o.NATS.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	back := time.After(away)
	o.notReady(t, 8*time.Second, "NATS")
	o.readsGoOn(t)
	<-back
	if err := o.NATS.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	o.recovers(t, 0)
}

// TestServicesThatHangHarmNothing stops the leading scheduler and an executor in the middle of their work, for longer than they
// are believed alive and less than an executor has its devices for itself.
func TestServicesThatHangHarmNothing(t *testing.T) {
	t.Parallel()
	o := startOutage(t, "205", Options{})
	hung := []*Process{o.Executors[0]}
	for _, s := range o.Schedulers {
		if contains(s.Log(), "this scheduler leads") == nil {
			hung = append(hung, s)
		}
	}
	if len(hung) != 2 {
		t.Fatalf("%d schedulers say that they lead", len(hung)-1)
	}
	back := time.After(away)
	for _, p := range hung {
		if err := p.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
	}
	<-back
	for _, p := range hung {
		if err := p.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
	}
	o.recovers(t, slots) // its time for a command has passed when it goes on, whatever the device has answered
}
