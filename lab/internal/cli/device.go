package cli

import (
	"net/netip"
	"sync"
	"time"

	"github.com/netrust/netrust/lab/internal/recorded"
	"github.com/netrust/netrust/lab/internal/runcfg"
)

// Facts are what makes a device this one.
type Facts struct {
	ID       string
	Name     string // the hostname it is delivered with
	Serial   string
	Number   int // counts the lab's devices from 1
	Address  netip.Addr
	Username string
	Password string
	Enable   string // the enable secret
	// Privileged logs users in at privilege level 15 where the platform has levels.
	Privileged bool
	// Secret derives a value of a size for one use in this device's config: a key, a community, a hash.
	Secret func(use string, size int) string
}

// Device is a device as its command line sees it: it keeps what outlives a session. Any number of sessions may use it.
type Device struct {
	Facts
	Platform *Platform
	Library  *recorded.Library
	Host     Host

	mu       sync.Mutex // guards what follows
	hostname string
	running  *runcfg.Tree // nil: as delivered
	startup  *runcfg.Tree
	junos    *junosConfig
	booted   time.Time
	changed  time.Time
}

// Boot starts the device from its startup config.
func (d *Device) Boot(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.booted, d.changed = now, time.Time{}
	d.running = nil
	d.hostname = d.Name
	if d.junos != nil {
		d.junos.reboot()
		d.hostname = d.junos.hostname()
	}
	if d.startup != nil {
		d.running = d.startup.Clone()
		if name := d.running.Value("hostname"); name != "" {
			d.hostname = name
		}
	}
}

// Reset makes the device as it was delivered.
func (d *Device) Reset(now time.Time) {
	d.mu.Lock()
	d.junos.stop()
	d.startup, d.junos = nil, nil
	d.mu.Unlock()
	d.Boot(now)
}

// Stop ends what the device does by itself.
func (d *Device) Stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.junos.stop()
}

// Hostname returns the device's present name.
func (d *Device) Hostname() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.hostname
}

// text appends the recorded output of a command to dst, and reports whether there is one.
func (d *Device) text(dst []byte, command string) ([]byte, bool) {
	text := d.Library.Text(d.Platform.Name, command, d.Number/len(names))
	if text == nil {
		return dst, false
	}
	return text.Append(dst, recorded.Vars{Hostname: d.Hostname(), Serial: d.Serial}), true
}

// config calls f with the running config, which f must not keep.
func (d *Device) config(f func(running *runcfg.Tree)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(d.tree())
}

// motd is the message of the day. No device is delivered with one, and most logins of a big lab should not have to make
// the running config.
func (d *Device) motd() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.running == nil {
		return ""
	}
	return d.running.Value("banner motd")
}

// edit calls f to change the running config; the device's name follows the config.
func (d *Device) edit(now time.Time, f func(running *runcfg.Tree)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(d.tree())
	d.changed = now
	if d.hostname = d.running.Value("hostname"); d.hostname == "" {
		d.hostname = d.Platform.unnamed
	}
}

// lastChange is when the running config was last changed, zero if it is as the device booted it.
func (d *Device) lastChange() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.changed
}

// save makes the running config the startup config.
func (d *Device) save() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.startup = d.tree().Clone()
}

// forget erases the startup config, so that the device starts as it was delivered.
func (d *Device) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.startup = nil
}

func (d *Device) tree() *runcfg.Tree {
	if d.running == nil {
		d.running = runcfg.Parse(d.Platform.factory(d))
	}
	return d.running
}

// uptime is how long the device has been up.
func (d *Device) uptime(now time.Time) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return now.Sub(d.booted)
}
