package platform

import "strings"

// A ping or traceroute sends packets, and changes nothing: to repeat it is harmless as long as it is bounded. So a plain
// one, to one address, is read-only; with options that set counts, sizes, rates or sources it is not, since those make a
// load that somebody should have approved. Neither may be abbreviated. On Junos ping runs until interrupted, so there a
// count is required; vtysh hands both to Linux tools that may not end, so there neither is read-only.

// probeCisco accepts: ping|traceroute [ip|ipv6] ADDRESS, ping|traceroute vrf NAME [ip|ipv6] ADDRESS, and … ADDRESS vrf NAME.
func probeCisco(words []string) bool {
	if words[0] != "ping" && words[0] != "traceroute" {
		return false
	}
	rest := words[1:]
	if len(rest) >= 2 && rest[0] == "vrf" && address(rest[1]) {
		rest = rest[2:]
	} else if len(rest) >= 2 && rest[len(rest)-2] == "vrf" && address(rest[len(rest)-1]) {
		rest = rest[:len(rest)-2]
	}
	if len(rest) == 2 && (rest[0] == "ip" || rest[0] == "ipv6") {
		rest = rest[1:]
	}
	return len(rest) == 1 && address(rest[0])
}

// probeJunos accepts: ping ADDRESS count N, and traceroute ADDRESS, both with an optional routing-instance NAME.
func probeJunos(words []string) bool {
	if len(words) < 2 || !address(words[1]) {
		return false
	}
	counted := false
	rest := words[2:]
	for len(rest) >= 2 {
		switch {
		case rest[0] == "count" && words[0] == "ping" && !counted && small(rest[1]):
			counted = true
		case rest[0] == "routing-instance" && address(rest[1]):
		default:
			return false
		}
		rest = rest[2:]
	}
	return len(rest) == 0 && (words[0] == "ping" && counted || words[0] == "traceroute")
}

func small(s string) bool {
	return number(s) && len(s) <= 2 && s >= "1" && (len(s) == 1 || s == "10")
}

// address accepts an IP address or a name: nothing that could be an option.
func address(s string) bool {
	if s == "" || s[0] == '-' || s == "ip" || s == "ipv6" || s == "vrf" {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-_") == ""
}
