// Package sshtransport makes SSH connections to devices: bounded, with the host key checked, by one login, and wholly gone
// when closed. A device may be reached through a chain of jump hosts, for each of which the same holds.
//
// Every step ends when its context does, also against a peer that accepts the connection and never speaks. A login offers
// one method: the key if there is one (its own, or one that an SSH agent keeps) and the server takes keys, otherwise the password, by the method "password" or, where
// the server does not offer that, by "keyboard-interactive"; so a wrong password costs one failed login, not two. The
// server is asked for a host key of a type that is stored, so that a second key of the server is no false alarm.
//
// Its errors are those of package driver, with the stage that was reached.
package sshtransport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/driver/platform"
)

// Conn is an authenticated SSH connection. Its methods may be called at once.
type Conn struct {
	target driver.Target
	way    *way
	raw    *watchedConn
	ssh    ssh.Conn

	workers sync.WaitGroup
	closing sync.Once
}

// Dial connects, through the jump hosts if there are any, and logs in, or fails when ctx ends.
func Dial(ctx context.Context, t driver.Target) (*Conn, error) {
	port := t.Port
	if port == 0 {
		p, err := platform.Lookup(t.Platform)
		if err != nil {
			return nil, &driver.RefusedError{DeviceID: t.DeviceID, Err: err}
		}
		port = p.Port
	}
	w, err := openWay(ctx, t)
	if err != nil {
		return nil, err
	}
	l, err := (&attempt{target: t, ctx: ctx, logins: driver.LoginsOf(ctx)}).connect(w, port)
	if err != nil {
		w.close()
		return nil, err
	}
	c := &Conn{target: t, way: w, raw: l.raw, ssh: l.conn}
	c.workers.Go(func() { ssh.DiscardRequests(l.requests) })
	c.workers.Go(func() { rejectAll(l.channels) })
	return c, nil
}

// Close ends the connection at once and waits until nothing of it runs any more.
func (c *Conn) Close() error {
	c.Abandon()
	c.workers.Wait()
	_ = c.ssh.Wait()
	c.way.close()
	return nil
}

// rejectAll refuses the channels that a server would open: we forward nothing.
func rejectAll(channels <-chan ssh.NewChannel) {
	for ch := range channels {
		_ = ch.Reject(ssh.Prohibited, "nothing is forwarded")
	}
}

// attempt is one connection being made: to the device, or to a jump host on the way to it.
type attempt struct {
	target  driver.Target
	hop     int             // 0: the device; else the number of the jump host
	ctx     context.Context // of the one Dial call that the attempt is part of
	logins  *driver.Logins  // nil for a jump host
	started time.Time
	at      string       // the address as in known_hosts
	stage   atomic.Value // driver.Stage
	raw     *watchedConn
	offered atomic.Bool // a secret or key was offered
	nothing error       // why nothing was
	hostKey error       // what the host key check said
	agent   net.Conn    // to the SSH agent while the login needs it
}

// login is what a successful attempt gives.
type login struct {
	raw      *watchedConn
	conn     ssh.Conn
	channels <-chan ssh.NewChannel
	requests <-chan *ssh.Request
}

// connect dials from the end of the way, checks the host key and logs in.
func (a *attempt) connect(w *way, port int) (*login, error) {
	dialled := net.JoinHostPort(a.target.Address, strconv.Itoa(port))
	a.started, a.at = time.Now(), knownhosts.Normalize(dialled)
	a.reach(driver.StageDial)
	config, err := a.config()
	defer a.releaseAgent()
	if err != nil {
		return nil, a.refused(err)
	}
	raw, err := w.dial(a.ctx, dialled)
	if err != nil {
		return nil, a.fault(err)
	}
	a.reach(driver.StageHandshake)
	a.raw = watch(raw)
	stop := context.AfterFunc(a.ctx, func() {
		w.cut() // first, since closing a connection through a jump host writes
		_ = raw.Close()
	})
	l := &login{raw: a.raw}
	l.conn, l.channels, l.requests, err = ssh.NewClientConn(a.raw, a.target.Address, config)
	if !stop() && err == nil { // the context ended just as the login was done
		_ = l.conn.Close()
		err = context.Cause(a.ctx)
	}
	if err != nil {
		_ = raw.Close()
		return nil, a.fault(err)
	}
	a.logins.Succeeded()
	return l, nil
}

// refused says that the attempt was not made.
func (a *attempt) refused(err error) error {
	var credential *driver.CredentialError
	if errors.As(err, &credential) {
		return err
	}
	return &driver.RefusedError{DeviceID: a.target.DeviceID, Err: err}
}

func (a *attempt) reach(s driver.Stage) { a.stage.Store(s) }

// fault says in the words of package driver why the attempt failed.
func (a *attempt) fault(err error) error {
	t := a.target
	stage := a.stage.Load().(driver.Stage)
	var hostKey *driver.HostKeyError
	switch {
	case errors.As(a.hostKey, &hostKey):
		return hostKey
	case a.ctx.Err() != nil:
		return driver.EndedError(a.ctx, t, stage, time.Since(a.started))
	case a.nothing != nil:
		return &driver.AuthenticationError{DeviceID: t.DeviceID, Address: t.Address, Username: t.Username, Stage: stage, Hop: a.hop, Err: a.nothing}
	case stage == driver.StageAuthentication && a.offered.Load():
		// Also when the connection is lost: some devices just hang up on a wrong password.
		return &driver.AuthenticationError{DeviceID: t.DeviceID, Address: t.Address, Username: t.Username, Stage: stage, Hop: a.hop, Err: err}
	case stage == driver.StageHandshake && lost(err) && !a.raw.heard.Load():
		return &driver.BusyError{DeviceID: t.DeviceID, Address: t.Address, Err: err,
			Reason: "it closed the connection without a word, as a device does that has no session left"}
	case errors.As(err, new(*ssh.AlgorithmNegotiationError)):
		return &driver.UnreachableError{DeviceID: t.DeviceID, Address: t.Address, Stage: stage,
			Err: fmt.Errorf("%w; if the device knows only old algorithms, allow legacy_algorithms for it", err)}
	default:
		return &driver.UnreachableError{DeviceID: t.DeviceID, Address: t.Address, Stage: stage, Err: err}
	}
}
