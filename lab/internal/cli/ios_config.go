package cli

import (
	"strings"
)

// iosKeys are the commands of which a section holds one.
var iosKeys = []string{
	"hostname", "enable secret", "enable password", "ip domain name", "ip domain-name", "description", "ip address",
	"mtu", "bandwidth", "speed", "duplex", "ip vrf forwarding", "vrf forwarding", "encapsulation", "switchport mode",
	"switchport access vlan", "switchport trunk native vlan", "switchport trunk allowed vlan", "name", "router-id",
	"bgp router-id", "ip mtu", "exec-timeout", "transport input", "transport preferred", "banner motd", "banner login",
	"banner exec", "load-interval", "snmp-server location", "snmp-server contact", "logging buffered", "logging trap",
	"logging source-interface", "clock timezone", "version", "spanning-tree mode", "ip default-gateway", "rd",
}

// iosModes is configuration mode and its sections.
func iosModes() map[string]*grammar {
	modes := map[string]*grammar{
		"config":             iosGlobal(),
		"config-if":          sectionGrammar(iosInterfaceLines),
		"config-subif":       sectionGrammar(iosInterfaceLines),
		"config-line":        sectionGrammar(iosLineLines),
		"config-vlan":        sectionGrammar([]string{"name WORD", "state LINE", "shutdown", "mtu LINE"}),
		"config-ext-nacl":    sectionGrammar(iosACLLines),
		"config-std-nacl":    sectionGrammar(iosACLLines),
		"config-route-map":   sectionGrammar([]string{"match LINE", "set LINE", "description LINE", "continue LINE"}),
		"config-cmap":        sectionGrammar([]string{"match LINE", "description LINE"}),
		"config-pmap":        sectionGrammar([]string{"class LINE", "description LINE"}),
		"config-vrf":         sectionGrammar([]string{"rd WORD", "route-target LINE", "description LINE", "address-family LINE"}),
		"config-router":      sectionGrammar(iosRouterLines),
		"config-router-af":   sectionGrammar(append([]string{"exit-address-family"}, iosRouterLines...)),
		"config-archive":     sectionGrammar([]string{"path LINE", "log config", "maximum LINE", "write-memory", "time-period LINE"}),
		"config-sg-tacacs+":  sectionGrammar([]string{"server LINE", "server-private LINE", "ip LINE"}),
		"config-server-host": sectionGrammar([]string{"address LINE", "key LINE", "timeout LINE", "port LINE"}),
	}
	family := modes["config-router-af"]
	family.root.kid("exit-address-family").run = leave
	router := modes["config-router"]
	router.add("address-family LINE", "Enter Address Family command mode|Family", open("config-router-af"))
	return modes
}

var (
	iosInterfaceLines = []string{
		"description LINE", "ip address LINE", "ip vrf forwarding WORD", "ip ospf LINE", "ip access-group LINE",
		"ip helper-address LINE", "ip mtu LINE", "ip nat LINE", "ip proxy-arp", "ip redirects", "ip unreachables",
		"ip flow LINE", "ip pim LINE", "ip policy LINE", "ip tcp LINE", "ip verify LINE", "ipv6 LINE", "mtu LINE",
		"bandwidth LINE", "speed WORD", "duplex WORD", "negotiation auto", "switchport", "switchport mode LINE",
		"switchport access vlan LINE", "switchport trunk LINE", "switchport voice vlan LINE", "switchport nonegotiate",
		"switchport port-security LINE", "channel-group LINE", "spanning-tree LINE", "storm-control LINE", "cdp enable",
		"lldp LINE", "load-interval LINE", "encapsulation LINE", "vrf forwarding WORD", "standby LINE", "service-policy LINE",
		"keepalive", "delay LINE", "logging LINE", "mls LINE", "power LINE", "tunnel LINE", "carrier-delay LINE",
		"crypto LINE", "authentication LINE", "snmp trap LINE", "media-type LINE", "udld LINE", "bfd LINE",
	}
	iosLineLines = []string{
		"exec-timeout LINE", "login", "login local", "login authentication WORD", "transport input LINE",
		"transport output LINE", "transport preferred LINE", "logging synchronous", "password LINE", "access-class LINE",
		"stopbits LINE", "privilege level LINE", "length LINE", "width LINE", "session-timeout LINE", "history LINE", "exec",
	}
	iosACLLines    = []string{"permit LINE", "deny LINE", "remark LINE", "<1-2147483647> LINE", "evaluate LINE"}
	iosRouterLines = []string{
		"network LINE", "neighbor LINE", "router-id WORD", "bgp LINE", "redistribute LINE", "passive-interface LINE",
		"maximum-paths LINE", "timers LINE", "area LINE", "default-information LINE", "auto-summary", "synchronization",
		"log-adjacency-changes", "auto-cost LINE", "distance LINE", "aggregate-address LINE", "distribute-list LINE",
		"eigrp LINE", "version LINE", "default-metric LINE", "metric LINE", "summary-address LINE", "max-metric LINE",
	}
)

