package client

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/netrust/netrust/libs/contract/api"
)

// Status reads how the installation stands.
func (c *Client) Status(ctx context.Context) (api.Status, error) {
	var s api.Status
	err := c.call(ctx, request{method: http.MethodGet, path: api.PathStatus}, &s)
	return s, err
}

// Health asks whether the gateway lives, and returns the time that its answer carries (zero where it carries none).
func (c *Client) Health(ctx context.Context) (time.Time, error) {
	resp, err := c.send(ctx, request{method: http.MethodGet, path: api.PathHealth})
	if err != nil {
		return time.Time{}, err
	}
	defer drain(resp.Body)
	if resp.StatusCode != http.StatusOK {
		return time.Time{}, c.problem(resp)
	}
	at, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return time.Time{}, nil //nolint:nilerr // an answer without its time is an answer
	}
	return at, nil
}

// Ready reads the gateway's checks; it answers with them also when it is not ready.
func (c *Client) Ready(ctx context.Context) (api.Health, error) {
	var h api.Health
	resp, err := c.send(ctx, request{method: http.MethodGet, path: api.PathReady})
	if err != nil {
		return h, err
	}
	defer drain(resp.Body)
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusServiceUnavailable {
		return h, c.problem(resp)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&h); err != nil {
		return h, &ForeignAnswerError{Server: c.Server(), What: "its /readyz: " + err.Error()}
	}
	return h, nil
}
