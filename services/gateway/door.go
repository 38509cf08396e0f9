package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	stdlog "log"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/services/gateway/internal/problem"
)

// Door is the gateway's HTTP address, which answers before the gateway works: while NATS is away at the start, a client is
// told so (503 and when to try again) instead of being refused the connection.
type Door struct {
	addr    string
	server  *http.Server
	handler atomic.Pointer[http.Handler]
	failed  chan error
	once    sync.Once
	cfg     Config
	log     zerolog.Logger
}

// OpenDoor checks the settings, listens, and answers from now on: for health from the checks, to everything else 503. Close
// it, or give it to a gateway's Run, which does.
func OpenDoor(ctx context.Context, cfg Config, health *servicekit.Health, log zerolog.Logger) (*Door, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	listener, err := listen(ctx, &cfg)
	if err != nil {
		return nil, err
	}
	d := &Door{addr: listener.Addr().String(), failed: make(chan error, 1), cfg: cfg, log: log}
	d.set(starting(health))
	d.server = &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*d.handler.Load()).ServeHTTP(w, r) }),
		ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader, ErrorLog: stdlog.New(log.With().Str("level", "warn").Logger(), "", 0),
	}
	go func() { d.failed <- d.server.Serve(listener) }()
	log.Info().Str("listen", d.addr).Msg("gateway listens")
	return d, nil
}

// Addr is where the door is (host:port).
func (d *Door) Addr() string { return d.addr }

func (d *Door) set(h http.Handler) { d.handler.Store(&h) }

// Close ends it: requests in hand have the drain time-out to end. The second call does nothing.
func (d *Door) Close() {
	d.once.Do(func() {
		drain, cancel := context.WithTimeout(context.Background(), d.cfg.DrainTimeout)
		defer cancel()
		if err := d.server.Shutdown(drain); err != nil {
			d.log.Warn().Err(err).Msg("requests had not ended in time; they are cut off")
			_ = d.server.Close() // their clients see a broken connection and ask again
		}
	})
}

func listen(ctx context.Context, cfg *Config) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w; is another gateway running? set listen to a free address", cfg.Listen, err)
	}
	if cfg.TLSCert != "" {
		cert, err := tls.LoadX509KeyPair(cfg.TLSCert, cfg.TLSKey)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("loading the certificate: %w", err), l.Close())
		}
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
	}
	return l, nil
}

// starting answers until the gateway works.
func starting(health *servicekit.Health) http.Handler {
	own := health.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if r.URL.Path == api.PathHealth || r.URL.Path == api.PathReady {
			own.ServeHTTP(w, r)
			return
		}
		detail := "the gateway is starting"
		if _, err := health.Ready(r.Context()); err != nil {
			detail += "; it waits for: " + strings.ReplaceAll(err.Error(), "\n", "; ")
		}
		problem.Unavailable(detail).Write(w)
	})
}
