// Package product is netrust as the benchmark runs it: NATS, a scheduler, a gateway and an executor, each a process of its
// own with the product's defaults, and a client of the gateway's HTTP API.
package product

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/tests/bench/internal/child"
	"github.com/netrust/netrust/tests/bench/internal/role"
	"github.com/netrust/netrust/tests/bench/internal/syncs"
)

// Config says what to start.
type Config struct {
	// Dir holds the streams, the views and the logs. It should be on the disk that is to be measured.
	Dir string
	// Inventory is imported.
	Inventory []byte
	// Environment is where the executor finds credentials.
	Environment map[string]string
	// CountSyncs runs NATS so that [Product.Syncs] can count.
	CountSyncs bool
	// Lab is measured too: on a small machine the devices take their part of the processor.
	Lab *child.Child
}

// Product is the running processes.
type Product struct {
	cfg Config
	API *API
	// Imported is how long the import of the inventory took.
	Imported time.Duration

	nats      role.NATSFacts
	server    *child.Child
	services  map[string]*child.Child // by role, without the server
	conn      *bus.Conn
	trace     string
	executors Executors
}

// Start starts everything but the executor, and imports the inventory.
func Start(ctx context.Context, cfg Config) (*Product, error) {
	p := &Product{cfg: cfg, services: map[string]*child.Child{}}
	if err := p.start(ctx); err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}

func (p *Product) start(ctx context.Context) error {
	if err := os.MkdirAll(p.cfg.Dir, 0o700); err != nil {
		return fmt.Errorf("making the directory of the streams: %w", err)
	}
	start := child.Start{Role: role.NATS, Name: role.NATS, Dir: p.cfg.Dir, Settings: role.NATSSettings{Dir: filepath.Join(p.cfg.Dir, "data")}}
	if p.cfg.CountSyncs {
		p.trace = filepath.Join(p.cfg.Dir, "syncs")
		under, err := syncs.Command(p.trace)
		if err != nil {
			return err
		}
		start.Under = under
	}
	var err error
	if p.server, err = child.Run(ctx, start); err != nil {
		return err
	}
	if err := p.server.Facts(&p.nats); err != nil {
		return err
	}
	if p.conn, err = role.Connect(ctx, p.nats, "bench", zerolog.Nop()); err != nil {
		return err
	}
	if err := p.run(ctx, role.Scheduler, role.SchedulerSettings{NATS: p.nats}); err != nil {
		return err
	}
	if err := p.run(ctx, role.Gateway, role.GatewaySettings{NATS: p.nats, Dir: filepath.Join(p.cfg.Dir, "view")}); err != nil {
		return err
	}
	var facts role.GatewayFacts
	if err := p.services[role.Gateway].Facts(&facts); err != nil {
		return err
	}
	p.API = NewAPI(facts)
	began := time.Now()
	if err := p.API.Import(ctx, p.cfg.Inventory); err != nil {
		return err
	}
	p.Imported = time.Since(began)
	return nil
}

func (p *Product) run(ctx context.Context, name string, settings any) error {
	c, err := child.Run(ctx, child.Start{Role: name, Name: name, Dir: p.cfg.Dir, Settings: settings})
	if err != nil {
		return err
	}
	p.services[name] = c
	return nil
}

// Executors are the executors of a run.
type Executors struct {
	Count  int
	Driver role.DriverChoice
	Slots  int // of each; 0: the default
	// Keep is how many sessions each keeps open for the next task, for as long as the run lasts; 0 keeps none.
	Keep int
}

// UseExecutor makes the one executor one with this driver and so many slots (0: the default), which keeps no session open, and
// waits until the scheduler may release tasks to it.
func (p *Product) UseExecutor(ctx context.Context, driver role.DriverChoice, slots int) error {
	return p.UseExecutors(ctx, Executors{Count: 1, Driver: driver, Slots: slots})
}

// UseExecutors makes the executors these, in place of what there was.
func (p *Product) UseExecutors(ctx context.Context, e Executors) error {
	if p.executors == e {
		return nil
	}
	p.stopExecutors()
	s := role.ExecutorSettings{NATS: p.nats, Driver: e.Driver, Slots: e.Slots, Environment: p.cfg.Environment, KeepUp: e.Keep}
	if e.Keep > 0 {
		s.KeepMS = time.Hour.Milliseconds()
	}
	for i := range e.Count {
		name := role.Executor
		if i > 0 {
			name += fmt.Sprint("-", i+1)
		}
		c, err := child.Run(ctx, child.Start{Role: role.Executor, Name: name, Dir: p.cfg.Dir, Settings: s})
		if err != nil {
			return err
		}
		p.services[name] = c
	}
	p.executors = e
	return nil
}

func (p *Product) stopExecutors() {
	for name, c := range p.services {
		if strings.HasPrefix(name, role.Executor) {
			c.Stop()
			delete(p.services, name)
		}
	}
	p.executors = Executors{}
}

// Children are all processes, by role.
func (p *Product) Children() map[string]*child.Child {
	all := map[string]*child.Child{role.NATS: p.server}
	for name, c := range p.services {
		all[name] = c
	}
	return all
}

// Syncs counts what the server made the disk keep between two moments.
func (p *Product) Syncs(from, to time.Time) (syncs.Count, error) {
	return syncs.Read(p.trace, from, to)
}

// Stop ends all processes, the server last. Nothing is left but the directory.
func (p *Product) Stop() {
	p.stopExecutors()
	for _, name := range []string{role.Gateway, role.Scheduler} {
		if c := p.services[name]; c != nil {
			c.Stop()
		}
	}
	if p.conn != nil {
		p.conn.Close()
	}
	if p.server != nil {
		p.server.Stop()
	}
}
