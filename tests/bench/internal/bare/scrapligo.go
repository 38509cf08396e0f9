package bare

import (
	"context"
	"errors"
	"net"
	"strconv"

	"github.com/scrapli/scrapligo/driver/options"
	"github.com/scrapli/scrapligo/platform"
)

// scrapligo does the exchange as its documentation shows: a platform and its network driver per device, over the transport
// on x/crypto/ssh. Its platform types the same two commands before.
func scrapligo(ctx context.Context, address string, login Login) (string, error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return "", err
	}
	p, err := platform.NewPlatform(platform.AristaEos, host,
		options.WithAuthNoStrictKey(), options.WithAuthUsername(login.Username), options.WithAuthPassword(login.Password),
		options.WithTransportType("standard"), options.WithPort(port),
		options.WithTimeoutSocket(exchangeTimeout), options.WithTimeoutOps(exchangeTimeout),
	)
	if err != nil {
		return "", err
	}
	d, err := p.GetNetworkDriver()
	if err != nil {
		return "", err
	}
	if err := d.Open(); err != nil {
		return "", err
	}
	defer d.Close() //nolint:errcheck // it types exit, and fails when the device is faster
	r, err := d.SendCommand(Command)
	if err != nil {
		return "", err
	}
	return r.Result, errors.Join(r.Failed, ctx.Err())
}
