// Package bus is all of JetStream that netrust uses: the topology, publishing with expectations, atomic batches,
// following a stream, consuming tasks with outcomes, dead letters, objects, and the embedded server.
//
// It promises that nothing waits without a bound, that a publish whose outcome is not known says so ([ErrUnknownOutcome])
// instead of guessing, and that a consumer which stalls while messages wait is rebuilt. It leaves the meaning of messages
// to libs/contract, and the protocol of claims to libs/ledger.
//
// A [Conn] is safe for concurrent use.
package bus

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/servicekit/metric"
)

// Config says how to reach NATS. The zero value of every field but URL is fine.
type Config struct {
	// URL of the server or servers, comma separated.
	URL string
	// Name is shown in the server's list of connections.
	Name string
	// Service is one of those that asyncapi.yaml names: it says which user logs in, and which streams [Conn.Await] waits for.
	// Empty means the administrator.
	Service string
	// User and PasswordFile log in; the file holds the password alone. An empty User is the service, or the administrator
	// where the file is [PasswordFile].
	User         string
	PasswordFile string
	// CredentialsFile holds a NATS JWT and its key, instead of user and password.
	CredentialsFile string
	// CAFile verifies the server's certificate, where it is not of a public authority.
	CAFile string
	// Replicas of each stream: 1, or 3 on a cluster. Default 1.
	Replicas int
	// StallAfter is how long a follower or a consumer may see nothing before it is checked against the server. Default 10 s.
	StallAfter time.Duration
	// Metrics gets the connection's counts and times; nil for nobody.
	Metrics *metric.Registry
	// Embedded connects inside the process to a server started by [StartServer], instead of URL.
	Embedded *Server
}

// requestTimeout bounds each exchange with the server when the caller's context has no earlier deadline.
const requestTimeout = 5 * time.Second

const defaultStallAfter = 10 * time.Second

// Conn is a connection to NATS that reconnects for ever.
type Conn struct {
	nc       *nats.Conn
	js       jetstream.JetStream
	log      zerolog.Logger
	replicas int
	source   string
	service  string
	refusal  refusal
	denials  denials
	renewal  renewal
	meters   *meters

	stallAfter time.Duration
}

// Connect connects, and keeps trying until ctx ends: a server that starts later is found. It does not touch the
// topology: call [Conn.Ensure].
func Connect(ctx context.Context, cfg Config, log zerolog.Logger) (*Conn, error) {
	c := &Conn{
		log: log, replicas: max(cfg.Replicas, 1), source: "netrust/" + cfg.Name, service: cfg.Service, stallAfter: cfg.StallAfter,
		meters: newMeters(cfg.Metrics, cfg.Name),
	}
	if c.stallAfter <= 0 {
		c.stallAfter = defaultStallAfter
	}
	opts, url, err := c.options(cfg)
	if err != nil {
		return nil, err
	}
	var last error
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		if c.nc, last = nats.Connect(url, opts...); last == nil {
			break
		}
		if errors.Is(last, nats.ErrAuthorization) {
			return nil, fmt.Errorf("connecting to NATS at %s as %s: %w; check user and password", url, userOf(cfg.User, cfg.Service, cfg.PasswordFile), last)
		}
		log.Warn().Err(last).Str("url", url).Msg("NATS does not answer; trying again")
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("connecting to NATS at %s: %w; is the server running?", url, errors.Join(last, ctx.Err()))
		case <-time.After(wait):
		}
	}
	if c.js, err = jetstream.New(c.nc, jetstream.WithDefaultTimeout(requestTimeout)); err == nil {
		err = c.listen()
	}
	if err != nil {
		c.nc.Close()
		return nil, fmt.Errorf("opening JetStream: %w", err)
	}
	c.meters.connected.Set(1)
	return c, nil
}

func (c *Conn) options(cfg Config) ([]nats.Option, string, error) {
	opts := []nats.Option{
		nats.Name(cfg.Name),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(250 * time.Millisecond),
		nats.ReconnectJitter(100*time.Millisecond, 100*time.Millisecond),
		nats.Timeout(5 * time.Second),
		nats.PingInterval(10 * time.Second),
		nats.MaxPingsOutstanding(2),
		// A publish while disconnected must fail at once: what is buffered may be sent long after it was decided.
		nats.ReconnectBufSize(-1),
		nats.ErrorHandler(c.onError), // a missing permission shows up only there
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil { // nil when we close it ourselves
				c.log.Warn().Err(err).Msg("lost NATS")
			}
			c.meters.connected.Set(0)
		}),
		nats.ReconnectHandler(func(nc *nats.Conn) {
			c.log.Info().Str("url", nc.ConnectedUrlRedacted()).Msg("NATS is back")
			c.meters.connected.Set(1)
			c.meters.reconnects.Inc()
			c.renewal.tell()
		}),
	}
	if cfg.Service != "" {
		// Nobody but the service may listen to what it is answered.
		opts = append(opts, nats.CustomInboxPrefix("_INBOX."+cfg.Service))
	}
	if cfg.Embedded != nil {
		user, password := cfg.Embedded.credentials(cfg.Service)
		return append(opts, nats.InProcessServer(cfg.Embedded), nats.UserInfo(user, password)), cfg.Embedded.URL(), nil
	}
	if cfg.PasswordFile != "" {
		b, err := os.ReadFile(cfg.PasswordFile)
		if err != nil {
			return nil, "", fmt.Errorf("reading the NATS password: %w; `netrust serve nats` writes it when it starts", err)
		}
		opts = append(opts, nats.UserInfo(userOf(cfg.User, cfg.Service, cfg.PasswordFile), strings.TrimSpace(string(b))))
	}
	if cfg.CredentialsFile != "" {
		opts = append(opts, nats.UserCredentials(cfg.CredentialsFile))
	}
	if cfg.CAFile != "" {
		opts = append(opts, nats.RootCAs(cfg.CAFile))
	}
	return opts, cfg.URL, nil
}

// readyTimeout bounds the question whether the server answers.
const readyTimeout = 2 * time.Second

// Ready returns nil when the server answers, JetStream accepts work, and no write was refused or left without an answer
// lately; otherwise what is wrong, for /readyz.
func (c *Conn) Ready(ctx context.Context) error {
	if !c.nc.IsConnected() {
		return fmt.Errorf("NATS: not connected (%s)", c.nc.Status())
	}
	if err := c.writable(); err != nil {
		return fmt.Errorf("NATS: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	_, err := c.js.AccountInfo(ctx)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("NATS: it is connected and does not answer within %s: %w", readyTimeout, err)
	case err != nil:
		return fmt.Errorf("NATS: JetStream: %w", err)
	}
	return nil
}

// JetStream gives libs/ledger and libs/kvstore the client. Services do not use it.
func (c *Conn) JetStream() jetstream.JetStream { return c.js }

// Close closes the connection. Publishes and fetches in flight fail.
func (c *Conn) Close() { c.nc.Close() }

// bounded gives ctx a deadline if it has none earlier.
func bounded(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d)
}
