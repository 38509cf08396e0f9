package gateway_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/bus/bustest"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/services/gateway"
)

// runJobs writes jobs that go in several ways, while gateways follow, and returns their ids.
func (f *fleet) runJobs(c *client, n int) (ids []string) {
	for i := range n {
		id := call[api.Job](c, 202, "POST", api.PathJobs, showVersion).ID
		ids = append(ids, id)
		f.plan(id, "d1", "d2", "d3")
		f.claim(id, "d1")
		f.retry(id, "d1", "busy")
		f.claim(id, "d1")
		f.succeed(id, "d1", "output of d1 in "+id)
		f.retry(id, "d3", "no answer")
		if i%3 == 2 {
			continue // it still runs
		}
		f.fail(id, "d2", contract.KindUnreachable, contract.EffectNone)
		f.end(id, contract.JobFailed, contract.Counts{Total: 3, Succeeded: 1, Failed: 1, Cancelled: 1, NotReached: 2},
			contract.NotReachedDevice{DeviceID: "d2", Kind: contract.KindUnreachable, Reason: "no answer"},
			contract.NotReachedDevice{DeviceID: "d3", Kind: contract.KindDeadline, Reason: "the deadline passed"})
	}
	return ids
}

// shows is everything that a gateway says about the jobs.
func (c *client) shows(ids []string) string {
	c.t.Helper()
	var b strings.Builder
	b.Write(c.send("GET", api.PathJobs, "").Body)
	for _, id := range ids {
		for _, path := range []string{"", "/tasks", "/results", "/output/d1"} {
			b.Write(c.send("GET", api.PathJobs+"/"+id+path, "").Body)
		}
	}
	return b.String()
}

// caughtUp waits until a gateway shows the end of what runJobs wrote.
func (c *client) caughtUp(ids []string) {
	c.t.Helper()
	eventually(c.t, "the gateway has seen all", func() bool {
		for i, id := range ids {
			j := call[api.Job](c, 200, "GET", api.PathJobs+"/"+id, "")
			if i%3 == 2 && j.Counts.Succeeded != 1 || i%3 != 2 && !j.State.Ended() {
				return false
			}
			if i%3 != 2 {
				continue
			}
			if tasks := call[api.TaskList](c, 200, "GET", api.PathJobs+"/"+id+"/tasks", ""); tasks.Tasks[2].Waiting == "" {
				return false
			}
		}
		return true
	})
}

func TestAViewIsFoldedAgainFromTheLog(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	c := f.gateway()
	c.importDevices(inventoryYAML)
	ids := f.runJobs(c, 7)
	c.caughtUp(ids)
	want := c.shows(ids)
	c.stop()

	restarted := f.gatewayIn(c.dir)
	if got := restarted.shows(ids); got != want {
		t.Errorf("after a restart it shows\n%s\nbefore\n%s", got, want)
	}
	restarted.stop()
	if err := os.WriteFile(filepath.Join(c.dir, "view.db"), []byte("not a database at all, but long enough to look at"), 0o600); err != nil {
		t.Fatal(err)
	}
	damaged := f.gatewayIn(c.dir)
	damaged.caughtUp(ids)
	if got := damaged.shows(ids); got != want {
		t.Errorf("folded again after damage it shows\n%s\nbefore\n%s", got, want)
	}
	fresh := f.gateway()
	fresh.caughtUp(ids)
	if got := fresh.shows(ids); got != want {
		t.Errorf("folded from the start it shows\n%s\nbefore\n%s", got, want)
	}
}

