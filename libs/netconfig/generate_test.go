package netconfig_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// grammar makes configurations of a platform at random: valid ones, in which a pair has much in common.
type grammar struct {
	platform, indent string
	port             string
	mask             bool // addresses with a mask, not a length
}

var grammars = []grammar{
	{"cisco_ios", " ", "GigabitEthernet0/%d", true},
	{"cisco_nxos", "  ", "Ethernet1/%d", false},
	{"arista_eos", "   ", "Ethernet%d", false},
	{"frr", " ", "eth%d", false},
}

// config makes one configuration.
func (g grammar) config(r *rand.Rand) string {
	var b strings.Builder
	some := func(format string, args ...any) {
		if r.IntN(2) == 0 {
			fmt.Fprintf(&b, format+"\n", args...)
		}
	}
	fmt.Fprintf(&b, "hostname r%d\n", r.IntN(3))
	some("no ip routing")
	some("enable secret 5 hash%d", r.IntN(3))
	for i := range 3 {
		some("username user%d privilege %d secret 5 h%d", i, 1+r.IntN(2)*14, r.IntN(3))
	}
	some("banner motd ^C\nline %d\n  ! not a comment\n^C", r.IntN(3))
	some("snmp-server location room %d", r.IntN(3))
	for i := range 3 {
		some("ntp server 192.0.2.%d", i)
	}
	g.lists(r, &b, some)
	for i := range 4 {
		if r.IntN(3) > 0 {
			fmt.Fprintf(&b, "interface "+g.port+"\n", i)
			g.inInterface(r, &b, true)
		}
	}
	for i := range 2 {
		if r.IntN(2) == 0 {
			fmt.Fprintf(&b, "interface Loopback%d\n", i)
			g.inInterface(r, &b, false)
		}
	}
	g.router(r, &b)
	return b.String()
}

func (g grammar) lists(r *rand.Rand, b *strings.Builder, some func(string, ...any)) {
	entry := func() string {
		return fmt.Sprintf("%s %d.0.0.0 0.255.255.255", []string{"permit", "deny"}[r.IntN(2)], 10+r.IntN(4))
	}
	for i := range 2 {
		for range r.IntN(4) {
			fmt.Fprintf(b, "access-list %d %s\n", 10+i, entry())
		}
	}
	if r.IntN(2) == 0 {
		b.WriteString("ip access-list standard EDGE\n")
		for range 1 + r.IntN(4) {
			b.WriteString(g.indent + entry() + "\n")
		}
	}
	if r.IntN(2) == 0 {
		b.WriteString("ip access-list NUMBERED\n")
		for i := range 1 + r.IntN(4) {
			fmt.Fprintf(b, "%s%d %s\n", g.indent, 10*(i+1), entry())
		}
	}
	for i := range 3 {
		some("ip prefix-list P seq %d permit 10.%d.0.0/16", 5*i, r.IntN(3))
	}
}

func (g grammar) inInterface(r *rand.Rand, b *strings.Builder, port bool) {
	some := func(format string, args ...any) {
		if r.IntN(2) == 0 {
			fmt.Fprintf(b, g.indent+format+"\n", args...)
		}
	}
	some("description to %c %d", 'a'+r.IntN(3), r.IntN(3))
	if g.mask {
		some("ip address 10.0.%d.1 255.255.255.0", r.IntN(3))
		some("ip address 10.1.%d.1 255.255.255.0 secondary", r.IntN(2))
	} else {
		some("ip address 10.0.%d.1/24", r.IntN(3))
	}
	some("ip access-group EDGE %s", []string{"in", "out"}[r.IntN(2)])
	some("ip ospf cost %d", 10+r.IntN(3))
	if port {
		some("mtu %d", 1500+r.IntN(3))
		some("shutdown")
		some("no cdp enable")
		some("switchport trunk allowed vlan %d-%d", 10+r.IntN(3), 20+r.IntN(3))
	}
}

func (g grammar) router(r *rand.Rand, b *strings.Builder) {
	if r.IntN(3) == 0 {
		return
	}
	fmt.Fprintf(b, "router bgp %d\n", 65000+r.IntN(2))
	in := g.indent
	fmt.Fprintf(b, "%sbgp router-id 10.255.0.%d\n", in, r.IntN(3))
	for i := range 3 {
		if r.IntN(2) == 0 {
			fmt.Fprintf(b, "%sneighbor 10.0.0.%d remote-as %d\n", in, i, 65100+r.IntN(3))
			if r.IntN(2) == 0 {
				fmt.Fprintf(b, "%sneighbor 10.0.0.%d description peer %d\n", in, i, r.IntN(3))
			}
		}
	}
	if r.IntN(2) == 0 {
		fmt.Fprintf(b, "%saddress-family ipv4 unicast\n", in)
		for i := range 3 {
			if r.IntN(2) == 0 {
				fmt.Fprintf(b, "%s%snetwork 10.%d.0.0/16\n", in, in, i)
			}
		}
		if r.IntN(2) == 0 {
			fmt.Fprintf(b, "%s%sneighbor 10.0.0.1 route-map RM%d out\n", in, in, r.IntN(2))
		}
		fmt.Fprintf(b, "%sexit-address-family\n", in)
	}
}
