package lab

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/netrust/netrust/lab/internal/cli"
)

// How a lab listens ([Config.Listen]).
const (
	// ListenAuto is ListenEach for up to 1000 devices, ListenOne for more.
	ListenAuto = ""
	// ListenEach opens a socket per device. A device told to refuse connections then closes its socket, so that the
	// client's kernel sees a true refusal. It takes an open file per device.
	ListenEach = "each"
	// ListenOne opens one socket for all devices, bound to the loopback interface, and tells devices apart by the
	// address that a client connected to. A device told to refuse connections resets them as soon as they are there.
	ListenOne = "one"
)

// Config says what lab to build. The zero value is a lab of one device per platform on a port chosen at start.
type Config struct {
	// Devices is how many devices there are; 0 is one per platform.
	Devices int
	// Platforms are dealt out to the devices in turn; none is all of [Platforms].
	Platforms []string
	// Port is the TCP port of all devices; 0 chooses a free one at start.
	Port int
	// AddressBase is the address of the first device, within 127.0.0.0/8; "" is 127.18.0.1. The others follow, leaving
	// out those that end in .0 or .255.
	AddressBase string
	// Seed decides host keys, serial numbers, passwords and every secret in configs.
	Seed uint64
	// Username logs in to every device; "" is "lab".
	Username string
	// Password and EnableSecret are made from the seed when empty.
	Password     string
	EnableSecret string
	// AuthorizedKeys may log in as Username too.
	AuthorizedKeys []ssh.PublicKey
	// Privileged logs users in at privilege level 15 where a platform has levels; otherwise they have to `enable`.
	Privileged bool
	// Sites is over how many sites devices spread; up to 1 is the one site "lab".
	Sites int
	// Latency is what every command takes.
	Latency time.Duration
	// MaxSessions is how many logins a device holds at once before it is busy; 0 is no limit.
	MaxSessions int
	// LockAfter is after how many bad logins in a row, on whichever devices, an account is locked; 0 is never. LoginDelay is
	// how long the server of accounts takes for a password.
	LockAfter  int
	LoginDelay time.Duration
	// IdleTimeout ends a session in which the client is silent; 0 is ten minutes.
	IdleTimeout time.Duration
	// ReloadTime is how long a device that was reloaded stays away; 0 is two seconds.
	ReloadTime time.Duration
	// CommandLog is how many of the last commands a device remembers in order; 0 is 200.
	CommandLog int
	// Control is the address of the HTTP control, on loopback; "" chooses a free port of 127.0.0.1.
	Control string
	// Listen is [ListenAuto], [ListenEach] or [ListenOne].
	Listen string
}

// The ports that a lab has unless told otherwise; the zero Config chooses free ones instead.
const (
	DefaultPort    = 2222
	DefaultControl = "127.0.0.1:2280"
)

// maxDevices is what fits in 127.0.0.0/8 without addresses ending in .0 and .255, with room to spare.
const maxDevices = 1_000_000

// Default returns the config of a lab of 24 devices of all platforms on the documented ports.
func Default() Config {
	return Config{Devices: 24, Port: DefaultPort, Control: DefaultControl}
}

// Platforms lists the platforms that a lab can simulate.
func Platforms() []string { return cli.Names() }

// Validate reports everything that is wrong with the config, each with a remedy.
func (c *Config) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf("lab: "+format, args...)) }
	if c.Devices < 0 || c.Devices > maxDevices {
		fault("devices (%d) must be between 1 and %d", c.Devices, maxDevices)
	}
	for _, name := range c.Platforms {
		if !slices.Contains(Platforms(), name) {
			fault("platforms: %q is not simulated; choose from %s", name, strings.Join(Platforms(), ", "))
		}
	}
	if c.Port < 0 || c.Port > 65535 {
		fault("port (%d) must be between 0 and 65535; 0 chooses a free one", c.Port)
	}
	if err := c.checkAddresses(); err != nil {
		faults = append(faults, err)
	}
	if c.Listen != ListenAuto && c.Listen != ListenEach && c.Listen != ListenOne {
		fault("listen (%q) must be %q, %q or empty", c.Listen, ListenEach, ListenOne)
	}
	if strings.ContainsAny(c.Username, " \t\r\n") || strings.ContainsAny(c.Password+c.EnableSecret, "\r\n") {
		fault("username must be one word, password and enable secret one line: devices read them from a terminal")
	}
	if c.Control != "" {
		if at, err := netip.ParseAddrPort(c.Control); err != nil || !at.Addr().IsLoopback() {
			fault("control (%q) must be a loopback address and port such as %s: it has no password", c.Control, DefaultControl)
		}
	}
	for name, value := range map[string]time.Duration{"latency": c.Latency, "idle_timeout": c.IdleTimeout, "reload_time": c.ReloadTime, "login_delay": c.LoginDelay} {
		if value < 0 {
			fault("%s (%s) must not be negative", name, value)
		}
	}
	if c.Sites < 0 || c.MaxSessions < 0 || c.CommandLog < 0 || c.LockAfter < 0 {
		fault("sites (%d), max_sessions (%d), command_log (%d) and lock_after (%d) must not be negative", c.Sites, c.MaxSessions, c.CommandLog, c.LockAfter)
	}
	return errors.Join(faults...)
}

// checkAddresses makes sure that every device gets an address.
func (c *Config) checkAddresses() error {
	if c.AddressBase == "" {
		return nil
	}
	base, err := netip.ParseAddr(c.AddressBase)
	if err != nil || !base.Is4() || !base.IsLoopback() {
		return fmt.Errorf("lab: address_base (%q) must be an IPv4 address in 127.0.0.0/8, such as %s", c.AddressBase, defaultBase)
	}
	if last := addressAt(base, max(c.Devices, 1)-1); !last.IsLoopback() {
		return fmt.Errorf("lab: %d devices do not fit between address_base (%s) and 127.255.255.254: choose a lower base, such as %s",
			c.Devices, base, defaultBase)
	}
	return nil
}

// withDefaults fills in what was left out.
func (c Config) withDefaults() Config {
	if len(c.Platforms) == 0 {
		c.Platforms = Platforms()
	}
	if c.Devices == 0 {
		c.Devices = len(c.Platforms)
	}
	if c.AddressBase == "" {
		c.AddressBase = defaultBase
	}
	if c.Username == "" {
		c.Username = "lab"
	}
	if c.Password == "" {
		c.Password = "pw-" + derive(c.Seed, 16, "password")
	}
	if c.EnableSecret == "" {
		c.EnableSecret = "en-" + derive(c.Seed, 16, "enable")
	}
	if c.IdleTimeout == 0 {
		c.IdleTimeout = 10 * time.Minute
	}
	if c.ReloadTime == 0 {
		c.ReloadTime = 2 * time.Second
	}
	if c.CommandLog == 0 {
		c.CommandLog = 200
	}
	if c.Control == "" {
		c.Control = "127.0.0.1:0"
	}
	if c.Listen == ListenAuto {
		c.Listen = ListenEach
		if c.Devices > 1000 {
			c.Listen = ListenOne
		}
	}
	return c
}