// sectionGrammar is a section's own lines and what every section knows.
func sectionGrammar(lines []string) *grammar {
	g := &grammar{}
	for _, line := range lines {
		if strings.HasPrefix(line, "no ") {
			g.add(line, "", setNegative)
			continue
		}
		g.add(line, "", set)
	}
	g.add("shutdown", "Shutdown the selected interface", setShutdown)
	addConfigWords(g)
	return g
}

// addConfigWords adds what every configuration mode knows.
func addConfigWords(g *grammar) {
	g.add("no LINE", "Negate a command or set its defaults", unset)
	g.add("default LINE", "Set a command to its defaults", unset)
	g.add("do LINE", "To run exec commands in config mode", do)
	g.add("exit", "Exit from the current mode", leave)
	g.add("end", "Exit from configure mode", end)
}

// iosGlobal is global configuration.
func iosGlobal() *grammar {
	g := &grammar{}
	for _, line := range []string{
		"aaa LINE", "access-list LINE", "alias LINE", "boot LINE", "cdp LINE", "clock LINE", "crypto LINE", "enable secret LINE",
		"enable password LINE", "errdisable LINE", "event LINE", "hostname WORD", "ip cef", "ip default-gateway A.B.C.D",
		"ip dhcp LINE", "ip domain LINE", "ip domain-lookup", "ip domain-name WORD", "ip forward-protocol LINE",
		"ip ftp LINE", "ip host LINE", "ip http LINE", "ip multicast-routing", "ip name-server LINE", "ip nat LINE",
		"ip prefix-list LINE", "ip route LINE", "ip routing", "ip scp LINE", "ip sla LINE", "ip source-route", "ip ssh LINE",
		"ip tacacs LINE", "ip radius LINE", "ipv6 LINE", "key LINE", "license LINE", "lldp run", "logging LINE", "mac LINE",
		"memory LINE", "monitor LINE", "ntp LINE", "platform LINE", "port-channel LINE", "privilege LINE", "radius-server LINE",
		"redundancy", "service LINE", "snmp-server LINE", "spanning-tree LINE", "tacacs-server LINE", "track LINE",
		"username LINE", "version LINE", "vtp LINE", "subscriber LINE", "multilink LINE", "control-plane", "system LINE",
	} {
		g.add(line, "", set)
	}
	g.add("interface LINE", "Select an interface to configure|Interface", openInterface(interfaceName))
	for pattern, mode := range map[string]string{
		"router bgp <1-4294967295>": "config-router", "router ospf LINE": "config-router", "router eigrp LINE": "config-router",
		"router rip": "config-router", "router isis": "config-router", "vlan <1-4094>": "config-vlan",
		"line vty LINE": "config-line", "line con <0-0>": "config-line", "line aux <0-0>": "config-line",
		"ip access-list extended WORD": "config-ext-nacl", "ip access-list standard WORD": "config-std-nacl",
		"route-map LINE": "config-route-map", "class-map LINE": "config-cmap", "policy-map LINE": "config-pmap",
		"vrf definition WORD": "config-vrf", "ip vrf WORD": "config-vrf", "archive": "config-archive",
		"aaa group server tacacs+ WORD": "config-sg-tacacs+", "tacacs server WORD": "config-server-host",
		"radius server WORD": "config-server-host",
	} {
		g.add(pattern, "", open(mode))
	}
	for _, kind := range []string{"motd", "login", "exec"} {
		g.add("banner "+kind+" LINE", "Define a login banner||c banner-text c, where 'c' is a delimiting character", iosBanner(kind))
	}
	addConfigWords(g)
	return g
}

