package lab

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/netrust/netrust/lab/fault"
	"github.com/netrust/netrust/lab/internal/cli"
)

// Device is one simulated device.
type Device struct {
	// ID, Name, Platform, Vendor, Site and Role are what the inventory says of it.
	ID, Name, Platform, Vendor, Site, Role string
	// Address is its own address of the loopback network.
	Address netip.Addr

	lab      *Lab
	cli      cli.Device
	platform *cli.Platform
	faults   atomic.Pointer[fault.Set]
	key      atomic.Pointer[deviceKey]

	mu        sync.Mutex
	tally     tally
	conns     map[net.Conn]struct{} // logged in
	downUntil time.Time
}

// deviceKey is a host key as it was made last: right or changed.
type deviceKey struct {
	changed bool
	signer  ssh.Signer
}

var roles = [...]string{"access", "access", "access", "access", "access", "distribution", "distribution", "core"}

// build makes device number (counted from 1) of a lab.
func (l *Lab) build(number int, base netip.Addr) *Device {
	config := &l.config
	platform := l.platforms[config.Platforms[(number-1)%len(config.Platforms)]]
	digits := max(4, len(fmt.Sprint(config.Devices)))
	suffix := fmt.Sprintf("%0*d", digits, number)
	d := &Device{
		ID:       "lab-" + suffix,
		Name:     platform.Prefix + "-" + suffix,
		Platform: platform.Name,
		Vendor:   platform.Vendor,
		Site:     siteName(number-1, config.Sites),
		Role:     roles[(number-1)%len(roles)],
		Address:  addressAt(base, number-1),
		lab:      l,
		platform: platform,
	}
	d.cli.Facts = cli.Facts{
		ID: d.ID, Name: d.Name, Number: number, Address: d.Address,
		Serial:     "LAB" + strings.ToUpper(derive(config.Seed, 8, "serial", d.ID)),
		Username:   config.Username,
		Password:   config.Password,
		Enable:     config.EnableSecret,
		Privileged: config.Privileged,
		Secret:     func(use string, size int) string { return derive(config.Seed, size, "secret", d.ID, use) },
	}
	d.cli.Platform, d.cli.Library, d.cli.Host = platform, l.library, host{d}
	d.cli.Boot(l.began)
	return d
}

// siteName spreads devices over sites lab-a, lab-b, … lab-z, lab-27 and so on.
func siteName(index, sites int) string {
	if sites <= 1 {
		return "lab"
	}
	site := index % sites
	if site < 26 {
		return "lab-" + string(rune('a'+site))
	}
	return fmt.Sprintf("lab-%d", site+1)
}

// Port is the TCP port that the device listens on; 0 until the lab is ready when it was to choose one.
func (d *Device) Port() int { return int(d.lab.port.Load()) }

// Target is the device's address and port, for dialling.
func (d *Device) Target() string {
	return netip.AddrPortFrom(d.Address, uint16(d.Port())).String()
}

// Hostname is what the device calls itself at this moment.
func (d *Device) Hostname() string { return d.cli.Hostname() }

// HostKey is the key that the device shows, unless a fault has it show another.
func (d *Device) HostKey() ssh.PublicKey { return d.signer(false).PublicKey() }

// Secrets lists every password, key, hash and community that the device's config holds as delivered: what must not
// appear in logs, events and results.
func (d *Device) Secrets() []string { return d.cli.Secrets() }

// signer is the device's host key, made when it is first needed.
func (d *Device) signer(changed bool) ssh.Signer {
	if key := d.key.Load(); key != nil && key.changed == changed {
		return key.signer
	}
	generation := "first"
	if changed {
		generation = "changed"
	}
	signer, err := ssh.NewSignerFromKey(hostKey(d.lab.config.Seed, d.ID, generation))
	if err != nil {
		panic(fmt.Sprintf("lab: an ed25519 key is no SSH key: %v", err)) // cannot be: the type is known to x/crypto
	}
	d.key.Store(&deviceKey{changed, signer})
	return signer
}

// SetFaults makes the device misbehave from now on as the set says, in place of what it did before.
func (d *Device) SetFaults(set fault.Set) error {
	if err := set.Validate(); err != nil {
		return fmt.Errorf("faults of %s: %w", d.ID, err)
	}
	d.faults.Store(&set)
	return d.lab.refusal(d, set.Refuse)
}

// ClearFaults makes the device healthy.
func (d *Device) ClearFaults() error {
	d.faults.Store(nil)
	return d.lab.refusal(d, false)
}

// Faults returns what the device does wrong at this moment; nil is nothing. The caller must not change it.
func (d *Device) Faults() *fault.Set { return d.faults.Load() }

// Reload restarts the device from its startup config: all sessions end, and for a while it refuses connections.
func (d *Device) Reload() {
	now := time.Now()
	d.mu.Lock()
	d.tally.Reloads++
	d.downUntil = now.Add(d.lab.config.ReloadTime)
	d.mu.Unlock()
	d.cli.Boot(now)
	d.hangUp()
}

// hangUp closes all connections on which a user is logged in.
func (d *Device) hangUp() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for conn := range d.conns {
		conn.Close()
	}
}

// Reset makes the device as it was at the start: config as delivered, no faults, counts at zero. Sessions end.
func (d *Device) Reset() error {
	d.hangUp()
	d.cli.Reset(time.Now())
	d.mu.Lock()
	open := d.tally.SessionsOpen
	d.tally = tally{Counts: Counts{SessionsOpen: open, SessionsMax: open}}
	d.downUntil = time.Time{}
	d.mu.Unlock()
	return d.ClearFaults()
}
