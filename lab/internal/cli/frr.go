package cli

import (
	"strings"

	"github.com/netrust/netrust/lab/internal/recorded"
	"github.com/netrust/netrust/lab/internal/runcfg"
	"github.com/netrust/netrust/lab/internal/tty"
)

// frr is FRRouting's vtysh behind OpenSSH with a ForceCommand, as FRRouting 8.4.4 on Debian 12 was seen to behave: no
// enable level, no `terminal width`, errors that repeat the line, and output that is not paged (VTYSH_PAGER=cat).
func frr(library *recorded.Library) *Platform {
	d := &dialect{
		exec:      frrExec(library),
		modes:     frrModes(),
		style:     runcfg.Style{Indent: " ", Separator: "!", Close: "exit"},
		keys:      []string{"hostname", "description", "bgp router-id", "ospf router-id", "log syslog", "ip ospf cost"},
		paged:     &pager{prompt: fixed("\x1b[7m--More--\x1b[m"), erase: "\r\x1b[K"},
		greeting:  frrGreeting,
		promptOf:  frrPrompt,
		wording:   frrWording,
		filterOf:  frrFilter,
		badFilter: frrBadFilter,
		keyEcho: func(interrupt bool) string {
			if interrupt {
				return "^C\n"
			}
			return ""
		},
		// vtysh walks up the modes to find one that knows the line.
		fallThrough: true,
	}
	return &Platform{
		Name: frrouting, Vendor: "frrouting", Prefix: "frr",
		ServerVersion: "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3",
		Password:      true, KeyboardInteractive: true, Question: "Password: ", MaxTries: 6,
		ExecStartsShell: true,
		NoPTY:           tty.Mode{Echo: true}, // readline echoes all the same
		BusyText:        "Exceeded MaxStartups\r\n",
		unnamed:         "(null)",
		factory:         frrFactory,
		start: func(s *Shell) personality {
			s.length = 0 // cat
			return &console{Shell: s, dialect: d, level: 15}
		},
	}
}

func frrGreeting(c *console) {
	c.say("\nHello, this is FRRouting (version 8.4.4).\nCopyright 1996-2005 Kunihiro Ishiguro, et al.\n\n")
}

func frrPrompt(c *console) string {
	switch {
	case c.mode != "":
		return c.device.Hostname() + "(" + c.mode + ")# "
	case c.level < 15:
		return c.device.Hostname() + "> "
	default:
		return c.device.Hostname() + "# "
	}
}

func frrWording(c *console, line string, p parsed) {
	switch p.problem {
	case incomplete:
		c.sayf("%% Command incomplete: %s\n", line)
	case ambiguous:
		c.sayf("%% Ambiguous command: %s\n", line)
	default:
		c.sayf("%% Unknown command: %s\n", line)
	}
}

// frrFilter knows the one filter that vtysh has.
func frrFilter(_ *console, spec string) (filter, bool) {
	name, expression, _ := strings.Cut(spec, " ")
	if name != "include" || expression == "" {
		return nil, false
	}
	return include(strings.TrimSpace(expression), true), true
}

func frrBadFilter(c *console, _, spec string) {
	name, _, _ := strings.Cut(spec, " ")
	c.sayf("%% Unknown action '%s'\n", name)
}

// frrExec is vtysh outside of configuration.
func frrExec(library *recorded.Library) *grammar {
	g := &grammar{}
	addRecorded(g, library, frrouting)
	addMarks(g)
	addInterfaces(g, "show interface", "Interface ", sameName, func(c *console, name string) error {
		c.status = 1
		c.sayf("%% Can't find interface %s\n", name)
		return nil
	})
	g.add("show running-config", "Show running system information|running configuration", frrRunning)
	g.add("show history", "|Display the session command history", func(c *console, _ []string) error {
		for _, line := range c.history {
			c.sayf("%s\n", line)
		}
		return nil
	})
	g.add("show startup-config", "|Contents of startup configuration", nothing)
	g.add("write", "Write running configuration to memory, network, or terminal", frrWrite)
	g.add("write memory", "|Write configuration to the file (same as write file)", frrWrite)
	g.add("write file", "|Write configuration to the file (same as write memory)", frrWrite)
	g.add("write terminal", "|Write to terminal", frrRunning)
	g.add("copy running-config startup-config", "Copy from one file to another|Copy from current system configuration|Copy to startup configuration", frrWrite)
	g.add("configure", "Configuration from vty interface", configure(""))
	g.add("configure terminal", "|Configuration terminal", configure(""))
	g.add("enable", "Turn on privileged mode command", func(c *console, _ []string) error { c.level = 15; return nil })
	g.add("disable", "Turn off privileged mode command", func(c *console, _ []string) error { c.level = 1; return nil })
	g.add("terminal length <0-4294967295>", "Set terminal line parameters|Set number of lines on a screen|Number of lines on screen (0 for no pausing, -1 to use VTYSH_PAGER)", nothing)
	g.add("clear ip bgp LINE", "Reset functions|IP information|BGP information|Peer", nothing)
	g.add("clear bgp LINE", "|BGP information|Peer", nothing)
	for _, word := range []string{"exit", "quit"} {
		g.add(word, "Exit current mode and down to previous mode", logout)
	}
	g.add("end", "End current mode and change to enable mode", nothing)
	return g
}

