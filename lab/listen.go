package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// listeners are the lab's sockets: one of all devices, or one per device.
//
// One socket is what makes ten thousand devices cheap: a socket each would take half of the 20,000 files that a small
// machine lets a process open, and a goroutine each. It listens on the wildcard address, since Linux has no other way to
// take connections to all of 127.0.0.0/8 at once; bound to the loopback interface, it gets no packet from outside, and
// where that cannot be had, connections to other addresses are dropped unread. A socket each is better for small labs,
// because a device can then truly refuse a connection.
type listeners struct {
	mu     sync.Mutex
	closed bool
	one    net.Listener
	each   map[*Device]net.Listener
	serve  func(*Device, net.Listener) // set once the lab serves
}

// filesToSpare is how many open files the lab leaves for sessions, the control and the rest of the process.
const filesToSpare = 256

// listen opens the sockets.
func (l *Lab) listen(ctx context.Context) error {
	if l.config.Listen == ListenOne {
		return l.listenOne(ctx)
	}
	if limit, known := openFiles(); known && uint64(len(l.devices)+filesToSpare) > limit {
		return fmt.Errorf("%w: %d devices with a socket each need %d, the limit is %d; raise it (ulimit -n) or set listen to %q",
			ErrOpenFiles, len(l.devices), len(l.devices)+filesToSpare, limit, ListenOne)
	}
	for try := 1; ; try++ {
		err := l.listenEach(ctx)
		if err == nil || l.config.Port != 0 || !errors.Is(err, syscall.EADDRINUSE) || try == maxTries {
			return err
		}
		l.port.Store(0) // somebody has that port at another device's address: choose another
	}
}

// maxTries is how often a lab that may choose its port tries for one that is free at all addresses.
const maxTries = 10

// listenEach opens a socket per device, or none.
func (l *Lab) listenEach(ctx context.Context) error {
	each := make(map[*Device]net.Listener, len(l.devices))
	for _, device := range l.devices {
		socket, err := l.listenFor(ctx, device)
		if err != nil {
			for _, opened := range each {
				opened.Close()
			}
			return err
		}
		each[device] = socket
		l.port.CompareAndSwap(0, int64(socket.Addr().(*net.TCPAddr).Port))
	}
	l.gate.each = each
	return nil
}

func (l *Lab) listenOne(ctx context.Context) error {
	config := net.ListenConfig{Control: bindToLoopback, KeepAlive: -1}
	socket, err := config.Listen(ctx, "tcp4", fmt.Sprintf("0.0.0.0:%d", l.config.Port))
	if err != nil {
		return fmt.Errorf("lab: listening for all devices on port %d: %w (is another lab running? choose another port)", l.config.Port, err)
	}
	l.gate.one = socket
	l.port.Store(int64(socket.Addr().(*net.TCPAddr).Port))
	return nil
}

// listenFor opens the socket of one device. The first device's chooses the port if none is given.
func (l *Lab) listenFor(ctx context.Context, device *Device) (net.Listener, error) {
	config := net.ListenConfig{KeepAlive: -1}
	socket, err := config.Listen(ctx, "tcp4", device.Target())
	if err != nil {
		return nil, fmt.Errorf("lab: listening for %s on %s: %w (is another lab running? choose another port or address base)",
			device.ID, device.Target(), err)
	}
	return socket, nil
}

// serveAll begins to accept connections.
func (l *Lab) serveAll(ctx context.Context, group *errgroup.Group) {
	if l.gate.one != nil {
		group.Go(func() error { return l.accept(ctx, l.gate.one, nil) })
		return
	}
	l.gate.mu.Lock()
	defer l.gate.mu.Unlock()
	l.gate.serve = func(device *Device, socket net.Listener) {
		group.Go(func() error { return l.accept(ctx, socket, device) })
	}
	for device, socket := range l.gate.each {
		l.gate.serve(device, socket)
	}
}

// accept serves the connections of a socket until it is closed. Without a device, the address that the client
// connected to tells the device.
func (l *Lab) accept(ctx context.Context, socket net.Listener, device *Device) error {
	for {
		conn, err := socket.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil
		case errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE):
			limit, _ := openFiles()
			return fmt.Errorf("%w: the limit of %d is reached by open sessions; raise it (ulimit -n)", ErrOpenFiles, limit)
		case err != nil:
			return fmt.Errorf("lab: accepting connections on %s: %w", socket.Addr(), err)
		}
		to := device
		if to == nil {
			to = l.byAddress[localAddress(conn)]
		}
		if to == nil || !l.track(conn) {
			conn.Close() // no such device, or no device's address at all
			continue
		}
		go func() {
			defer l.untrack(conn)
			defer conn.Close()
			to.serve(ctx, conn.(*net.TCPConn))
		}()
	}
}

func localAddress(conn net.Conn) netip.Addr {
	return conn.LocalAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
}

// refusal makes a device refuse connections or take them again. With a socket per device that is to close it and to open
// it again; with one socket for all, serve resets the connection.
func (l *Lab) refusal(device *Device, refuse bool) error {
	l.gate.mu.Lock()
	defer l.gate.mu.Unlock()
	if l.gate.serve == nil || l.gate.closed {
		return nil
	}
	socket, open := l.gate.each[device]
	switch {
	case refuse && open:
		delete(l.gate.each, device)
		socket.Close()
	case !refuse && !open:
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		socket, err := l.listenFor(ctx, device)
		if err != nil {
			return err
		}
		l.gate.each[device] = socket
		l.gate.serve(device, socket)
	}
	return nil
}

// close closes all sockets.
func (g *listeners) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	if g.one != nil {
		g.one.Close()
	}
	for _, socket := range g.each {
		socket.Close()
	}
}
