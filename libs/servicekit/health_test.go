package servicekit_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/libs/servicekit/metric"
)

func TestReadinessFollowsTheChecks(t *testing.T) {
	t.Parallel()
	h := servicekit.NewHealth()
	h.Register("nats", func(context.Context) error { return nil })
	h.Set("view", errors.New("catching up"))

	status, body := probe(t, h.Handler(), api.PathReady)
	if status != http.StatusServiceUnavailable || body.Checks["view"] != "catching up" || body.Checks["nats"] != "ok" {
		t.Errorf("while a check fails: %d %+v", status, body)
	}
	if status, _ := probe(t, h.Handler(), api.PathHealth); status != http.StatusOK {
		t.Errorf("a process that is not ready still lives, got %d", status)
	}
	h.Set("view", nil)
	if status, body := probe(t, h.Handler(), api.PathReady); status != http.StatusOK || body.Status != "ok" {
		t.Errorf("when all pass: %d %+v", status, body)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- servicekit.NewHealth().Serve(ctx, l, metric.NewRegistry()) }()
	for _, path := range []string{api.PathHealth, api.PathReady, api.PathMetrics} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.Addr().String()+path, nil)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: got %s", path, resp.Status)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func probe(t *testing.T, h http.Handler, path string) (int, api.Health) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	var body api.Health
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	return w.Code, body
}