// frrRunning prints the running config as vtysh gathers it.
func frrRunning(c *console, _ []string) error {
	c.say("Building configuration...\n\nCurrent configuration:\n!\n")
	c.device.config(func(running *runcfg.Tree) { c.out = running.Append(c.out, c.dialect.style) })
	c.say("end\n")
	return nil
}

// frrWrite saves the config, with the warnings of a vtysh without watchfrr.
func frrWrite(c *console, _ []string) error {
	c.device.save()
	c.say("Note: this version of vtysh never writes vtysh.conf\nBuilding Configuration...\n" +
		"Integrated configuration saved to /etc/frr/frr.conf\n[OK]\n")
	return nil
}

// frrModes is vtysh's configuration.
func frrModes() map[string]*grammar {
	global := &grammar{}
	for _, line := range []string{
		"access-list LINE", "bgp LINE", "debug LINE", "enable password LINE", "frr LINE", "hostname WORD", "ip route LINE",
		"ip prefix-list LINE", "ip forwarding", "ipv6 LINE", "log LINE", "password LINE", "service LINE", "username LINE",
		"zebra LINE", "banner LINE", "agentx", "fpm LINE", "mpls LINE", "router-id LINE",
	} {
		global.add(line, "", set)
	}
	global.add("interface WORD", "Select an interface to configure|Interface's name", open("config-if"))
	global.add("router bgp", "Enable a routing process|BGP information", open("config-router"))
	for pattern, mode := range map[string]string{
		"router bgp LINE": "config-router", "router ospf": "config-router", "router ospf LINE": "config-router",
		"router rip": "config-router", "router isis WORD": "config-router", "route-map LINE": "config-route-map",
		"vrf WORD": "config-vrf", "line vty": "config-line",
	} {
		global.add(pattern, "", open(mode))
	}
	addConfigWords(global)
	router := append([]string{"ospf LINE", "exit-address-family", "address-family LINE"}, iosRouterLines...)
	modes := map[string]*grammar{
		"config":           global,
		"config-if":        sectionGrammar([]string{"description LINE", "ip address A.B.C.D LINE", "ip address LINE", "ip ospf LINE", "ipv6 LINE", "bandwidth LINE", "link-detect", "mpls LINE", "vrf WORD", "multicast"}),
		"config-router":    sectionGrammar(router),
		"config-router-af": sectionGrammar(router),
		"config-route-map": sectionGrammar([]string{"match LINE", "set LINE", "description LINE", "on-match LINE", "call WORD"}),
		"config-vrf":       sectionGrammar([]string{"vni LINE", "ip route LINE"}),
		"config-line":      sectionGrammar([]string{"exec-timeout LINE", "access-class LINE"}),
	}
	for _, mode := range []string{"config-router", "config-router-af"} {
		family := modes[mode].root.kid("address-family").kid("LINE")
		family.run = open("config-router-af")
	}
	modes["config-router-af"].root.kid("exit-address-family").run = leave
	return modes
}

// frrFactory is the running config that a simulated FRRouting router is delivered with.
func frrFactory(d *Device) string {
	var b strings.Builder
	line := func(text string) { b.WriteString(text); b.WriteByte('\n') }
	line("frr version 8.4.4\nfrr defaults traditional\nhostname " + d.Name + "\nlog syslog informational")
	line("no ip forwarding\nno ipv6 forwarding\nservice integrated-vtysh-config\n!")
	line("ip route 192.0.2.0/24 10.0.13.9\n!")
	line("interface eth0\n description to core\n ip address 10.1." + octet(d.Number) + ".1/24\n!")
	line("interface eth1\n ip address 10.2." + octet(d.Number) + ".1/24\n!")
	line("interface lo\n ip address " + d.loopback() + "/32\n!")
	line("router bgp 65001\n bgp router-id " + d.loopback() + "\n neighbor 10.1." + octet(d.Number) + ".2 remote-as 65002")
	line(" neighbor 10.1." + octet(d.Number) + ".2 password " + d.Secret("bgp", 16))
	line(" !\n address-family ipv4 unicast\n  network " + d.loopback() + "/32\n exit-address-family\n!")
	line("router ospf\n ospf router-id " + d.loopback() + "\n network 10.2." + octet(d.Number) + ".0/24 area 0\n!")
	return b.String()
}
