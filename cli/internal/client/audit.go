package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/netrust/netrust/libs/contract/api"
)

// AuditFilter chooses records of the audit log. What is empty chooses all.
type AuditFilter struct{ Job, Device, Principal, Kind string }

func (f *AuditFilter) query() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{"job": f.Job, "device": f.Device, "principal": f.Principal, "kind": f.Kind} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q
}

// AuditLast reads the newest records of the audit log, in its order.
func (c *Client) AuditLast(ctx context.Context, limit int, f AuditFilter) (api.AuditList, error) {
	q := f.query()
	q.Set("last", "true")
	q.Set("limit", strconv.Itoa(limit))
	var list api.AuditList
	err := c.call(ctx, request{method: http.MethodGet, path: api.PathAudit, query: q, repeatable: true}, &list)
	return list, err
}

// AuditAfter reads the records after a sequence, waiting up to wait for the first.
func (c *Client) AuditAfter(ctx context.Context, after uint64, wait time.Duration, f AuditFilter) (api.AuditList, error) {
	q := f.query()
	q.Set("after", strconv.FormatUint(after, 10))
	q.Set("limit", "1000")
	if wait > 0 {
		q.Set("wait", wait.String())
	}
	var list api.AuditList
	err := c.call(ctx, request{method: http.MethodGet, path: api.PathAudit, query: q, repeatable: true}, &list)
	return list, err
}

// AuditLog gives the log's records after a sequence to read, byte by byte as lines, and the head that the server names.
func (c *Client) AuditLog(ctx context.Context, after uint64, read func(head string, lines io.Reader) error) error {
	r := request{
		method: http.MethodGet, path: api.PathAuditLog, query: url.Values{"after": {strconv.FormatUint(after, 10)}},
		header: http.Header{"Accept": {api.MediaLines + ", " + api.MediaProblem}},
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	quiet := time.AfterFunc(silence, func() { cancel(errSilent) }) // its length may be anything, so only silence ends it
	defer quiet.Stop()
	resp, err := c.send(ctx, r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return c.problem(resp)
	}
	head := resp.Header.Get(api.HeaderAuditHead)
	if head == "" {
		return &ForeignAnswerError{Server: c.Server(), What: fmt.Sprintf("GET %s: no header %s", r.path, api.HeaderAuditHead)}
	}
	return read(head, &alive{resp.Body, func() { quiet.Reset(silence) }})
}
