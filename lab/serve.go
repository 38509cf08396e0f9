package lab

import (
	"bufio"
	"context"
	"io"
	"net"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/netrust/netrust/lab/fault"
)

const (
	// loginGrace is how long a client may take to log in, as sshd has it.
	loginGrace = 120 * time.Second
	// maxSilence bounds how long a silent device holds a connection.
	maxSilence = time.Hour
)

// serve has the device speak to a client until one of them ends it. The caller closes the connection.
func (d *Device) serve(ctx context.Context, tcp *net.TCPConn) {
	d.count(func(c *Counts) { c.Connections++ })
	faults := d.Faults()
	switch {
	case faults != nil && faults.Refuse || d.isDown(time.Now()):
		tcp.SetLinger(0) // a reset instead of a good end
		return
	case faults != nil && faults.SilentAfterAccept:
		listen(tcp)
		return
	case faults != nil && faults.Busy == fault.BusyConnection:
		turnAway(tcp, d.platform.BusyText)
		return
	}
	tcp.SetDeadline(time.Now().Add(loginGrace))
	config := d.serverConfig(faults)
	in := false
	config.AuthLogCallback = func(_ ssh.ConnMetadata, _ string, err error) {
		if err == nil { // before the client learns of it, so that a client sees its own login counted
			in = true
			d.loggedIn(tcp)
		}
	}
	conn, channels, requests, err := ssh.NewServerConn(&buffered{tcp, bufio.NewReaderSize(tcp, 64), d}, config)
	if in {
		defer d.loggedOut(tcp)
	}
	if err != nil {
		return // the client gave up or could not log in: counted where it happened
	}
	defer conn.Close()
	tcp.SetDeadline(time.Time{})
	if d.isDown(time.Now()) {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	d.serveConn(ctx, &client{device: d, conn: conn, tcp: tcp}, channels, requests)
}

// buffered spares the byte by byte reading of the client's version line, which costs a system call for each; longer
// reads go past the buffer.
type buffered struct {
	*net.TCPConn
	in     *bufio.Reader
	device *Device
}

// Close counts the session as ended before the client can see that it is: whoever has seen it may log in again at once.
func (b *buffered) Close() error {
	b.device.loggedOut(b.TCPConn)
	return b.TCPConn.Close()
}

func (b *buffered) Read(p []byte) (int, error) { return b.in.Read(p) }

// listen reads and never answers, until the client goes away.
func listen(tcp *net.TCPConn) {
	tcp.SetDeadline(time.Now().Add(maxSilence))
	io.Copy(io.Discard, tcp)
}

// turnAway says why (or nothing) and ends the connection in such a way that the client reads it: closing at once, with
// the client's version line unread, would reset the connection.
func turnAway(tcp *net.TCPConn, reason string) {
	tcp.SetDeadline(time.Now().Add(time.Second))
	io.WriteString(tcp, reason)
	tcp.CloseWrite()
	io.Copy(io.Discard, tcp)
}

func (d *Device) isDown(now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return now.Before(d.downUntil)
}

// loggedIn counts a login.
func (d *Device) loggedIn(tcp net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.conns == nil {
		d.conns = map[net.Conn]struct{}{}
	}
	d.conns[tcp] = struct{}{}
	c := &d.tally.Counts
	c.LoginsOK++
	c.SessionsOpen++
	c.SessionsMax = max(c.SessionsMax, c.SessionsOpen)
}

// loggedOut counts a session's end, once.
func (d *Device) loggedOut(tcp net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, in := d.conns[tcp]; !in {
		return
	}
	delete(d.conns, tcp)
	d.tally.SessionsOpen--
}

// busy reports whether the device turns a session away.
func (d *Device) busy() bool {
	if faults := d.Faults(); faults != nil && faults.Busy == fault.BusySession {
		return true
	}
	limit := d.lab.config.MaxSessions
	if limit == 0 {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.tally.SessionsOpen > limit
}

// client is one logged-in connection.
type client struct {
	device *Device
	conn   *ssh.ServerConn
	tcp    *net.TCPConn
}

// serveConn serves the channels of a connection. It returns when the connection has ended and its sessions with it.
func (d *Device) serveConn(ctx context.Context, c *client, channels <-chan ssh.NewChannel, requests <-chan *ssh.Request) {
	ended := make(chan struct{}, 1)
	open := 0
	for channels != nil || open > 0 {
		select {
		case offer, ok := <-channels:
			if !ok {
				channels = nil
				break
			}
			if c.accept(ctx, offer, ended) {
				open++
			}
		case request, ok := <-requests:
			if !ok {
				requests = nil
				break
			}
			if request.WantReply {
				request.Reply(false, nil) // keepalive@openssh.com and the like: "no" is a sign of life as well
			}
		case <-ended:
			open--
		}
	}
}

// accept opens a session, if that is what the client asks for and the device has room. Its end is told to ended.
func (c *client) accept(ctx context.Context, offer ssh.NewChannel, ended chan<- struct{}) bool {
	if offer.ChannelType() != "session" {
		offer.Reject(ssh.UnknownChannelType, "unknown channel type")
		return false
	}
	if c.device.busy() {
		if c.device.platform.BusyText == "" {
			offer.Reject(ssh.ResourceShortage, "no free line")
		} else {
			offer.Reject(ssh.ConnectionFailed, "open failed")
		}
		return false
	}
	channel, requests, err := offer.Accept()
	if err != nil {
		return false
	}
	go func() {
		newSession(c, channel).serve(ctx, requests)
		ended <- struct{}{}
	}()
	return true
}
