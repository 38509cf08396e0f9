package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/bus/bustest"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/services/gateway"
)

// fleet is one NATS server with the gateways of a test on it.
type fleet struct {
	t      *testing.T
	server *bus.Server
	conn   *bus.Conn
	admin  string
	// observe is how its gateways are watched.
	observe servicekit.Observe
	at      time.Time
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	server, conn := bustest.Server(t)
	return &fleet{t: t, server: server, conn: conn, at: time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)}
}

// client talks to one gateway.
type client struct {
	t     *testing.T
	url   string
	token string
	dir   string
	stop  func()
}

// gateway starts one more gateway and waits until it is ready.
func (f *fleet) gateway() *client { return f.gatewayIn(f.t.TempDir()) }

func (f *fleet) gatewayIn(dir string) *client {
	return f.gatewayOn(bustest.Connect(f.t, f.server), dir)
}

func (f *fleet) gatewayOn(conn *bus.Conn, dir string) *client {
	f.t.Helper()
	cfg := gateway.Default()
	cfg.Listen, cfg.DataDir, cfg.DrainTimeout = "127.0.0.1:0", dir, 2*time.Second
	cfg.Observe, cfg.ShowMetrics = f.observe, f.observe.Metrics != nil
	secrets := make(chan string, 1)
	cfg.ShowAdminToken = func(s string) { secrets <- s }
	log := zerolog.New(zerolog.NewTestWriter(f.t)).Level(zerolog.ErrorLevel)
	g, err := gateway.New(conn, cfg, log)
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(f.t.Context()))
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	stopped := false
	stop := func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			f.t.Errorf("the gateway ended with: %v", err)
		}
	}
	f.t.Cleanup(stop)
	ready, cancelReady := context.WithTimeout(f.t.Context(), 20*time.Second)
	defer cancelReady()
	if err := g.Ready(ready); err != nil {
		f.t.Fatal(err)
	}
	if f.admin == "" {
		select {
		case f.admin = <-secrets:
		case <-ready.Done():
			f.t.Fatal("the first gateway shows no admin token")
		}
	}
	return &client{t: f.t, url: "http://" + g.Addr(), token: f.admin, dir: dir, stop: stop}
}

// answer is what a request got.
type answer struct {
	Status int
	Header http.Header
	Body   []byte
}

func (a answer) problem(t *testing.T) api.Problem {
	t.Helper()
	var p api.Problem
	if ct := a.Header.Get("Content-Type"); ct != api.MediaProblem {
		t.Errorf("an error of type %q, want %s: %s", ct, api.MediaProblem, a.Body)
	}
	if err := json.Unmarshal(a.Body, &p); err != nil || p.Status != a.Status || p.Title == "" || p.Detail == "" {
		t.Errorf("a problem of status %d that says too little: %s (%v)", a.Status, a.Body, err)
	}
	return p
}

type header [2]string

func (c *client) send(method, path, body string, headers ...header) answer {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	for _, h := range headers {
		req.Header.Set(h[0], h[1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, b}
}

func (c *client) as(token string) *client {
	other := *c
	other.token = token
	return &other
}

// call sends a request that must succeed with the status, and decodes its answer.
func call[T any](c *client, status int, method, path, body string, headers ...header) T {
	c.t.Helper()
	var v T
	a := c.send(method, path, body, headers...)
	if a.Status != status {
		c.t.Fatalf("%s %s: status %d, want %d: %s", method, path, a.Status, status, a.Body)
	}
	if len(a.Body) > 0 {
		dec := json.NewDecoder(bytes.NewReader(a.Body))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&v); err != nil {
			c.t.Fatalf("%s %s: %v: %s", method, path, err, a.Body)
		}
	}
	return v
}

const inventoryYAML = `
defaults: {credential: "env:LAB", site: paris}
devices:
  - {id: core-1, platform: cisco_ios, address: 192.0.2.1, tags: [core], labels: {role: core}}
  - {id: core-2, platform: cisco_ios, address: 192.0.2.2, tags: [core], labels: {role: core}}
  - {id: edge.1, platform: frr, address: 192.0.2.3, site: lyon, labels: {role: edge}}
`

func (c *client) importDevices(yaml string) api.Import {
	c.t.Helper()
	return call[api.Import](c, 200, "POST", api.PathImport, yaml, header{"Content-Type", "application/yaml"})
}

// eventually waits until the check passes.
func eventually(t *testing.T, what string, check func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !check() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
