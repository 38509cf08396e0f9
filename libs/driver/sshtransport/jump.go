package sshtransport

import (
	"context"
	"errors"
	"fmt"
	"net"

	"golang.org/x/crypto/ssh"

	"github.com/netrust/netrust/libs/driver"
)

// jumpPort is where jump hosts listen unless their target says otherwise.
const jumpPort = 22

// way is the open chain of jump hosts to a device; without any it dials directly.
type way struct {
	bottom net.Conn // the one TCP connection that carries all; nil without jump hosts
	hops   []hop
}

type hop struct {
	name   string
	client *ssh.Client
}

// openWay logs in to each jump host of the target, one through the other, within ctx. Its errors name the hop.
func openWay(ctx context.Context, t driver.Target) (*way, error) {
	w := &way{}
	for i, h := range t.Jump {
		port := h.Port
		if port == 0 {
			port = jumpPort
		}
		l, err := (&attempt{target: h, hop: i + 1, ctx: ctx}).connect(w, port)
		if err != nil {
			w.close()
			return nil, fmt.Errorf("on the way to %s: %w", t.DeviceID, err)
		}
		if w.bottom == nil {
			w.bottom = l.raw
		}
		w.hops = append(w.hops, hop{name: h.DeviceID, client: ssh.NewClient(l.conn, l.channels, l.requests)})
	}
	return w, nil
}

// dial connects from the last jump host to the address.
func (w *way) dial(ctx context.Context, address string) (net.Conn, error) {
	if len(w.hops) == 0 {
		var dialer net.Dialer
		return dialer.DialContext(ctx, "tcp", address)
	}
	last := w.hops[len(w.hops)-1]
	defer context.AfterFunc(ctx, w.cut)() // what the hop does not answer ends with the connection to it
	conn, err := last.client.Dial("tcp", address)
	var refused *ssh.OpenChannelError
	switch {
	case err == nil:
		return conn, nil
	case errors.As(err, &refused) && refused.Reason == ssh.Prohibited:
		return nil, fmt.Errorf("%s does not forward connections (%s); allow TCP forwarding for its account", last.name, refused.Message)
	case errors.As(err, &refused):
		return nil, fmt.Errorf("%s could not connect to it: %s", last.name, refused.Message)
	default:
		return nil, fmt.Errorf("through %s: %w", last.name, err)
	}
}

// cut closes the connection under all others, so that nothing waits for a jump host. It does not wait, and may be called
// at any time.
func (w *way) cut() {
	if w.bottom != nil {
		_ = w.bottom.Close()
	}
}

// close ends the chain and waits until nothing of it runs any more.
func (w *way) close() {
	w.cut()
	for i := len(w.hops) - 1; i >= 0; i-- {
		_ = w.hops[i].client.Close()
		_ = w.hops[i].client.Wait()
	}
}
