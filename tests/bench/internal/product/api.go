package product

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/tests/bench/internal/role"
)

// API speaks to the gateway over HTTP, as any operator's program does.
type API struct {
	url, token string
}

// NewAPI makes a client. It does no I/O.
func NewAPI(f role.GatewayFacts) *API { return &API{url: f.URL, token: f.Token} }

// JobTimeout bounds every job of the benchmark.
const JobTimeout = 10 * time.Minute

// requestTimeout bounds every request but that for events, an import of all devices included.
const requestTimeout = 3 * time.Minute

func (a *API) do(ctx context.Context, method, path, contentType string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, a.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		if why := context.Cause(ctx); why != nil {
			err = why
		}
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	if resp.StatusCode >= 300 {
		defer resp.Body.Close() //nolint:errcheck // it was read
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
		return nil, fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, bytes.TrimSpace(text))
	}
	return resp, nil
}

func (a *API) ask(ctx context.Context, method, path, contentType string, body []byte, into any) error {
	ctx, cancel := context.WithTimeoutCause(ctx, requestTimeout, fmt.Errorf("no answer within %s", requestTimeout))
	defer cancel()
	resp, err := a.do(ctx, method, path, contentType, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // it was read
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return fmt.Errorf("%s %s: reading the answer: %w", method, path, err)
	}
	return nil
}

// Import imports an inventory.
func (a *API) Import(ctx context.Context, inventory []byte) error {
	var answer api.Import
	return a.ask(ctx, http.MethodPost, api.PathImport, "application/yaml", inventory, &answer)
}

// Submit submits a job and returns its id as soon as it is accepted.
func (a *API) Submit(ctx context.Context, spec contract.JobSpec) (string, error) {
	body, err := json.Marshal(spec)
	if err != nil {
		return "", err
	}
	var job api.Job
	err = a.ask(ctx, http.MethodPost, api.PathJobs, "application/json", body, &job)
	return job.ID, err
}

// Get shows a job.
func (a *API) Get(ctx context.Context, id string) (api.Job, error) {
	var job api.Job
	err := a.ask(ctx, http.MethodGet, api.PathJobs+"/"+id, "", nil, &job)
	return job, err
}

// Await waits for a job's end.
func (a *API) Await(ctx context.Context, id string) (api.Job, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, JobTimeout, fmt.Errorf("the job did not end within %s", JobTimeout))
	defer cancel()
	var last api.Job
	for {
		var job api.Job
		if err := a.ask(ctx, http.MethodGet, api.PathJobs+"/"+id+"?wait=30s", "", nil, &job); err != nil {
			return last, fmt.Errorf("waiting for job %s, last seen as %q with %+v: %w", id, last.State, last.Counts, err)
		}
		last = job
		if job.State.Ended() {
			return job, nil
		}
	}
}

// Tasks lists all tasks of a job.
func (a *API) Tasks(ctx context.Context, id string) ([]api.Task, error) {
	var all []api.Task
	for next := ""; ; {
		var page api.TaskList
		path := api.PathJobs + "/" + id + "/tasks?limit=1000"
		if next != "" {
			path += "&cursor=" + url.QueryEscape(next)
		}
		if err := a.ask(ctx, http.MethodGet, path, "", nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Tasks...)
		if next = page.Next; next == "" {
			return all, nil
		}
	}
}

// Cancel cancels a job and waits for its end.
func (a *API) Cancel(ctx context.Context, id string) error {
	var job api.Job
	if err := a.ask(ctx, http.MethodPost, api.PathJobs+"/"+id+"/cancel", "application/json", []byte("{}"), &job); err != nil {
		return err
	}
	_, err := a.Await(ctx, id)
	return err
}

// errEnough ends reading events.
var errEnough = errors.New("seen what was waited for")

// FirstResult follows a job's events until they show the first task that has ended.
func (a *API) FirstResult(ctx context.Context, id string) error {
	return a.events(ctx, id, func(kind string, data []byte) error {
		if kind != api.EventTask {
			return nil
		}
		var task api.Task
		if err := json.Unmarshal(data, &task); err != nil {
			return err
		}
		if task.FinishedAt.IsZero() {
			return nil
		}
		return errEnough
	})
}

// events reads a job's events until take returns an error, or the stream ends.
func (a *API) events(ctx context.Context, id string, take func(kind string, data []byte) error) error {
	resp, err := a.do(ctx, http.MethodGet, api.PathJobs+"/"+id+"/events", "", nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // what was wanted was read
	if err := readEvents(resp.Body, take); !errors.Is(err, errEnough) {
		return errors.Join(errors.New("the events of job "+id+" ended too early"), err)
	}
	return nil
}

// readEvents reads server-sent events with one line of data each, as the gateway sends them.
func readEvents(r io.Reader, take func(kind string, data []byte) error) error {
	lines := bufio.NewReaderSize(r, 64<<10)
	kind := ""
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return err
		}
		name, value, _ := strings.Cut(strings.TrimRight(line, "\n"), ": ")
		switch name {
		case "event":
			kind = value
		case "data":
			if err := take(kind, []byte(value)); err != nil {
				return err
			}
		}
	}
}
