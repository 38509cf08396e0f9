package netconfig

import (
	"regexp"
	"strings"
)

// known is a row of what is known about a command.
type known struct {
	// line matches the command. The groups make its key: two lines of one section with the same key are the same setting, and
	// the later one takes the place of the other.
	line *regexp.Regexp
	// within, when set, is what the header of the section must match; "" is the top.
	within *regexp.Regexp
	// alone says that a second line with the key is refused as long as the first one stands.
	alone bool
	// no, when set, is what takes the line back, with $1 for the first group; otherwise it is "no " and the whole line.
	no string
}

var (
	inInterface = regexp.MustCompile(`^interface `)
	inRouter    = regexp.MustCompile(`^(router |address-family |vrf |neighbor )`)
	inLine      = regexp.MustCompile(`^line `)
	inRouteMap  = regexp.MustCompile(`^route-map `)
	atTop       = regexp.MustCompile(`^$`)
)

func row(within *regexp.Regexp, line, no string) known {
	return known{line: regexp.MustCompile("^" + line + "$"), within: within, no: no}
}

func alone(within *regexp.Regexp, line, no string) known {
	k := row(within, line, no)
	k.alone = true
	return k
}

// common are the commands that the platforms share. Sources: the vendors' command references; what is not in the table is
// taken back by "no" before the whole line, and stands beside others.
var common = []known{
	row(atTop, `(hostname|switchname) .*`, ""),
	row(atTop, `(version|frr version|frr defaults) .*`, ""),
	row(atTop, `(enable (?:secret|password)) .*`, "no $1"),
	row(atTop, `(username \S+)(?: .*)?`, "no $1"),
	row(atTop, `(banner \S+)(?s: .*)?`, "no $1"),
	row(atTop, `(snmp-server (?:location|contact|chassis-id)) .*`, "no $1"),
	row(atTop, `(snmp-server community \S+)(?: .*)?`, "no $1"),
	row(atTop, `(ip domain[ -]name|ip default-gateway|clock timezone) .*`, "no $1"),
	row(atTop, `(logging (?:buffered|console|monitor|trap|facility|source-interface)) .*`, "no $1"),
	row(atTop, `(ntp source|ntp source-interface|ntp master) .*`, "no $1"),
	row(atTop, `(spanning-tree mode) .*`, "no $1"),
	row(atTop, `(service timestamps (?:debug|log)) .*`, "no $1"),
	row(nil, `(description) .*`, "no $1"),
	row(nil, `(name) .*`, "no $1"),
	row(inInterface, `(ip address) \S+(?: \d+\.\d+\.\d+\.\d+)?`, ""),
	row(inInterface, `(mtu|bandwidth|delay|speed|duplex|load-interval|medium) .*`, "no $1"),
	row(inInterface, `((?:ip )?vrf forwarding|vrf member|vrf) .*`, "no $1"),
	row(inInterface, `(encapsulation) .*`, ""),
	row(inInterface, `(ip mtu|ip ospf (?:cost|priority|network|hello-interval|dead-interval)|ip helper-address vrf) .*`, "no $1"),
	row(inInterface, `(switchport (?:mode|access vlan|voice vlan|trunk native vlan)) .*`, "no $1"),
	row(inInterface, `(switchport trunk allowed vlan) [^a].*`, "no $1"),
	row(inInterface, `(ip access-group) \S+ (in|out)`, ""),
	row(inInterface, `(service-policy (?:input|output)) .*`, ""),
	row(inInterface, `(channel-group) .*`, "no $1"),
	row(inInterface, `((?:standby|vrrp|hsrp) \d+ (?:ip|priority|timers|description|name)) .*`, ""),
	row(inRouter, `(router-id|bgp router-id|ospf router-id) .*`, "no $1"),
	row(inRouter, `(neighbor \S+ (?:remote-as|description|update-source|password|ebgp-multihop|weight|maximum-prefix|local-as|timers)) .*`, ""),
	row(inRouter, `(neighbor \S+ (?:route-map|prefix-list|filter-list|distribute-list)) \S+ (in|out)`, ""),
	row(inRouter, `(timers \S+) .*`, "no $1"),
	row(inLine, `(exec-timeout|session-timeout|transport (?:input|output)|login authentication|privilege level|length|width) .*`, "no $1"),
	row(inLine, `(access-class) \S+ (in|out)`, ""),
	row(inRouteMap, `(set (?:local-preference|metric|weight|tag|origin|ip next-hop)) .*`, "no $1"),
	alone(nil, `(\d+) (?:permit|deny|remark) .*`, "no $1"),
	alone(nil, `(seq \d+) (?:permit|deny) .*`, "no $1"),
	alone(atTop, `(ip(?:v6)? prefix-list \S+ seq \d+) .*`, ""),
	alone(atTop, `(router bgp) .*`, ""),
}

// fact says what is known of a line in a section.
func (d *dialect) fact(section, text string) fact {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, ok := d.facts[[2]string{section, text}]
	if !ok {
		f = learn(section, text)
		d.facts[[2]string{section, text}] = f
	}
	return f
}

func learn(section, text string) fact {
	f := fact{orderKey: orderKey(section, text)}
	for i := range common {
		k := &common[i]
		if k.within != nil && !k.within.MatchString(section) {
			continue
		}
		if groups := k.line.FindStringSubmatch(text); groups != nil {
			f.row, f.key = k, strings.Join(groups[1:], "|")
			return f
		}
	}
	return f
}

// one gives the row of a line in a section, nil when nothing is known about it, and its key.
func (d *dialect) one(section, text string) (row *known, key string) {
	f := d.fact(section, text)
	return f.row, f.key
}

// orderKey names the sequence that a line stands in, "" when its place does not count.
func (d *dialect) orderKey(section, text string) string { return d.fact(section, text).orderKey }

// key names the setting that a line makes, of which a later line takes the place of an earlier one. Lines without one stand
// beside each other.
func (d *dialect) key(section, text string) string {
	row, key := d.one(section, text)
	if row == nil || row.alone {
		return ""
	}
	return key
}

// negation is the line that takes another back.
func (d *dialect) negation(section, text string) string {
	if positive, ok := strings.CutPrefix(text, "no "); ok {
		return positive
	}
	row, _ := d.one(section, text)
	if row == nil || row.no == "" {
		first, _, _ := strings.Cut(text, "\n")
		return "no " + first
	}
	match := row.line.FindStringSubmatchIndex(text)
	return string(row.line.ExpandString(nil, row.no, text, match))
}

// orderKeys are lines of which those with the same key stand in an order, and can be taken back all at once only: to take
// back one entry of a numbered list removes the list (Cisco, "access-list (IP standard)").
var orderKeys = regexp.MustCompile(`^(access-list \S+|ip as-path access-list \S+|bgp as-path access-list \S+|ip community-list (?:standard |expanded )?\S+) `)

// orderedSections hold entries in an order that counts.
var orderedSections = regexp.MustCompile(`^((?:ip|ipv6|mac) access-list |policy-map |ip prefix-list |object-group )`)

// numbered is an entry that says its place itself.
var numbered = regexp.MustCompile(`^(?:seq )?(\d+) `)

func orderKey(section, text string) string {
	if groups := orderKeys.FindStringSubmatch(text); groups != nil && section == "" {
		return groups[1]
	}
	if orderedSections.MatchString(section) && !numbered.MatchString(text) {
		return section
	}
	return ""
}
