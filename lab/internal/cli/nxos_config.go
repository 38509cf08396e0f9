package cli

import (
	"strings"
)

// nxosInterface puts the name of an interface in full: loopback and port-channel are lower case on NX-OS.
func nxosInterface(short string) string {
	name := interfaceName(short)
	for _, kind := range []string{"Loopback", "Port-channel", "Tunnel"} {
		if digits, ok := strings.CutPrefix(name, kind); ok {
			return strings.ToLower(kind) + digits
		}
	}
	return name
}

// nxosModes is configuration mode and its sections.
func nxosModes() map[string]*grammar {
	lines := append([]string{
		"vrf member WORD", "no shutdown", "switchport access vlan LINE", "vpc LINE", "ip router LINE", "hsrp LINE",
		"fabric forwarding mode LINE", "beacon", "ip LINE",
	}, iosInterfaceLines...)
	routerLines := append([]string{"vrf WORD", "address-family LINE", "template LINE"}, iosRouterLines...)
	modes := map[string]*grammar{
		"config":           nxosGlobal(),
		"config-if":        sectionGrammar(lines),
		"config-vlan":      sectionGrammar([]string{"name WORD", "state LINE", "vn-segment LINE", "mode LINE"}),
		"config-line":      sectionGrammar(iosLineLines),
		"config-router":    sectionGrammar(routerLines),
		"config-acl":       sectionGrammar(append([]string{"statistics per-entry"}, iosACLLines...)),
		"config-route-map": sectionGrammar([]string{"match LINE", "set LINE", "description LINE"}),
		"config-vrf":       sectionGrammar([]string{"rd WORD", "vni LINE", "ip route LINE", "address-family LINE", "description LINE"}),
		"config-vpc-domain": sectionGrammar([]string{"peer-keepalive LINE", "role LINE", "peer-switch", "peer-gateway", "auto-recovery",
			"delay LINE", "ip arp synchronize"}),
	}
	return modes
}

func nxosGlobal() *grammar {
	g := &grammar{}
	for _, line := range []string{
		"aaa LINE", "boot LINE", "cdp LINE", "cfs LINE", "clock LINE", "copp LINE", "errdisable LINE", "feature LINE",
		"feature-set LINE", "hardware LINE", "hostname WORD", "ip LINE", "ipv6 LINE", "key LINE", "lacp LINE", "license LINE",
		"lldp LINE", "logging LINE", "mac LINE", "ntp LINE", "power LINE", "radius-server LINE", "rmon LINE", "role LINE",
		"rollback LINE", "snmp-server LINE", "spanning-tree LINE", "ssh LINE", "switchname WORD", "system LINE",
		"tacacs-server LINE", "track LINE", "username LINE", "vtp LINE", "nxapi LINE", "telnet LINE", "banner LINE",
	} {
		g.add(line, "", set)
	}
	g.add("interface LINE", "Configure interfaces|Interface", openInterface(nxosInterface))
	for pattern, mode := range map[string]string{
		"router bgp LINE": "config-router", "router ospf LINE": "config-router", "router eigrp LINE": "config-router",
		"vlan LINE": "config-vlan", "line vty": "config-line", "line console": "config-line",
		"ip access-list WORD": "config-acl", "route-map LINE": "config-route-map", "vrf context WORD": "config-vrf",
		"vpc domain <1-1000>": "config-vpc-domain",
	} {
		g.add(pattern, "", open(mode))
	}
	addConfigWords(g)
	return g
}

// nxosFactory is the running config that a simulated NX-OS device is delivered with.
func nxosFactory(d *Device) string {
	var b strings.Builder
	line := func(text string) { b.WriteString(text); b.WriteByte('\n') }
	line("version 7.3(1)D1(1)\npower redundancy-mode redundant")
	line("hostname " + d.Name)
	line("feature scp-server\ncfs eth distribute\nfeature interface-vlan\nfeature hsrp\nfeature vpc\nfeature nxapi")
	line("username " + d.Username + " password 5 $5$" + d.Secret("user-salt", 6) + "$" + d.Secret("user-hash", 43) + "  role network-admin")
	line("no password strength-check\nip domain-lookup\nsystem default switchport")
	line("snmp-server user " + d.Username + " network-admin auth md5 0x" + d.Secret("snmp-auth", 32) + " priv 0x" + d.Secret("snmp-priv", 32) + " localizedkey")
	line("snmp-server community " + d.Secret("community", 12) + " group network-operator")
	line("tacacs-server key 7 \"" + d.Secret("tacacs", 12) + "\"")
	line("vlan 1,10,20\nvlan 10\n  name users\nvlan 20\n  name servers")
	line("vrf context management\n  ip route 0.0.0.0/0 127.0.0.1")
	line("interface Vlan10\n  no shutdown\n  ip address 10.10." + octet(d.Number) + ".1/24")
	line("interface Ethernet1/1\n  description uplink\n  switchport mode trunk")
	line("interface Ethernet1/2\n  switchport access vlan 10")
	line("interface Ethernet1/3\n  shutdown")
	line("interface mgmt0\n  vrf member management\n  ip address " + d.Address.String() + "/8")
	line("interface loopback0\n  ip address " + d.loopback() + "/32")
	line("line console\nline vty\n  exec-timeout 10")
	return b.String()
}