func TestAJobKeepsItsCountsWhenItsRecordsArePurged(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	c := f.gateway()
	c.importDevices(inventoryYAML)
	id := f.runJobs(c, 1)[0]
	c.caughtUp([]string{id})
	filter := bus.KVSubject(contract.BucketExec, contract.JobTaskRecords(id))
	if err := f.conn.PurgeSubject(t.Context(), bus.KVStream(contract.BucketExec), filter); err != nil {
		t.Fatal(err)
	}
	late := f.gateway()
	j := call[api.Job](late, 200, "GET", api.PathJobs+"/"+id+"?wait=10s", "")
	if j.State != contract.JobFailed || j.Counts.Succeeded != 1 || j.Counts.Total != 3 {
		t.Errorf("a job whose records are gone is %+v", j)
	}
	tasks := call[api.TaskList](late, 200, "GET", api.PathJobs+"/"+id+"/tasks", "")
	for _, task := range tasks.Tasks {
		if !task.State.Ended() {
			t.Errorf("a job that has ended shows a task that is %s", task.State)
		}
	}
	if len(tasks.Tasks) != 2 || !tasks.Tasks[0].NotReached || !tasks.Tasks[1].NotReached {
		t.Errorf("what is known without records is who was not reached: %+v", tasks.Tasks)
	}
}

func TestAJobOlderThanTheLogIsKnownByItsSummary(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	sum := contract.JobSummary{JobID: "old", Principal: "anna", State: contract.JobSucceeded, Spec: contract.JobSpec{Name: "long ago", Commands: []string{"show clock"}},
		Submitted: f.at.Add(-1000 * time.Hour), Ended: f.at.Add(-999 * time.Hour), Counts: contract.Counts{Total: 5, Succeeded: 5}}
	f.publish(bus.Message{Subject: bus.KVSubject(contract.BucketJobs, contract.JobSummaryKey("old")), Data: mustJSON(t, sum)})
	f.publish(bus.Message{Subject: bus.KVSubject(contract.BucketJobs, contract.SchedulerLeaderKey), Data: []byte(`{"incarnation":"x"}`)})
	c := f.gateway()
	eventually(t, "the old job is listed", func() bool {
		list := call[api.JobList](c, 200, "GET", api.PathJobs+"?principal=anna", "").Jobs
		return len(list) == 1 && list[0].Counts.Succeeded == 5 && list[0].Name == "long ago" && list[0].State == contract.JobSucceeded
	})
}

func TestOnlyOneGatewayWorksInADirectory(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	c := f.gateway()
	cfg := gateway.Default()
	cfg.Listen, cfg.DataDir = "127.0.0.1:0", c.dir
	g, err := gateway.New(bustest.Connect(t, f.server), cfg, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second gateway in the directory ends with %v", err)
	}
}

func TestOneOfManyGatewaysMakesTheAdminToken(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	const gateways = 5
	secrets := make(chan string, gateways)
	f.admin = "to be made" // the harness must not wait for each one's secret
	for i := range gateways {
		cfg := gateway.Default()
		cfg.Listen, cfg.DataDir, cfg.ShowAdminToken = "127.0.0.1:0", t.TempDir(), func(s string) { secrets <- s }
		g, err := gateway.New(bustest.Connect(t, f.server), cfg, zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- g.Run(t.Context()) }()
		t.Cleanup(func() {
			if err := <-done; err != nil && !errors.Is(err, t.Context().Err()) {
				t.Errorf("gateway %d: %v", i, err)
			}
		})
	}
	secret := <-secrets
	c := f.gateway().as(secret)
	var list struct{ Tokens []contract.Token }
	eventually(t, "the token works", func() bool { return c.send("GET", api.PathTokens, "").Status == 200 })
	list = call[struct{ Tokens []contract.Token }](c, 200, "GET", api.PathTokens, "")
	if len(list.Tokens) != 1 || list.Tokens[0].Name != "admin" || list.Tokens[0].Role != contract.RoleAdmin {
		t.Errorf("the tokens are %+v", list.Tokens)
	}
	if len(secrets) != 0 {
		t.Errorf("a second secret was shown")
	}
}

