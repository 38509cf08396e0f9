package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

// pageSize is how many entries are asked for at once where all of them are wanted.
const pageSize = 500

// resultPageSize is smaller, since each result may carry 256 KiB.
const resultPageSize = 100

// Submit submits a job and waits up to wait for the scheduler's verdict on it. The same key makes the same job.
func (c *Client) Submit(ctx context.Context, spec contract.JobSpec, key string, wait time.Duration) (api.Job, error) {
	body, err := jsonBody(spec)
	if err != nil {
		return api.Job{}, err
	}
	var job api.Job
	err = c.call(ctx, request{
		method: http.MethodPost, path: api.PathJobs, query: waitQuery(wait), body: body,
		contentType: "application/json", header: idempotent(key), repeatable: true,
	}, &job)
	return job, err
}

// Job reads a job, waiting up to wait for its last state.
func (c *Client) Job(ctx context.Context, id string, wait time.Duration) (api.Job, error) {
	var job api.Job
	err := c.call(ctx, request{method: http.MethodGet, path: jobPath(id), query: waitQuery(wait), repeatable: true}, &job)
	return job, err
}

// JobFilter chooses jobs of a list.
type JobFilter struct {
	State  contract.JobState // empty: any
	Cursor string
	Limit  int
}

// Jobs reads one page of jobs, newest first.
func (c *Client) Jobs(ctx context.Context, f JobFilter) (api.JobList, error) {
	q := pageQuery(f.Cursor, f.Limit)
	if f.State != "" {
		q.Set("state", string(f.State))
	}
	var list api.JobList
	err := c.call(ctx, request{method: http.MethodGet, path: api.PathJobs, query: q, repeatable: true}, &list)
	return list, err
}

// Cancel asks for the end of a job. Asking twice is as asking once.
func (c *Client) Cancel(ctx context.Context, id, reason string) (api.Job, error) {
	body, err := jsonBody(api.CancelRequest{Reason: reason})
	if err != nil {
		return api.Job{}, err
	}
	var job api.Job
	err = c.call(ctx, request{
		method: http.MethodPost, path: jobPath(id) + "/cancel", body: body, contentType: "application/json", repeatable: true,
	}, &job)
	return job, err
}

// Retry submits a job for the devices that job id did not reach. The same key makes the same job.
func (c *Client) Retry(ctx context.Context, id string, req api.RetryRequest, key string, wait time.Duration) (api.Job, error) {
	body, err := jsonBody(req)
	if err != nil {
		return api.Job{}, err
	}
	var job api.Job
	err = c.call(ctx, request{
		method: http.MethodPost, path: jobPath(id) + "/retry", query: waitQuery(wait), body: body,
		contentType: "application/json", header: idempotent(key), repeatable: true,
	}, &job)
	return job, err
}

// Tasks calls each for every task of a job, by device id, reading page after page.
func (c *Client) Tasks(ctx context.Context, id string, each func(api.Task) error) error {
	return pages(pageSize, func(q url.Values) ([]api.Task, string, error) {
		var list api.TaskList
		err := c.call(ctx, request{method: http.MethodGet, path: jobPath(id) + "/tasks", query: q, repeatable: true}, &list)
		return list.Tasks, list.Next, err
	}, each)
}

// Results calls each for every result of a job, by device id, reading page after page.
func (c *Client) Results(ctx context.Context, id string, each func(api.Result) error) error {
	return pages(resultPageSize, func(q url.Values) ([]api.Result, string, error) {
		var list api.ResultList
		err := c.call(ctx, request{method: http.MethodGet, path: jobPath(id) + "/results", query: q, repeatable: true}, &list)
		return list.Results, list.Next, err
	}, each)
}

// Result reads one device's result.
func (c *Client) Result(ctx context.Context, id, device string) (api.Result, error) {
	var r api.Result
	err := c.call(ctx, request{method: http.MethodGet, path: jobPath(id) + "/results/" + url.PathEscape(device), repeatable: true}, &r)
	return r, err
}

// Output copies what a device printed to w, whatever its size.
func (c *Client) Output(ctx context.Context, id, device string, w io.Writer) error {
	_, err := c.copy(ctx, jobPath(id)+"/output/"+url.PathEscape(device), w)
	return err
}

// Raw copies a device's raw output, encrypted as it is stored, to w, and returns the SHA-256 of its plain text.
func (c *Client) Raw(ctx context.Context, id, device string, w io.Writer) (sum string, err error) {
	head, err := c.copy(ctx, jobPath(id)+"/raw/"+url.PathEscape(device), w)
	if err != nil {
		return "", err
	}
	return head.Get(api.HeaderPlainSum), nil
}

// copy copies an answer of any length, and returns its head.
func (c *Client) copy(ctx context.Context, path string, w io.Writer) (http.Header, error) {
	r := request{method: http.MethodGet, path: path, header: http.Header{"Accept": {"*/*"}}}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	quiet := time.AfterFunc(silence, func() { cancel(errSilent) }) // its length may be anything, so only silence ends it
	defer quiet.Stop()
	resp, err := c.send(ctx, r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, c.problem(resp)
	}
	if _, err := io.Copy(w, &alive{resp.Body, func() { quiet.Reset(silence) }}); err != nil {
		return nil, fmt.Errorf("copying the answer of %s: %w", path, err)
	}
	return resp.Header, nil
}

func jobPath(id string) string { return api.PathJobs + "/" + url.PathEscape(id) }

func waitQuery(wait time.Duration) url.Values {
	if wait <= 0 {
		return nil
	}
	return url.Values{"wait": {wait.String()}}
}

// pages reads pages until the last, calling each for every entry.
func pages[T any](size int, read func(url.Values) ([]T, string, error), each func(T) error) error {
	cursor := ""
	for {
		entries, next, err := read(pageQuery(cursor, size))
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := each(e); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		if next == cursor {
			return fmt.Errorf("the server gives the same page again (cursor %q): report this", cursor)
		}
		cursor = next
	}
}

// alive tells of each read that brings something.
type alive struct {
	r    io.Reader
	came func()
}

// Read implements io.Reader.
func (a *alive) Read(p []byte) (int, error) {
	n, err := a.r.Read(p)
	if n > 0 {
		a.came()
	}
	return n, err
}
