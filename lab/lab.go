package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/netrust/netrust/lab/internal/cli"
	"github.com/netrust/netrust/lab/internal/recorded"
)

// Lab is a set of simulated devices.
type Lab struct {
	config    Config
	library   *recorded.Library
	platforms map[string]*cli.Platform
	devices   []*Device
	byID      map[string]*Device
	byAddress map[netip.Addr]*Device
	began     time.Time

	started atomic.Bool
	ready   chan struct{}
	port    atomic.Int64
	control atomic.Pointer[string]
	gate    listeners

	accounts *accounts

	mu    sync.Mutex
	conns map[net.Conn]struct{} // nil once the lab stops
	work  sync.WaitGroup
}

// New checks the config and builds a lab. It starts nothing.
func New(config Config) (*Lab, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	library, err := recorded.Load()
	if err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	config = config.withDefaults()
	if err := config.checkAddresses(); err != nil {
		return nil, err
	}
	l := &Lab{
		config:    config,
		library:   library,
		platforms: cli.Platforms(library),
		devices:   make([]*Device, 0, config.Devices),
		byID:      make(map[string]*Device, config.Devices),
		byAddress: make(map[netip.Addr]*Device, config.Devices),
		began:     time.Now(),
		ready:     make(chan struct{}),
		conns:     map[net.Conn]struct{}{},
		accounts:  newAccounts(&config),
	}
	l.port.Store(int64(config.Port))
	base := netip.MustParseAddr(config.AddressBase)
	for number := 1; number <= config.Devices; number++ {
		device := l.build(number, base)
		l.devices = append(l.devices, device)
		l.byID[device.ID] = device
		l.byAddress[device.Address] = device
	}
	return l, nil
}

// Run listens and serves until the context ends, and returns when all has been closed. A lab runs once.
func (l *Lab) Run(ctx context.Context) error {
	if l.started.Swap(true) {
		return ErrRunning
	}
	if err := l.listen(ctx); err != nil {
		return err
	}
	control, err := l.listenControl(ctx)
	if err != nil {
		l.gate.close()
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	l.serveAll(ctx, group)
	group.Go(func() error { return l.serveControl(ctx, control) })
	group.Go(func() error {
		<-ctx.Done()
		l.gate.close()
		l.closeConns()
		return nil
	})
	for _, device := range l.devices {
		if faults := device.Faults(); faults != nil && faults.Refuse { // set before the start
			l.refusal(device, true) // closing a socket cannot fail
		}
	}
	close(l.ready)
	err = group.Wait()
	l.work.Wait()
	for _, device := range l.devices {
		device.cli.Stop()
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// Ready is closed when all devices listen. It stays open when Run fails before, so wait for Run's end too.
func (l *Lab) Ready() <-chan struct{} { return l.ready }

// Devices returns all devices in the order of their numbers. The caller must not change the slice.
func (l *Lab) Devices() []*Device { return l.devices }

// Device returns the device with an id, or [ErrNoSuchDevice].
func (l *Lab) Device(id string) (*Device, error) {
	if device := l.byID[id]; device != nil {
		return device, nil
	}
	return nil, fmt.Errorf("%w: %q", ErrNoSuchDevice, id)
}

// Port is the TCP port of all devices; 0 until the lab is ready when it was to choose one.
func (l *Lab) Port() int { return int(l.port.Load()) }

// ControlURL is where the HTTP control is; empty until the lab is ready.
func (l *Lab) ControlURL() string {
	if url := l.control.Load(); url != nil {
		return *url
	}
	return ""
}

// Reset resets every device, and the accounts.
func (l *Lab) Reset() error {
	l.ResetAccounts()
	var errs []error
	for _, device := range l.devices {
		errs = append(errs, device.Reset())
	}
	return errors.Join(errs...)
}

// track notes a connection, so that it is closed when the lab stops. It reports false when the lab has stopped.
func (l *Lab) track(conn net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conns == nil {
		return false
	}
	l.conns[conn] = struct{}{}
	l.work.Add(1)
	return true
}

func (l *Lab) untrack(conn net.Conn) {
	l.mu.Lock()
	delete(l.conns, conn)
	l.mu.Unlock()
	l.work.Done()
}

func (l *Lab) closeConns() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for conn := range l.conns {
		conn.Close()
	}
	l.conns = nil
}