func TestPagesHoldEverythingOnce(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	c := f.gateway()
	var file strings.Builder
	file.WriteString("defaults: {credential: 'env:LAB', site: paris, platform: frr}\ndevices:\n")
	for i := range 57 {
		fmt.Fprintf(&file, "  - {id: d%02d, address: 192.0.2.%d, tags: [%s]}\n", i, i+1, []string{"even", "odd"}[i%2])
	}
	c.importDevices(file.String())
	var ids []string
	for next := ""; ; {
		page := call[api.DeviceList](c, 200, "GET", api.PathDevices+"?limit=10&tag=even&tag=site:paris&cursor="+next, "")
		for _, d := range page.Devices {
			ids = append(ids, d.ID)
		}
		if next = page.Next; next == "" {
			break
		}
	}
	if len(ids) != 29 || ids[0] != "d00" || ids[28] != "d56" {
		t.Errorf("the pages of devices hold %v", ids)
	}

	jobs := map[string]bool{}
	for range 23 {
		jobs[call[api.Job](c, 202, "POST", api.PathJobs, `{"targets":{"tags":["odd"]},"commands":["show version"]}`).ID] = true
	}
	eventually(t, "all jobs are listed", func() bool { return len(call[api.JobList](c, 200, "GET", api.PathJobs, "").Jobs) == 23 })
	last := time.Now().Add(time.Hour)
	for next := ""; ; {
		page := call[api.JobList](c, 200, "GET", api.PathJobs+"?limit=5&cursor="+next, "")
		for _, j := range page.Jobs {
			if !jobs[j.ID] || j.SubmittedAt.After(last) {
				t.Errorf("job %s comes twice, or out of order", j.ID)
			}
			delete(jobs, j.ID)
			last = j.SubmittedAt
		}
		if next = page.Next; next == "" {
			break
		}
	}
	if len(jobs) != 0 {
		t.Errorf("the pages of jobs leave out %v", jobs)
	}
}

func TestLargeOutputsComeFromTheObjectStore(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	c := f.gateway()
	c.importDevices(inventoryYAML)
	job := call[api.Job](c, 202, "POST", api.PathJobs, showVersion).ID
	f.plan(job, "core-1")
	big := strings.Repeat("interface Ethernet1\n description \"a <line>\"\n", 20000)
	outputs := []contract.CommandOutput{{Command: "show running-config", Output: big}, {Command: "show clock", Output: "12:00", Truncated: true}}
	ref := f.object(outputs)
	f.record(contract.TaskRecord{State: contract.Finished, JobID: job, DeviceID: "core-1", Result: &contract.Result{
		State: contract.TaskSucceeded, StartedAt: f.tick(), FinishedAt: f.tick(), OutputObject: ref, OutputTruncated: true, Summary: "interface Ethernet1",
	}})
	f.end(job, contract.JobSucceeded, contract.Counts{Total: 1, Succeeded: 1})
	path := api.PathJobs + "/" + job
	call[api.Job](c, 200, "GET", path+"?wait=10s", "")

	r := call[api.Result](c, 200, "GET", path+"/results/core-1", "")
	if r.OutputURL != path+"/output/core-1" || r.OutputBytes != ref.Size || len(r.Outputs) != 0 || !r.OutputTruncated {
		t.Errorf("the result is %+v", r)
	}
	text := c.send("GET", r.OutputURL, "")
	want := "$ show running-config\n" + big + "\n$ show clock\n12:00\n(the rest was longer than the limit and is not kept)\n"
	if text.Status != 200 || string(text.Body) != want {
		t.Errorf("the text has %d bytes, want %d", len(text.Body), len(want))
	}
	list := call[[]contract.CommandOutput](c, 200, "GET", r.OutputURL, "", header{"Accept", "application/json"})
	if len(list) != 2 || list[0].Output != big || !list[1].Truncated {
		t.Errorf("the list has %d entries", len(list))
	}
}

func TestAStreamMadeAnewEmptiesTheView(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	c := f.gateway()
	c.importDevices(inventoryYAML)
	ids := f.runJobs(c, 4)
	c.caughtUp(ids)
	for _, stream := range []string{contract.StreamJobs, bus.KVStream(contract.BucketExec)} {
		if err := f.conn.JetStream().DeleteStream(t.Context(), stream); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.conn.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the old jobs are gone", func() bool { return len(call[api.JobList](c, 200, "GET", api.PathJobs, "").Jobs) == 0 })
	ids = f.runJobs(c, 2)
	c.caughtUp(ids)
	eventually(t, "the gateway is ready", func() bool { return c.send("GET", api.PathReady, "").Status == 200 })
}
