package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/netrust/netrust/lab/internal/recorded"
	"github.com/netrust/netrust/lab/internal/runcfg"
)

// eos is Arista EOS.
func eos(library *recorded.Library) *Platform {
	d := &dialect{
		exec:          eosExec(library),
		modes:         eosModes(),
		style:         runcfg.Style{Indent: "   ", Separator: "!"},
		keys:          append([]string{"vrf"}, iosKeys...),
		paged:         &pager{prompt: fixed("\x1b[7m --More-- \x1b[27m\x1b[K"), erase: "\r\x1b[K"},
		greeting:      eosGreeting,
		promptOf:      eosPrompt,
		wording:       eosWording,
		filterOf:      eosFilter,
		badFilter:     func(c *console, _, spec string) { c.say("% Invalid input\n") },
		interruptEnds: false,
		fallThrough:   true,
	}
	return &Platform{
		Name: aristaEOS, Vendor: "arista", Prefix: "eos",
		ServerVersion: "SSH-2.0-OpenSSH_7.8",
		Password:      true, KeyboardInteractive: true, Question: "Password: ", MaxTries: 4,
		BusyText: "Exceeded MaxStartups\r\n",
		unnamed:  "localhost",
		factory:  eosFactory,
		start: func(s *Shell) personality {
			c := &console{Shell: s, dialect: d, level: 1}
			if s.device.Privileged {
				c.level = 15
			}
			return c
		},
	}
}

func eosGreeting(c *console) {
	c.sayf("Last login: %s from 127.0.0.1\n", time.Now().UTC().Add(-time.Hour).Format("Mon Jan _2 15:04:05 2006"))
}

// eosPrompt names the section in short: (config-if-Et1).
func eosPrompt(c *console) string {
	name := c.device.Hostname()
	switch {
	case c.mode != "":
		return name + "(" + eosMode(c.mode, c.path) + ")#"
	case c.level >= 15:
		return name + "#"
	default:
		return name + ">"
	}
}

// eosMode is what the prompt calls a section: the mode and the section's own short name.
func eosMode(mode string, path []string) string {
	if len(path) == 0 {
		return mode
	}
	words := strings.Fields(path[len(path)-1])
	own := words[len(words)-1]
	switch mode {
	case "config-if":
		digits := strings.IndexAny(own, "0123456789")
		if digits > 2 {
			own = own[:2] + own[digits:]
		}
	case "config-router":
		if len(words) > 1 && words[1] == "bgp" {
			return mode + "-bgp"
		}
		return mode + "-" + words[1]
	}
	return mode + "-" + own
}

// eosWording is what EOS says about a line it cannot run; a command of privileged mode gets an answer of its own.
func eosWording(c *console, line string, p parsed) {
	switch p.problem {
	case incomplete:
		c.sayf("%% Incomplete command (at token %d: '%s')\n", p.token, p.word)
	case ambiguous:
		c.sayf("%% Ambiguous command (at token %d: '%s')\n", p.token, p.word)
	default:
		if c.mode == "" && c.level < 15 && c.grammar().parse(line, 15).problem != unknown {
			c.say("% Invalid input (privileged mode required)\n")
			return
		}
		c.sayf("%% Invalid input (at token %d: '%s')\n", p.token, p.word)
	}
}

func eosFilter(_ *console, spec string) (filter, bool) {
	name, expression, _ := strings.Cut(spec, " ")
	expression = strings.TrimSpace(expression)
	switch {
	case strings.HasPrefix("no-more", name) && len(name) > 1:
		return nil, true
	case name == "" || expression == "":
		return nil, false
	case strings.HasPrefix("include", name) || name == "grep" || name == "egrep":
		return include(expression, true), true
	case strings.HasPrefix("exclude", name):
		return include(expression, false), true
	case strings.HasPrefix("begin", name):
		return begin(expression), true
	case strings.HasPrefix("section", name):
		return section(expression), true
	}
	return nil, false
}

