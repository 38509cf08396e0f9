package servicekit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/libs/servicekit/metric"
)

// checkTimeout bounds all checks of one request together.
const checkTimeout = 3 * time.Second

// Health is a registry of named checks: a process is ready when all of them pass. Safe for concurrent use.
type Health struct {
	mu     sync.Mutex
	checks map[string]func(context.Context) error
}

// NewHealth makes an empty registry, which is ready.
func NewHealth() *Health { return &Health{checks: map[string]func(context.Context) error{}} }

// Register adds a check, replacing one of the same name. The check must respect its context and be safe for concurrent use.
func (h *Health) Register(name string, check func(context.Context) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.checks[name] = check
}

// Set states the outcome of a check that is pushed rather than asked; nil means that it passes.
func (h *Health) Set(name string, err error) {
	h.Register(name, func(context.Context) error { return err })
}

// Ready runs all checks at once and returns what each says: "ok" or its error. The error joins those that failed.
func (h *Health) Ready(ctx context.Context) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	h.mu.Lock()
	checks := make(map[string]func(context.Context) error, len(h.checks))
	for name, c := range h.checks {
		checks[name] = c
	}
	h.mu.Unlock()

	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		said = make(map[string]string, len(checks))
		errs []error
	)
	for name, check := range checks {
		wg.Go(func() {
			err := check(ctx)
			mu.Lock()
			defer mu.Unlock()
			said[name] = "ok"
			if err != nil {
				said[name] = err.Error()
				errs = append(errs, fmt.Errorf("%s: %w", name, err))
			}
		})
	}
	wg.Wait()
	return said, errors.Join(errs...)
}

// Handler answers /healthz (the process lives: always 200) and /readyz (200, or 503 with what fails).
func (h *Health) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+api.PathHealth, func(w http.ResponseWriter, _ *http.Request) {
		writeHealth(w, http.StatusOK, api.Health{Status: "ok"})
	})
	mux.HandleFunc("GET "+api.PathReady, func(w http.ResponseWriter, r *http.Request) {
		checks, err := h.Ready(r.Context())
		if err != nil {
			writeHealth(w, http.StatusServiceUnavailable, api.Health{Status: "not ready", Checks: checks})
			return
		}
		writeHealth(w, http.StatusOK, api.Health{Status: "ok", Checks: checks})
	})
	return mux
}

func writeHealth(w http.ResponseWriter, status int, body api.Health) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the prober has gone: nobody is left to tell
}

// Serve answers on listener until the context ends, for a service that has no HTTP of its own, also with the metrics where
// they are not nil. It closes the listener.
func (h *Health) Serve(ctx context.Context, listener net.Listener, metrics *metric.Registry) error {
	mux := http.NewServeMux()
	mux.Handle("/", h.Handler())
	if metrics != nil {
		mux.Handle("GET "+api.PathMetrics, metrics.Handler())
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving health on %s: %w", listener.Addr(), err)
	}
	return nil
}
