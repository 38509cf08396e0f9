package client

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/netrust/netrust/libs/contract/api"
)

const (
	dialTimeout   = 5 * time.Second
	answerTimeout = 60 * time.Second // a whole request; the longest ?wait= stays well below
	importTimeout = 11 * time.Minute // the server takes up to 10 for a large inventory
	attempts      = 4                // of a request that may be repeated
	maxAnswer     = 256 << 20        // a page of results with every output inline stays below
)

// Config says which server, and as whom.
type Config struct {
	// Server is the base address: http://127.0.0.1:7480.
	Server string
	// Token is the API token; empty sends none.
	Token string
	// UserAgent names the program and its version.
	UserAgent string
}

// Client speaks to one gateway. It is safe for concurrent use.
type Client struct {
	base  *url.URL
	cfg   Config
	http  *http.Client
	pause func(context.Context, time.Duration) error
}

// New checks the address; it connects to nothing.
func New(cfg Config) (*Client, error) {
	base, err := url.Parse(cfg.Server)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("%q is not a server's address: write it like http://127.0.0.1:7480", cfg.Server)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = (&net.Dialer{Timeout: dialTimeout}).DialContext
	return &Client{
		base: base, cfg: cfg, pause: pause,
		http: &http.Client{
			Transport: transport,
			// The API redirects nowhere; following one could carry the token to a place that nobody named.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Server is the address that the client speaks to.
func (c *Client) Server() string { return strings.TrimSuffix(c.base.String(), "/") }

// Close ends idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// request is one call of the API.
type request struct {
	method, path string
	query        url.Values
	body         []byte
	contentType  string
	header       http.Header
	// timeout bounds the whole request; 0 is answerTimeout.
	timeout time.Duration
	// repeatable says that sending it twice does what sending it once does.
	repeatable bool
}

// call sends the request, again where that is safe, and decodes the answer into out (nil: it is not read).
func (c *Client) call(ctx context.Context, r request, out any) error {
	var last error
	for n := range attempts {
		if n > 0 {
			if err := c.pause(ctx, backoff(n)); err != nil {
				return errors.Join(last, err)
			}
		}
		retry, err := c.once(ctx, r, out)
		if err == nil || !retry || !r.repeatable || ctx.Err() != nil {
			return err
		}
		last = err
	}
	return last
}

// once sends the request one time and reports whether a failure may pass by itself.
func (c *Client) once(ctx context.Context, r request, out any) (retry bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(r.timeout, answerTimeout))
	defer cancel()
	resp, err := c.send(ctx, r)
	if err != nil {
		var none *NoServerError
		return !errors.As(err, &none), err
	}
	defer drain(resp.Body)
	if resp.StatusCode >= 300 {
		return transient(resp.StatusCode), c.problem(resp)
	}
	if out == nil || resp.StatusCode == http.StatusNoContent {
		return false, nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return true, fmt.Errorf("reading the answer of %s %s: %w", r.method, r.path, err)
	}
	if err := json.Unmarshal(body, out); err != nil {
		return false, &ForeignAnswerError{Server: c.Server(), What: fmt.Sprintf("%s %s: %v", r.method, r.path, err)}
	}
	return false, nil
}

// send returns the answer's head; the caller closes its body, and bounds the wait by the context.
func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	u := c.base.JoinPath(r.path)
	u.RawQuery = r.query.Encode()
	req, err := http.NewRequestWithContext(ctx, r.method, u.String(), bytes.NewReader(r.body))
	if err != nil {
		return nil, fmt.Errorf("making the request %s %s: %w", r.method, r.path, err)
	}
	for name, values := range r.header {
		req.Header[name] = values
	}
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", "application/json, "+api.MediaProblem)
	}
	if r.contentType != "" {
		req.Header.Set("Content-Type", r.contentType)
	}
	if c.cfg.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.cfg.Token)
	}
	if c.cfg.UserAgent != "" {
		req.Header.Set("User-Agent", c.cfg.UserAgent)
	}
	resp, err := c.http.Do(req)
	if err == nil {
		return resp, nil
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return nil, &NoServerError{Server: c.Server(), Cause: err}
	}
	return nil, fmt.Errorf("asking %s: %w", c.Server(), err)
}

// problem makes an error of a refusal.
func (c *Client) problem(resp *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("reading the refusal %s: %w", resp.Status, err)
	}
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	p := &api.Problem{}
	if media != api.MediaProblem && media != "application/json" || json.Unmarshal(body, p) != nil || p.Title == "" && p.Detail == "" {
		return &ForeignAnswerError{Server: c.Server(), What: "it says " + resp.Status, Status: resp.StatusCode}
	}
	p.Status = resp.StatusCode
	return p
}

// transient lists the answers that may be another one soon.
func transient(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// drain lets the connection be used again, unless much is left.
func drain(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, 64<<10)
	_ = body.Close()
}

func backoff(n int) time.Duration {
	d := min(200*time.Millisecond<<min(n-1, 10), 5*time.Second)
	return d/2 + mathrand.N(d/2)
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// NewKey makes an Idempotency-Key: one per submission that a person makes, kept over its repetitions.
func NewKey() string { return rand.Text() }

func idempotent(key string) http.Header { return http.Header{api.HeaderIdemKey: {key}} }

func jsonBody(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encoding the request: %w", err)
	}
	return b, nil
}

func pageQuery(cursor string, limit int) url.Values {
	q := url.Values{}
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	if limit > 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	return q
}
