// Package sshdriver has the drivers that speak to a device's command line over SSH: cisco_ios, cisco_nxos, arista_eos,
// juniper_junos, frr and generic_ssh. They differ only in their [definition.Definition] and in the row of package platform.
//
// Reads run by SSH exec where the platform allows it and the caller said what it will run; everything else in a terminal.
// Both give the same text. See [driver.Session] for what a session promises.
package sshdriver

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/driver/definition"
	"github.com/netrust/netrust/libs/driver/platform"
)

// Driver is the driver of one platform. It is safe for concurrent use.
type Driver struct {
	platform   platform.Platform
	definition *definition.Definition
	exec       trust
}

// New gives the driver of a platform, by its name or an alias.
func New(nameOrAlias string) (*Driver, error) {
	p, err := platform.Lookup(nameOrAlias)
	if err != nil {
		return nil, err
	}
	d, err := definition.For(p.Name)
	if err != nil {
		return nil, fmt.Errorf("making the driver of %s: %w", p.Name, err)
	}
	return &Driver{platform: p, definition: d}, nil
}

// All gives the drivers of all platforms of this package, for [driver.NewRegistry].
func All() ([]driver.Driver, error) {
	var all []driver.Driver
	for _, name := range platform.Names() {
		d, err := New(name)
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}

// Platform implements [driver.Driver].
func (d *Driver) Platform() string { return d.platform.Name }

// Open implements [driver.Driver].
func (d *Driver) Open(ctx context.Context, t driver.Target, o driver.OpenOptions) (driver.Session, error) {
	if t.Port == 0 {
		t.Port = d.platform.Port
	}
	if t.ConnectTimeout <= 0 {
		t.ConnectTimeout = driver.DefaultConnectTimeout
	}
	if t.MaxOutput <= 0 {
		t.MaxOutput = driver.DefaultMaxOutput
	}
	t.Platform = d.platform.Name
	s := &session{driver: d, target: t, byExec: d.byExec(t, o)}
	ctx, cancel := within(ctx, t.ConnectTimeout)
	defer cancel()
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	if s.byExec {
		return s, nil
	}
	if err := s.openShell(ctx); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// byExec decides whether the announced commands run without a terminal. An enable secret says that the login may land
// below the level that the commands need, which only a terminal can raise.
func (d *Driver) byExec(t driver.Target, o driver.OpenOptions) bool {
	if o.Terminal || len(o.Commands) == 0 || !t.EnableSecret.Empty() {
		return false
	}
	if d.platform.Exec == platform.ExecNever || d.platform.Exec == platform.ExecSingle && (len(o.Commands) > 1 || o.Keep) {
		return false
	}
	if !d.exec.worth() {
		return false
	}
	for _, command := range o.Commands {
		if !platform.ReadOnly(d.platform.Name, command) {
			return false
		}
	}
	return true
}

// trust counts whether devices end what they run by exec, or just hang up. Where they hang up each time, exec costs a second
// login, and is worth nothing.
type trust struct {
	ended, cut atomic.Int64
}

// worth reports whether the next read may run by exec.
func (t *trust) worth() bool { return t.cut.Load() <= 2+t.ended.Load() }

// within bounds ctx so that the end of our own time can be told from the caller's.
func within(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d, driver.ErrOutOfTime)
}

// stageError says in driver's words why a step at a stage failed.
func stageError(ctx context.Context, t driver.Target, stage driver.Stage, started time.Time, err error) error {
	var typed interface{ Effect() driver.Effect }
	switch {
	case ctx.Err() != nil:
		return driver.EndedError(ctx, t, stage, time.Since(started))
	case errors.As(err, &typed):
		return err
	default:
		return &driver.UnreachableError{DeviceID: t.DeviceID, Address: t.Address, Stage: stage, Err: err}
	}
}
