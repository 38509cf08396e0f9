package up

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/netrust/internal/lock"
)

// Started is what is known once the server answers.
type Started struct {
	URL string
	// TokenFile holds the admin token; FirstToken is set when this start made it.
	TokenFile  string
	FirstToken string
	// Lab is set when a lab runs.
	Lab *Lab
}

const (
	startTimeout = 5 * time.Minute  // of the gateway: a large log takes a while to read
	tokenTimeout = 10 * time.Second // of the first token, which follows the gateway's start
)

// Run starts everything, calls started once the server answers, and runs until ctx ends or started fails; it returns
// when all is stopped. The streams are closed last, so that results in hand are kept. lookup reads the environment, for
// credentials.
func Run(ctx context.Context, s Settings, lookup func(string) (string, bool), log zerolog.Logger, started func(context.Context, Started) error) error {
	var err error
	if s.DataDir, err = filepath.Abs(s.DataDir); err != nil {
		return fmt.Errorf("finding the data directory: %w", err)
	}
	held, err := lock.Take(s.DataDir)
	if err != nil {
		return err
	}
	defer held.Release() //nolint:errcheck // nothing is written to the file
	if err := free(ctx, s.Listen); err != nil {
		return err
	}
	var nats *bus.Server
	if s.NATS.URL == "" {
		if nats, err = bus.StartServer(bus.ServerConfig{DataDir: s.DataDir, Listen: s.NATSListen}, log); err != nil {
			return err
		}
		defer nats.Close()
	}
	p := &process{settings: s, lookup: lookup, log: log, nats: nats, started: started, firstToken: make(chan string, 1)}
	defer p.close()
	parts, err := p.parts(ctx)
	if err != nil {
		return err
	}
	return servicekit.RunInOrder(ctx, s.Process.DrainTimeout, parts...)
}

// free looks whether the address can be had before anything else starts, so that a port in use is said at once.
func free(ctx context.Context, addr string) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("something listens on %s already, perhaps another netrust: stop it, or choose another address with --listen 127.0.0.1:0", addr)
	case err != nil:
		return fmt.Errorf("listening on %s: %w; choose another address with --listen", addr, err)
	}
	return l.Close()
}

// TokenFile is where the first admin token of a data directory is kept, for its owner alone.
func TokenFile(dataDir string) string { return filepath.Join(dataDir, "admin-token") }

// awaitToken returns the token that this start made, and keeps it; "" when an earlier start made one.
func awaitToken(ctx context.Context, dataDir string, first <-chan string) (string, error) {
	path := TokenFile(dataDir)
	wait := tokenTimeout
	if _, err := os.Stat(path); err == nil {
		wait = 0 // made by an earlier start
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case token := <-first:
		if err := os.WriteFile(path, []byte(token+"\n"), 0o600); err != nil {
			return token, fmt.Errorf("keeping the admin token: %w", err)
		}
		return token, nil
	case <-timer.C:
		return "", nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
