package up

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/lab"
	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/sealed"
	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/services/audit"
	"github.com/netrust/netrust/services/executor"
	"github.com/netrust/netrust/services/gateway"
	"github.com/netrust/netrust/services/scheduler"
)

// process is what one start holds.
type process struct {
	settings   Settings
	lookup     func(string) (string, bool)
	log        zerolog.Logger
	nats       *bus.Server // nil: another server is used
	started    func(context.Context, Started) error
	firstToken chan string

	conns []*bus.Conn
}

// close ends the connections, after the services and before the server.
func (p *process) close() {
	for _, c := range p.conns {
		c.Close()
	}
}

// connect gives a service its own connection, as it has when it is a process of its own. On another server all of them use
// one user, who may do everything.
func (p *process) connect(ctx context.Context, service string) (*bus.Conn, error) {
	cfg := p.settings.NATS.Bus("netrust-"+service, service)
	cfg.Embedded, cfg.Metrics = p.nats, p.settings.Observe.Metrics
	if p.nats == nil {
		cfg.User = cmp.Or(cfg.User, bus.ServerUser)
	}
	c, err := bus.Connect(ctx, cfg, p.logger(service))
	if err != nil {
		return nil, fmt.Errorf("connecting the %s to NATS: %w", service, err)
	}
	p.conns = append(p.conns, c)
	return c, nil
}

// prepare makes the streams, or upgrades them.
func (p *process) prepare(ctx context.Context) error {
	if p.nats != nil {
		return p.nats.Prepare(ctx)
	}
	conn, err := bus.Connect(ctx, p.settings.NATS.Bus("netrust-setup", ""), p.log)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Ensure(ctx)
}

// parts lists what runs, in the order of its start.
func (p *process) parts(ctx context.Context) ([]servicekit.Part, error) {
	if err := p.prepare(ctx); err != nil {
		return nil, fmt.Errorf("preparing streams and buckets: %w", err)
	}
	schedulerPart, err := p.scheduler(ctx)
	if err != nil {
		return nil, err
	}
	auditPart, err := p.audit(ctx)
	if err != nil {
		return nil, err
	}
	parts := []servicekit.Part{auditPart, schedulerPart} // the audit stops last, and so records how the others ended
	var l *lab.Lab
	if p.settings.Lab {
		if l, err = newLab(p.settings); err != nil {
			return nil, err
		}
		parts = append(parts, labPart(l, p.settings.LabPort))
	}
	executorPart, err := p.executor(ctx, l)
	if err != nil {
		return nil, err
	}
	g, err := p.gateway(ctx)
	if err != nil {
		return nil, err
	}
	gatewayPart := servicekit.Part{Name: "gateway", Run: g.Run, Ready: func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, startTimeout)
		defer cancel()
		return g.Ready(ctx)
	}}
	return append(parts, executorPart, gatewayPart, p.announce(g, l)), nil
}

func (p *process) scheduler(ctx context.Context) (servicekit.Part, error) {
	conn, err := p.connect(ctx, "scheduler")
	if err != nil {
		return servicekit.Part{}, err
	}
	cfg := p.settings.Scheduler
	cfg.Observe = p.settings.Observe
	s, err := scheduler.New(conn, cfg, p.logger("scheduler"))
	if err != nil {
		return servicekit.Part{}, err
	}
	return servicekit.Part{Name: "scheduler", Run: s.Run}, nil
}

// audit needs the topology, which the scheduler's part has made.
func (p *process) audit(ctx context.Context) (servicekit.Part, error) {
	conn, err := p.connect(ctx, "audit")
	if err != nil {
		return servicekit.Part{}, err
	}
	cfg := p.settings.Audit
	cfg.Observe = p.settings.Observe
	a, err := audit.New(conn, cfg, p.logger("audit"))
	if err != nil {
		return servicekit.Part{}, err
	}
	return servicekit.Part{Name: "audit", Run: a.Run}, nil
}

// rawIdentity is where the key is kept that raw outputs are encrypted to.
const rawIdentity = "raw.identity"

func (p *process) executor(ctx context.Context, l *lab.Lab) (servicekit.Part, error) {
	conn, err := p.connect(ctx, "executor")
	if err != nil {
		return servicekit.Part{}, err
	}
	drivers, err := executor.Drivers()
	if err != nil {
		return servicekit.Part{}, err
	}
	cfg := p.settings.Executor.WithEnvironment(p.lookup)
	cfg.Observe = p.settings.Observe
	if cfg.RawIdentityFile == "" {
		cfg.RawIdentityFile = filepath.Join(p.settings.DataDir, rawIdentity)
		if err := sealed.EnsureIdentity(cfg.RawIdentityFile); err != nil {
			return servicekit.Part{}, err
		}
	}
	credentials, err := executor.Credentials(cfg, lookup(l, p.lookup), p.logger("executor"))
	if err != nil {
		return servicekit.Part{}, err
	}
	e, err := executor.New(conn, cfg, drivers, credentials, p.logger("executor"))
	if err != nil {
		return servicekit.Part{}, err
	}
	return servicekit.Part{Name: "executor", Run: e.Run}, nil
}

func (p *process) gateway(ctx context.Context) (*gateway.Gateway, error) {
	conn, err := p.connect(ctx, "gateway")
	if err != nil {
		return nil, err
	}
	cfg := p.settings.Gateway
	cfg.Listen, cfg.DataDir = p.settings.Listen, filepath.Join(p.settings.DataDir, "gateway")
	cfg.Observe, cfg.ShowMetrics = p.settings.Observe, true
	cfg.ShowAdminToken = func(secret string) { p.firstToken <- secret }
	return gateway.New(conn, cfg, p.logger("gateway"))
}

// announce is the last part: it says that all runs, and stays.
func (p *process) announce(g *gateway.Gateway, l *lab.Lab) servicekit.Part {
	return servicekit.Part{Name: "start", Run: func(ctx context.Context) error {
		token, err := awaitToken(ctx, p.settings.DataDir, p.firstToken)
		if err != nil {
			return err
		}
		up := Started{
			URL: "http://" + g.Addr(), TokenFile: TokenFile(p.settings.DataDir), FirstToken: token,
		}
		if l != nil {
			up.Lab = &Lab{l}
		}
		if err := p.started(ctx, up); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	}}
}

func (p *process) logger(service string) zerolog.Logger {
	return p.log.With().Str("part", service).Logger()
}
