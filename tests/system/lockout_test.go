package system

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/lab"
	"github.com/netrust/netrust/lab/fault"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

// Accounts asks the server of accounts that all devices ask.
func (l *Lab) Accounts(t testing.TB) lab.Accounts {
	t.Helper()
	var out lab.Accounts
	l.get(t, "/accounts", &out)
	return out
}

// TestAWrongPasswordNeverLocksTheAccount: the lab's server of accounts locks an account after three bad logins anywhere. Jobs
// with a wrong password on 500 devices, one after the other and at the same time, while executor and scheduler are killed
// and the job is retried, never make the third.
func TestAWrongPasswordNeverLocksTheAccount(t *testing.T) {
	t.Parallel()
	devices := StartLab(t, "--devices", "500", "--seed", "11", "--platforms", "cisco_ios,frr", "--sites", "3", "--lock-after", "3", "--login-delay", "60ms")
	c := Start(t, Options{Schedulers: 2, Executors: 3, Env: append(slices.Clone(devices.Env), "NETRUST_CREDENTIAL_LAB_PASSWORD=not-the-password")})
	c.API.Import(t, devices.Inventory)
	show := contract.JobSpec{Kind: contract.JobKindCommand, Targets: contract.TargetSelector{All: true}, Commands: []string{"show version"},
		Limits: contract.Limits{Parallel: 500}}
	urgent := show
	urgent.Priority = contract.PriorityUrgent

	account := func() lab.Account { return devices.Accounts(t).Accounts[devices.Credential("USERNAME")] }
	check := func(when string) {
		t.Helper()
		if a := account(); a.Locked || a.InARow > 2 {
			t.Fatalf("%s the account is %+v: the third bad login locks it", when, a)
		}
		if n := devices.Accounts(t).AtOnce; n > 1 {
			t.Errorf("%s %d bad logins were under way at once; want one at a time", when, n)
		}
	}
	refused := func(j api.Job, most int) {
		t.Helper()
		job := c.API.Await(t, j.ID, time.Minute)
		if job.State != contract.JobFailed || job.Counts.NotReached != 500 || job.Counts.Failed > most || !strings.Contains(job.Reason, "authentication domain") {
			t.Errorf("the job %s with %+v: %s", job.State, job.Counts, job.Reason)
		}
	}
	first := c.API.Submit(t, "first", show)
	second := c.API.Submit(t, "second", urgent)
	refused(first, 2)
	refused(second, 2)
	check("after two jobs at once")

	for _, p := range append(slices.Clone(c.Schedulers), c.Executors...) {
		p.Kill()
		p.Start(t)
	}
	retry := func(id, body string) (again api.Job) {
		t.Helper()
		if err := c.API.Do("POST", api.PathJobs+"/"+id+"/retry?wait=5s", map[string]string{api.HeaderIdemKey: t.Name() + id + body}, []byte(body), &again); err != nil {
			t.Fatal(err)
		}
		return again
	}
	refused(retry(first.ID, "{}"), 0)
	check("after a retry, with new schedulers and executors,")

	// The password is corrected, and whoever has done so says that one more login may be refused.
	for _, p := range c.Executors {
		p.Kill()
		p.env = append(p.env, "NETRUST_CREDENTIAL_LAB_PASSWORD="+devices.Credential("PASSWORD"))
		p.Start(t)
	}
	again := retry(first.ID, `{"auth_failures": 3}`)
	if job := c.API.Await(t, again.ID, 2*time.Minute); job.State != contract.JobSucceeded || job.Counts.Succeeded != 500 {
		t.Errorf("with the right password the retry %s with %+v: %s", job.State, job.Counts, job.Reason)
	}
	if a := account(); a.Locked || a.InARow != 0 || a.Refused != 2 {
		t.Errorf("in the end the account is %+v; want two logins refused and none since", a)
	}
	t.Run("waves", func(t *testing.T) { wavesOnDevices(t, c, devices) })
}

// wavesOnDevices: a job whose second wave fails touches no device of the third, and its retry runs just those.
func wavesOnDevices(t *testing.T, c *Cluster, devices *Lab) {
	spec := quick(devs(1, 24, 1), "show mark waves")
	spec.Rollout = contract.Rollout{
		Canary: contract.Canary{IDs: []string{dev(24)}}, Batches: []contract.Batch{{Count: 3}, {Percent: 50}}, PauseMS: 300,
		FailureThreshold: contract.Threshold{Count: 3}, // all of the wave: with two, the third may be stopped before it begins
	}
	for _, id := range devs(1, 3, 1) {
		devices.Fault(t, id, fault.Set{Invalid: []string{"show mark waves"}})
	}
	job := c.API.Await(t, c.API.Submit(t, t.Name(), spec).ID, time.Minute)
	if job.State != contract.JobFailed || !strings.Contains(job.Reason, "failure threshold (3)") || job.Counts.NotReached != 20 {
		t.Errorf("the job %s, %q, with %+v", job.State, job.Reason, job.Counts)
	}
	var waves []string
	for _, w := range job.Waves {
		waves = append(waves, fmt.Sprintf("%s %d/%d", w.Name, w.Counts.Succeeded+w.Counts.Failed, w.Counts.Total))
	}
	if got := strings.Join(waves, ", "); got != "canary 1/1, batch 1 3/3, batch 2 0/12, batch 3 0/8" {
		t.Errorf("the waves are %s", got)
	}
	for _, id := range devs(4, 23, 1) {
		if n := devices.Commands(t, id).Total["show mark waves"]; n > 0 {
			t.Errorf("%s of a later wave got the command", id)
		}
	}
	var again api.Job
	if err := c.API.Do("POST", api.PathJobs+"/"+job.ID+"/retry?wait=5s", nil, []byte("{}"), &again); err != nil {
		t.Fatal(err)
	}
	if again = c.API.Await(t, again.ID, time.Minute); again.State != contract.JobSucceeded || again.Counts.Succeeded != 20 {
		t.Errorf("the retry %s with %+v: %s", again.State, again.Counts, again.Reason)
	}
	bad := spec
	bad.Rollout.Batches = []contract.Batch{{Percent: 100}, {Count: 1}}
	a := c.API.Send(t, "POST", api.PathJobs, nil, text(t, bad))
	if p := a.Problem(t); a.Status != 422 || len(p.Errors) != 1 || p.Errors[0].Field != "rollout.batches[1]" || p.Errors[0].Remedy == "" {
		t.Errorf("a wave that can never be reached is answered %d %s", a.Status, a.Body)
	}
}

func text(t testing.TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
