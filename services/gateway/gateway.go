// Package gateway is netrust's door: HTTP and server-sent events in, commands out, and the read side of jobs, tasks,
// results and devices.
//
// Any number of gateways may run. Each keeps a view of its own, which it folds from the streams and can lose at any time;
// what several write (tokens, the inventory, a job's first command) they write by compare-and-set. README.md tells what
// it consumes and publishes, and what happens when things fail.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/netrust/netrust/libs/audit"
	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/services/gateway/internal/auditlog"
	"github.com/netrust/netrust/services/gateway/internal/command"
	"github.com/netrust/netrust/services/gateway/internal/devices"
	"github.com/netrust/netrust/services/gateway/internal/feed"
	"github.com/netrust/netrust/services/gateway/internal/identity"
	"github.com/netrust/netrust/services/gateway/internal/letters"
	"github.com/netrust/netrust/services/gateway/internal/refusal"
	"github.com/netrust/netrust/services/gateway/internal/rest"
	"github.com/netrust/netrust/services/gateway/internal/view"
)

// Time-outs of HTTP. Operations that take longer (waits, imports, streams) move their own.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = time.Minute
	writeTimeout  = time.Minute
	idleTimeout   = 2 * time.Minute
	maxHeader     = 32 << 10
)

// Gateway is one gateway process.
type Gateway struct {
	conn *bus.Conn
	cfg  Config
	log  zerolog.Logger

	listening chan struct{} // closed when addr is set
	once      sync.Once
	addr      string

	identity *identity.Store
	devices  *devices.Store
	letters  *letters.Store
	audit    *audit.Reporter
	refusals *refusal.Recorder
	health   *servicekit.Health
}

// New checks the settings and makes a gateway. It does no I/O. The topology must exist ([bus.Conn.Ensure]) when Run works.
func New(conn *bus.Conn, cfg Config, log zerolog.Logger) (*Gateway, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	g := &Gateway{
		conn: conn, cfg: cfg, log: log, listening: make(chan struct{}),
		identity: identity.New(conn, log), devices: devices.New(conn, log), letters: letters.New(conn, log), health: servicekit.NewHealth(),
	}
	g.audit = audit.NewReporter(conn, "gateway", log)
	g.refusals = refusal.New(g.audit.Report)
	g.health.Set("view", errors.New("not started"))
	return g, nil
}

// Addr is where the gateway listens (host:port), "" before [Gateway.Run] does.
func (g *Gateway) Addr() string {
	select {
	case <-g.listening:
		return g.addr
	default:
		return ""
	}
}

// Health are the checks of readiness, for a process that serves them elsewhere too.
func (g *Gateway) Health() *servicekit.Health { return g.health }

// Ready waits until the gateway listens, and its checks pass: NATS answers, tokens, inventory and view are known.
func (g *Gateway) Ready(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	last := errors.New("it does not listen yet")
	for {
		if g.Addr() != "" {
			if _, last = g.health.Ready(ctx); last == nil {
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the gateway is not ready: %w", errors.Join(last, ctx.Err()))
		}
	}
}

// Run serves until ctx ends, then lets requests in hand end within the drain time-out, and returns nil. It is called once.
func (g *Gateway) Run(ctx context.Context) error {
	d, err := OpenDoor(ctx, g.cfg, g.health, g.log)
	if err != nil {
		return err
	}
	return g.RunBehind(ctx, d)
}

// RunBehind is Run behind a door that is open already. It closes the door.
func (g *Gateway) RunBehind(ctx context.Context, d *Door) (err error) {
	defer d.Close()
	g.once.Do(func() {
		g.addr = d.Addr()
		close(g.listening)
	})
	v, err := view.Open(ctx, g.cfg.DataDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	f := feed.New(g.conn, v, int64(g.cfg.MaxViewMiB)<<20, g.cfg.Observe.Metrics, g.log)
	g.registerChecks(f)

	// What requests need outlives them: it stops when the server has.
	inner, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group, inner := errgroup.WithContext(inner)
	group.Go(func() error { return g.identity.Run(inner) })
	group.Go(func() error { return g.devices.Run(inner) })
	group.Go(func() error { return g.letters.Run(inner) })
	group.Go(func() error { return f.Run(inner) })
	group.Go(func() error { return g.report(inner) })
	group.Go(func() error { g.ensureAdmin(inner); return nil })
	group.Go(func() error {
		defer stop()
		return g.serve(ctx, d, v)
	})
	return group.Wait()
}

// report hands to the audit what the gateway did and refused, the last of it after everything else has ended.
func (g *Gateway) report(ctx context.Context) error {
	g.cfg.Observe.Metrics.GaugeFunc("netrust_gateway_audit_reports_waiting", "Reports to the audit that wait for NATS.",
		func() float64 { return float64(g.audit.Waiting()) })
	g.cfg.Observe.Metrics.GaugeFunc("netrust_gateway_audit_reports_lost", "Reports to the audit that were lost since the start, because NATS was away for too long.",
		func() float64 { return float64(g.audit.Dropped()) })
	counted, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	stored := make(chan error, 1)
	go func() { stored <- g.audit.Run(counted) }()
	_ = g.refusals.Run(ctx) // it ends with ctx
	stop()
	<-stored
	return nil
}

func (g *Gateway) registerChecks(f *feed.Feed) {
	g.health.Register("nats", g.conn.Ready)
	g.health.Register("tokens", func(context.Context) error { return g.identity.Ready() })
	g.health.Register("inventory", func(context.Context) error { return g.devices.Ready() })
	g.health.Register("view", func(context.Context) error { return f.Ready() })
}

// ensureAdmin makes the first token when there is none, and tries until it knows.
func (g *Gateway) ensureAdmin(ctx context.Context) {
	for {
		secret, err := g.identity.EnsureAdmin(ctx, time.Now())
		if err == nil {
			if secret != "" {
				g.audit.Report(contract.AuditEvent{Kind: contract.AuditTokenCreated, Outcome: contract.AuditSucceeded, Object: "token/" + identity.AdminName,
					Reason: "there was no token", Parameters: map[string]string{"role": string(contract.RoleAdmin)}})
				if g.cfg.ShowAdminToken != nil {
					g.cfg.ShowAdminToken(secret)
				}
			}
			return
		}
		if ctx.Err() != nil {
			return
		}
		g.log.Warn().Err(err).Msg("the first token cannot be made; trying again")
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
	}
}

// serve answers until ctx ends, and then until the requests in hand have ended.
func (g *Gateway) serve(ctx context.Context, d *Door, v *view.View) error {
	stopping := make(chan struct{})
	parts := rest.Parts{
		Conn: g.conn, View: v, Desk: command.New(g.conn, v, g.devices), Devices: g.devices, Letters: g.letters, Identity: g.identity,
		Ready: g.health.Ready, Log: g.log, Stopping: stopping, Observe: g.cfg.Observe,
		Audit: g.audit, Refusals: g.refusals, AuditLog: auditlog.New(g.conn),
	}
	if g.cfg.ShowMetrics && g.cfg.Observe.Metrics != nil {
		parts.Metrics = g.cfg.Observe.Metrics.Handler()
	}
	d.set(rest.New(parts))
	g.log.Info().Str("listen", g.addr).Msg("gateway serves")
	select {
	case err := <-d.failed:
		return fmt.Errorf("serving on %s: %w", g.addr, err)
	case <-ctx.Done():
	}
	close(stopping)
	d.Close()
	return nil
}