// iosBanner reads a banner's text: from the delimiting character to where it comes again, over as many lines as it takes.
func iosBanner(kind string) handler {
	return func(c *console, args []string) error {
		delimiter, text := args[0][:1], args[0][1:]
		if strings.HasPrefix(args[0], "^C") {
			delimiter, text = "^C", args[0][2:]
		}
		first, _, closed := strings.Cut(text, delimiter)
		lines := []string{first}
		if !closed {
			c.sayf("Enter TEXT message.  End with the character '%s'.\n", delimiter)
		}
		for !closed {
			line, err := c.ask("", false)
			if err != nil {
				return err
			}
			line, _, closed = strings.Cut(line, delimiter)
			if !closed || line != "" {
				lines = append(lines, line)
			}
			if len(lines) > 512 {
				c.say("% Banner too long\n")
				return nil
			}
		}
		c.canon = "banner " + kind + " ^C" + strings.Join(lines, "\n") + "\n^C"
		return set(c, nil)
	}
}

// iosFactory is the running config that a simulated IOS device is delivered with.
func iosFactory(d *Device) string {
	var b strings.Builder
	line := func(text string) { b.WriteString(text); b.WriteByte('\n') }
	line("!\nversion 15.5\nservice timestamps debug datetime msec\nservice timestamps log datetime msec")
	line("no service password-encryption\nno platform punt-keepalive disable-kernel-core\nplatform console auto\n!")
	line("hostname " + d.Name + "\n!\nboot-start-marker\nboot-end-marker\n!\n!")
	line("enable secret 5 $1$" + d.Secret("enable-salt", 4) + "$" + d.Secret("enable-hash", 22) + "\n!")
	line("no aaa new-model\n!\nip domain name lab.example\nno ip domain lookup\n!")
	line("subscriber templating\n!\nmultilink bundle-name authenticated\n!")
	line("license udi pid CSR1000V sn " + d.Serial + "\nspanning-tree extend system-id\n!")
	line("username " + d.Username + " password 0 " + d.Password)
	line("username backup privilege 15 secret 5 $1$" + d.Secret("backup-salt", 4) + "$" + d.Secret("backup-hash", 22) + "\n!")
	line("redundancy\n!")
	line("interface Loopback0\n ip address " + d.loopback() + " 255.255.255.255\n!")
	line("interface GigabitEthernet1\n description management\n ip address " + d.Address.String() + " 255.0.0.0\n negotiation auto\n!")
	line("interface GigabitEthernet2\n ip address 10.1." + octet(d.Number) + ".1 255.255.255.0\n negotiation auto\n!")
	line("interface GigabitEthernet3\n no ip address\n shutdown\n negotiation auto\n!")
	line("router ospf 1\n redistribute connected subnets\n network 10.1.0.0 0.0.255.255 area 0\n!")
	line("router bgp 65000\n bgp log-neighbor-changes\n neighbor 10.1." + octet(d.Number) + ".2 remote-as 65001")
	line(" neighbor 10.1." + octet(d.Number) + ".2 password " + d.Secret("bgp", 16) + "\n!")
	line("ip forward-protocol nd\n!\nno ip http server\nno ip http secure-server\n!")
	line("snmp-server community " + d.Secret("community-ro", 12) + " RO\nsnmp-server location lab")
	line("tacacs-server key " + d.Secret("tacacs", 16) + "\n!\ncontrol-plane\n!")
	line("line con 0\nline vty 0 4\n login local\n transport preferred none\n transport input ssh\n!")
	return b.String()
}
