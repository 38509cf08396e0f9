package cli

import (
	"strings"
	"time"

	"github.com/netrust/netrust/lab/internal/runcfg"
)

// configure enters configuration mode.
func configure(greeting string) handler {
	return func(c *console, _ []string) error {
		c.mode, c.path = "config", nil
		c.say(greeting)
		return nil
	}
}

// leave goes up one mode: from a section to the one around it, from global configuration to exec.
func leave(c *console, _ []string) error {
	switch {
	case c.mode == "config":
		c.mode = ""
	case len(c.path) > 1:
		c.path = c.path[:len(c.path)-1]
		c.mode = modeOf(c.path[len(c.path)-1])
	default:
		c.mode, c.path = "config", nil
	}
	return nil
}

// end goes back to exec.
func end(c *console, _ []string) error {
	c.mode, c.path = "", nil
	return nil
}

// set enters the line that runs into the running config.
func set(c *console, _ []string) error {
	c.device.edit(time.Now(), func(running *runcfg.Tree) { running.Set(c.path, c.canon, c.dialect.keys) })
	return nil
}

// open enters the section that the line that runs names, made if it is new.
func open(mode string) handler {
	return func(c *console, _ []string) error {
		c.enter(mode, c.canon)
		return nil
	}
}

// enter goes into a section of the present one.
func (c *console) enter(mode, section string) {
	var parent []string
	if strings.HasPrefix(section, "address-family") {
		parent = append(parent, c.path...)
	}
	c.path = append(parent, section)
	c.mode = mode
	c.device.edit(time.Now(), func(running *runcfg.Tree) {
		running.Set(c.path[:len(c.path)-1], section, c.dialect.keys)
	})
}

// modeOf is the mode of a section by its first words, for going up.
func modeOf(section string) string {
	switch {
	case strings.HasPrefix(section, "router"):
		return "config-router"
	default:
		return "config"
	}
}

// unset takes a line away: `no` and the line, or the beginning of it.
func unset(c *console, args []string) error {
	text := strings.TrimSpace(args[0])
	p := c.grammar().parse(text, c.level)
	path := c.path
	if p.problem == unknown && c.dialect.fallThrough && len(path) > 0 {
		if global := c.dialect.modes["config"].parse(text, c.level); global.problem != unknown {
			p, path = global, nil
			c.mode, c.path = "config", nil
		}
	}
	if p.problem == unknown || p.problem == ambiguous {
		p.at += strings.Index(c.line, text)
		c.status = 1
		c.dialect.wording(c, c.line, p)
		return nil
	}
	canon := p.canon
	if name, ok := strings.CutPrefix(canon, "interface "); ok {
		canon = "interface " + interfaceName(name)
	}
	c.device.edit(time.Now(), func(running *runcfg.Tree) {
		running.Unset(path, canon)
	})
	return nil
}

// setNegative enters a line that stands in the config with its "no" (NX-OS: `no shutdown`).
func setNegative(c *console, args []string) error {
	c.device.edit(time.Now(), func(running *runcfg.Tree) { running.Unset(c.path, strings.TrimPrefix(c.canon, "no ")) })
	return set(c, args)
}

// setShutdown enters `shutdown`, which stands instead of `no shutdown`.
func setShutdown(c *console, args []string) error {
	c.device.edit(time.Now(), func(running *runcfg.Tree) { running.Unset(c.path, "no shutdown") })
	return set(c, args)
}

// do runs an exec command inside configuration.
func do(c *console, args []string) error {
	mode, path := c.mode, c.path
	c.mode, c.path = "", nil
	c.shown += c.line[:strings.LastIndex(c.line, args[0])] // the caret counts from the beginning of the line
	err := c.command(args[0])
	if c.mode == "" {
		c.mode, c.path = mode, path
	}
	return err
}

// interfaceTypes are the names of interfaces in full. The first that a short name begins wins.
var interfaceTypes = []string{
	"GigabitEthernet", "TenGigabitEthernet", "FastEthernet", "Ethernet", "Loopback", "Vlan", "Port-channel", "Tunnel",
	"Serial", "Management", "mgmt", "BDI",
}

// interfaceName puts a name such as "gi0/1" or "Gi 0/1" in full, as the device's config has it.
func interfaceName(short string) string {
	short = strings.ReplaceAll(short, " ", "")
	digits := strings.IndexAny(short, "0123456789")
	if digits <= 0 {
		return short
	}
	for _, full := range interfaceTypes {
		if commonPrefix(full, short[:digits]) == digits {
			return full + short[digits:]
		}
	}
	return short
}

// physical reports whether an interface exists by hardware, so that entering it does not make it.
func physical(name string) bool {
	return !strings.Contains(name, ".") &&
		(strings.Contains(name, "Ethernet") || strings.HasPrefix(name, "Serial") || strings.HasPrefix(strings.ToLower(name), "m"))
}

// openInterface enters an interface; one that the hardware does not have is refused.
func openInterface(canon func(name string) string) handler {
	return func(c *console, args []string) error {
		name := canon(args[0])
		known := false
		c.device.config(func(running *runcfg.Tree) { _, known = running.Lines("interface " + name) })
		if !known && physical(name) {
			return c.refuse(args[0])
		}
		c.enter("config-if", "interface "+name)
		return nil
	}
}
