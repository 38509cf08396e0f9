package gateway_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract/api"
)

// event is one server-sent event.
type event struct {
	Kind, ID, Data string
}

func (e event) job(t *testing.T) (j api.Job) {
	t.Helper()
	if err := json.Unmarshal([]byte(e.Data), &j); err != nil {
		t.Fatal(err)
	}
	return j
}

func (e event) task(t *testing.T) (task api.Task) {
	t.Helper()
	if err := json.Unmarshal([]byte(e.Data), &task); err != nil {
		t.Fatal(err)
	}
	return task
}

// follower reads the events of a job.
type follower struct {
	t      *testing.T
	events chan event // closed at the end of the stream
	stop   context.CancelFunc
}

func (c *client) follow(job, lastID string) *follower {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 30*time.Second)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+api.PathJobs+"/"+job+"/events", nil)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Accept", "text/event-stream")
	if lastID != "" {
		req.Header.Set("Last-Event-ID", lastID)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		c.t.Fatalf("following job %s: %d %s", job, resp.StatusCode, resp.Header)
	}
	f := &follower{t: c.t, events: make(chan event, 1000), stop: cancel}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(f.events)
		defer resp.Body.Close()
		read(bufio.NewReader(resp.Body), f.events)
	}()
	c.t.Cleanup(func() { cancel(); <-done })
	return f
}

// read parses the stream as the HTML standard says: an id counts from the end of its block on.
func read(r *bufio.Reader, to chan<- event) {
	var e event
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSuffix(line, "\n")
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "event":
			e.Kind = value
		case "id":
			e.ID = value
		case "data":
			e.Data = value
		case "":
			if line == "" && (e.Data != "" || e.ID != "") {
				to <- e
			}
			if line == "" {
				e = event{}
			}
		}
	}
}

// until returns the events up to the first that is as wanted.
func (f *follower) until(what string, wanted func(event) bool) (all []event) {
	f.t.Helper()
	over := time.After(15 * time.Second)
	for {
		select {
		case e, ok := <-f.events:
			if !ok {
				f.t.Fatalf("the stream ended before %s; it had %v", what, kinds(all))
			}
			if all = append(all, e); wanted(e) {
				return all
			}
		case <-over:
			f.t.Fatalf("no %s; the stream had %v", what, kinds(all))
		}
	}
}

func kinds(all []event) (list []string) {
	for _, e := range all {
		list = append(list, e.Kind+"#"+e.ID)
	}
	return list
}

func lastID(all []event) (id string) {
	for _, e := range all {
		if e.ID != "" {
			id = e.ID
		}
	}
	return id
}
