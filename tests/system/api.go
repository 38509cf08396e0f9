package system

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

// API speaks to a gateway as a user's own script would.
type API struct {
	URL   string
	Token string
}

var client = &http.Client{Timeout: 30 * time.Second}

// Do sends a request and decodes the answer into out, unless that is nil. Any status but 2xx is an error, an
// [*api.Problem] where the gateway gave one.
func (a *API) Do(method, path string, header map[string]string, body []byte, out any) error {
	req, err := http.NewRequest(method, a.URL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+a.Token)
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		p := &api.Problem{Status: resp.StatusCode, Title: string(data)}
		_ = json.Unmarshal(data, p) // else the text as it came
		return p
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(data, out)
}

// Answer is an answer as it came.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Problem decodes the answer's problem, and fails the test when it is none.
func (a *Answer) Problem(t testing.TB) api.Problem {
	t.Helper()
	var p api.Problem
	if got := a.Header.Get("Content-Type"); got != api.MediaProblem {
		t.Errorf("the answer %d is %s, not %s: %s", a.Status, got, api.MediaProblem, a.Body)
	}
	if err := json.Unmarshal(a.Body, &p); err != nil {
		t.Errorf("the answer %d is no problem: %v: %s", a.Status, err, a.Body)
	}
	return p
}

// Send sends a request as it is, with the token unless the header says otherwise, and returns the answer, whatever it is.
func (a *API) Send(t testing.TB, method, path string, header map[string]string, body string) Answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, a.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.Token)
	req.Header.Set("Content-Type", "application/json")
	for k, v := range header {
		if req.Header.Set(k, v); v == "" {
			req.Header.Del(k)
		}
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: data}
}

// Ready asks /readyz.
func (a *API) Ready() error { return a.Do("GET", api.PathReady, nil, nil, nil) }

// Import imports an inventory.
func (a *API) Import(t testing.TB, yaml []byte) {
	t.Helper()
	var got api.Import
	if err := a.Do("POST", api.PathImport, map[string]string{"Content-Type": "application/yaml"}, yaml, &got); err != nil {
		t.Fatalf("importing the inventory: %v", err)
	}
}

// Submit submits a job under an idempotency key, trying again until a gateway answers: so it is submitted once.
func (a *API) Submit(t testing.TB, key string, spec contract.JobSpec) api.Job {
	t.Helper()
	body, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	var job api.Job
	Eventually(t, 60*time.Second, "submitting the job", func() error {
		return a.Do("POST", api.PathJobs+"?wait=10s", map[string]string{"Content-Type": "application/json", api.HeaderIdemKey: key}, body, &job)
	})
	return job
}

// Await waits until the job has ended.
func (a *API) Await(t testing.TB, id string, within time.Duration) api.Job {
	t.Helper()
	var job api.Job
	Eventually(t, within, "the job's end", func() error {
		if err := a.Do("GET", api.PathJobs+"/"+id+"?wait=2s", nil, nil, &job); err != nil {
			return err
		}
		if !job.State.Ended() {
			return fmt.Errorf("it is %s, %+v", job.State, job.Counts)
		}
		return nil
	})
	return job
}

// Results reads every result of a job, by pages.
func (a *API) Results(t testing.TB, id string) []api.Result {
	t.Helper()
	var all []api.Result
	for cursor := ""; ; {
		var page api.ResultList
		path := api.PathJobs + "/" + id + "/results?limit=100&cursor=" + url.QueryEscape(cursor)
		if err := a.Do("GET", path, nil, nil, &page); err != nil {
			t.Fatalf("reading results: %v", err)
		}
		all = append(all, page.Results...)
		if cursor = page.Next; cursor == "" {
			return all
		}
	}
}
