package gateway_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

// live follows one device's output until the stream ends.
func (c *client) live(job, device, lastID string) <-chan event {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 30*time.Second)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+api.PathJobs+"/"+job+"/output/"+device+"/live", nil)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Last-Event-ID", lastID)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	if resp.StatusCode != 200 {
		c.t.Fatalf("following: %d", resp.StatusCode)
	}
	events := make(chan event, 1000)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(events)
		defer resp.Body.Close()
		read(bufio.NewReader(resp.Body), events)
	}()
	c.t.Cleanup(func() { cancel(); <-done })
	return events
}

func (f *fleet) printed(job, device, text string) {
	f.t.Helper()
	f.put(contract.LiveOutputSubject(job, device), contract.TypeLiveOutput, contract.LiveOutput{
		JobID: job, DeviceID: device, Attempt: 1, Command: "show clock", Text: text, At: time.Now().UTC(),
	})
}

func nextOutput(t *testing.T, events <-chan event) (id string, o api.LiveOutput) {
	t.Helper()
	select {
	case e := <-events:
		if e.Kind != api.EventOutput || json.Unmarshal([]byte(e.Data), &o) != nil {
			t.Fatalf("the event is %+v", e)
		}
		return e.ID, o
	case <-time.After(20 * time.Second):
		t.Fatal("no event comes")
		return "", o
	}
}

func TestLiveOutputIsStreamedWhileSomebodyFollows(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	c := f.gateway()
	c.importDevices(inventoryYAML)
	job := call[api.Job](c, 202, "POST", api.PathJobs, showVersion).ID
	f.plan(job, "core-1", "core-2")
	eventually(t, "the task is known", func() bool { return c.send("GET", "/v1/jobs/"+job+"/results/core-1", "").Status == 200 })
	events := c.live(job, "core-1", "")
	key := bus.KVSubject(contract.BucketFollow, contract.FollowKey(job, "core-1"))
	eventually(t, "executors are told", func() bool {
		_, err := f.conn.LastFor(t.Context(), bus.KVStream(contract.BucketFollow), key)
		return err == nil
	})
	f.printed(job, "core-2", "another's\n")
	f.printed(job, "core-1", "one\n")
	first, o := nextOutput(t, events)
	if o.Text != "one\n" || o.Command != "show clock" || o.Attempt != 1 {
		t.Errorf("the first is %+v", o)
	}
	f.printed(job, "core-1", "two\n")
	if _, o := nextOutput(t, events); o.Text != "two\n" {
		t.Errorf("the second is %+v", o)
	}
	if _, o := nextOutput(t, c.live(job, "core-1", first)); o.Text != "two\n" { // resumed
		t.Errorf("after the first comes %+v", o)
	}
	f.succeed(job, "core-1", "ok")
	f.printed(job, "core-1", "three\n") // by another way than the result, and so perhaps later
	if _, o := nextOutput(t, events); o.Text != "three\n" {
		t.Errorf("the last is %+v", o)
	}
	end := <-events
	if task := end.task(t); end.Kind != api.EventEnd || task.DeviceID != "core-1" || task.State != contract.TaskSucceeded {
		t.Errorf("the end is %+v", end)
	}
	if _, more := <-events; more {
		t.Error("the stream goes on")
	}
	for path, want := range map[string]int{"/v1/jobs/" + job + "/output/nosuch/live": 404, "/v1/jobs/nosuch/output/core-1/live": 404} {
		if a := c.send("GET", path, ""); a.Status != want {
			t.Errorf("%s: %d %s", path, a.Status, a.Body)
		}
	}
	if a := c.send("GET", "/v1/jobs/"+job+"/output/core-1/live", "", header{"Last-Event-ID", "x"}); a.Status != 422 || !strings.Contains(string(a.Body), "Last-Event-ID") {
		t.Errorf("a wrong id: %d %s", a.Status, a.Body)
	}
}