// eosExec is user and privileged exec mode.
func eosExec(library *recorded.Library) *grammar {
	g := &grammar{}
	addRecorded(g, library, aristaEOS)
	addMarks(g)
	addInterfaces(g, "show interfaces", "", interfaceName, invalidInterface)
	addFillers(g, "agent", "bash", "cd", "clock", "daemon", "debug", "diagnostic", "dir", "event", "format", "install", "ip", "ipv6",
		"logout", "mkdir", "monitor", "more", "no", "packet", "platform", "pwd", "python-shell", "refresh", "rename", "rmdir",
		"route", "scp", "send", "session", "ssh", "tail", "tcpdump", "telnet", "traceroute", "undebug", "verify", "watch",
		"who", "zerotouch")
	g.add("show clock", "|System time", func(c *console, _ []string) error {
		c.sayf("%s\ntimezone is UTC\n", time.Now().UTC().Format("Mon Jan _2 15:04:05 2006"))
		return nil
	})
	g.add("show hostname", "|System hostname", func(c *console, _ []string) error {
		c.sayf("Hostname: %s\nFQDN:     %s\n", c.device.Hostname(), c.device.Hostname())
		return nil
	})
	g.add("show privilege", "|Current privilege level", func(c *console, _ []string) error {
		c.sayf("Current privilege level is %d\n", c.level)
		return nil
	})
	g.add("show history", "|Session command history", showHistory)
	g.addAt(15, "show running-config", "|System operating configuration", eosRunning)
	g.addAt(15, "show running-config interfaces LINE", "||Filter config to include only the given interfaces|Interface", eosRunningInterface)
	g.addAt(15, "show startup-config", "|Contents of startup configuration", eosStartup)
	addTerminal(g)
	g.add("enable", "Turn on privileged commands", eosEnable)
	g.add("disable", "Turn off privileged commands", func(c *console, _ []string) error { c.level = 1; return nil })
	g.add("ping WORD", "Send echo messages|Destination", unixPing(5))
	g.addAt(15, "configure", "Enter configuration mode", configure(""))
	g.addAt(15, "configure terminal", "|Configure from the terminal", configure(""))
	g.addAt(15, "write", "Copy the running config to the startup config", eosWrite)
	g.addAt(15, "write memory", "|Copy the running config to the startup config", eosWrite)
	g.addAt(15, "copy running-config startup-config", "Copy files|System operating configuration|Startup config", eosWrite)
	g.addAt(15, "clear counters", "Reset functions|Interface counters", nothing)
	g.addAt(15, "reload", "Reboot the system", eosReload)
	for _, word := range []string{"exit", "quit"} {
		g.add(word, "Leave Exec mode", logout)
	}
	return g
}

func eosEnable(c *console, _ []string) error {
	if c.level >= 15 {
		return nil
	}
	for range 3 {
		secret, err := c.ask("Password: ", true)
		if err != nil {
			return err
		}
		if secret == c.device.Enable {
			c.level = 15
			return nil
		}
	}
	c.status = 1
	c.say("% Bad secret\n")
	return nil
}

func eosHeading(c *console, command string) {
	c.sayf("! Command: %s\n! device: %s (vEOS, EOS-4.27.6M)\n!\n! boot system flash:/vEOS-lab.swi\n!\n", command, c.device.Hostname())
}

func eosRunning(c *console, _ []string) error {
	eosHeading(c, "show running-config")
	c.device.config(func(running *runcfg.Tree) { c.out = running.Append(c.out, c.dialect.style) })
	c.say("end\n")
	return nil
}

func eosRunningInterface(c *console, args []string) error {
	name := interfaceName(args[0])
	c.device.config(func(running *runcfg.Tree) {
		if _, ok := running.Lines("interface " + name); ok {
			c.out = append(c.out, running.Section("interface "+name, c.dialect.style)...)
		}
	})
	return nil
}

func eosStartup(c *console, _ []string) error {
	now := time.Now().UTC().Format("Mon Jan _2 15:04:05 2006")
	c.sayf("! Command: show startup-config\n! Startup-config last modified at %s by root\n", now)
	c.sayf("! device: %s (vEOS, EOS-4.27.6M)\n!\n! boot system flash:/vEOS-lab.swi\n!\n%send\n", c.device.Hostname(), c.startupText())
	return nil
}

func eosWrite(c *console, _ []string) error {
	c.device.save()
	c.say("Copy completed successfully.\n")
	return nil
}

func eosReload(c *console, _ []string) error {
	if c.device.unsaved() {
		answer, err := c.ask("System configuration has been modified. Save? [yes/no/cancel/diff]:", false)
		if err != nil {
			return err
		}
		switch answer = strings.ToLower(strings.TrimSpace(answer)); {
		case strings.HasPrefix("yes", answer) && answer != "":
			c.device.save()
		case !strings.HasPrefix("no", answer) || answer == "":
			c.say("Invalid response\n")
			return nil
		}
	}
	yes, err := c.confirm("Proceed with reload? [confirm]")
	if err != nil || !yes {
		return err
	}
	return c.restart()
}

// eosModes is configuration mode and its sections.
func eosModes() map[string]*grammar {
	global := &grammar{}
	for _, line := range []string{
		"aaa LINE", "alias LINE", "banner LINE", "clock LINE", "daemon LINE", "dns LINE", "enable LINE", "errdisable LINE",
		"event-handler LINE", "hostname WORD", "ip LINE", "ipv6 LINE", "lldp LINE", "logging LINE", "mac LINE", "mlag LINE",
		"monitor LINE", "ntp LINE", "port-channel LINE", "queue-monitor LINE", "radius-server LINE", "route-map LINE",
		"service LINE", "snmp-server LINE", "spanning-tree LINE", "switchport LINE", "system LINE", "tacacs-server LINE",
		"transceiver LINE", "username LINE", "vxlan LINE", "hardware LINE", "platform LINE",
	} {
		global.add(line, "", set)
	}
	global.add("interface LINE", "Interface Configuration|Interface", openInterface(interfaceName))
	for pattern, mode := range map[string]string{
		"vlan LINE": "config-vlan", "router bgp LINE": "config-router", "router ospf LINE": "config-router",
		"ip access-list WORD": "config-acl", "vrf instance WORD": "config-vrf", "management api http-commands": "config-mgmt-api",
		"management ssh": "config-mgmt",
	} {
		global.add(pattern, "", open(mode))
	}
	addConfigWords(global)
	return map[string]*grammar{
		"config":          global,
		"config-if":       sectionGrammar(append([]string{"vrf WORD", "mlag LINE", "no switchport", "ip LINE", "vxlan LINE", "traffic-loopback LINE"}, iosInterfaceLines...)),
		"config-vlan":     sectionGrammar([]string{"name WORD", "state LINE", "trunk group LINE"}),
		"config-router":   sectionGrammar(append([]string{"vlan LINE", "address-family LINE", "vrf WORD"}, iosRouterLines...)),
		"config-acl":      sectionGrammar(append([]string{"<1-4294967295> LINE", "counters per-entry"}, iosACLLines...)),
		"config-vrf":      sectionGrammar([]string{"rd WORD", "description LINE"}),
		"config-mgmt-api": sectionGrammar([]string{"protocol LINE", "cors LINE", "vrf LINE", "no shutdown"}),
		"config-mgmt":     sectionGrammar([]string{"idle-timeout LINE", "authentication LINE", "cipher LINE", "connection LINE", "server-port LINE"}),
	}
}

// eosFactory is the running config that a simulated EOS device is delivered with.
func eosFactory(d *Device) string {
	var b strings.Builder
	line := func(text string) { b.WriteString(text); b.WriteByte('\n') }
	sha := func(use string) string {
		return "sha512 $6$" + d.Secret(use+"-salt", 16) + "$" + d.Secret(use+"-hash", 86)
	}
	line("transceiver qsfp default-mode 4x10G\n!\nhostname " + d.Name + "\n!")
	line("snmp-server community " + d.Secret("community", 12) + " ro\n!\nspanning-tree mode mstp\n!")
	line("tacacs-server key 7 " + d.Secret("tacacs", 16) + "\n!")
	line("enable secret " + sha("enable"))
	line("no aaa root\naaa authorization exec default local\n!")
	line("username " + d.Username + " privilege 1 role network-admin secret " + sha("user") + "\n!")
	line("vlan 10\n   name users\n!")
	line(fmt.Sprintf("interface Ethernet1\n   description uplink\n   no switchport\n   ip address 10.3.%d.1/24\n!", d.Number%256))
	line("interface Ethernet2\n!\ninterface Ethernet3\n   switchport access vlan 10\n!")
	line("interface Loopback0\n   ip address " + d.loopback() + "/32\n!")
	line("interface Management1\n   ip address " + d.Address.String() + "/8\n!")
	line("ip routing\n!\nmanagement api http-commands\n   no shutdown\n!")
	return b.String()
}
