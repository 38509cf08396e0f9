package redact

import "strings"

// rule looks at a line because of its word i.
type rule func(l *line, i int)

// common rules hold on every platform.
var common = map[string]rule{
	"password": password, "passwd": password, "secret": password, "passphrase": phrase,
	"bearer": bearer, "--password": value, "--token": value, "--secret": value,
	"pre-shared-key": preShared, "presharedkey": value, "psk": preSharedWord,
	"authentication-key": authenticationKey, "authentication-password": value, "privacy-password": value,
	"authentication-secret": value,
	"community":             community,
}

// ciscoRules hold for IOS and what took after it: IOS XE, NX-OS, EOS, FRR.
var ciscoRules = merged(common, map[string]rule{
	"key": key, "key-string": phrase, "server-key": phrase, "message-digest-key": digestKey, "set-key": value,
	"area-password": phrase, "domain-password": phrase, "group-password": phrase, "wpa-psk": value, "config-key": configKey,
	"key-octet-string": phrase, "shared-secret": value, "authentication": authentication, "snmp-server": snmpServer,
	"sent-username": nothing, "auth": snmpAuth, "priv": snmpPrivacy, "text": shownText, "pac-key": phrase, "ppp": nothing,
})

// junosRules hold for Junos, in both of its forms ("{ … }" and "set …").
var junosRules = merged(common, map[string]rule{
	"encrypted-password": value, "plain-text-password-value": value, "simple-password": value, "chap-secret": value,
	"pap-password": value, "ascii-text": value, "hexadecimal": value, "key": junosKey, "authentication-token": value,
	"tcp-password": value, "local-password": value, "##": secretData,
})

// allRules are for what is not known.
var allRules = merged(junosRules, ciscoRules)

func merged(sets ...map[string]rule) map[string]rule {
	all := map[string]rule{}
	for _, set := range sets {
		for word, r := range set {
			all[word] = r
		}
	}
	return all
}

func nothing(*line, int) {}

// bearer: Authorization: Bearer TOKEN.
func bearer(l *line, i int) {
	if strings.HasSuffix(strings.ToLower(l.word(i-1)), "authorization:") {
		l.hide(i + 1)
	}
}

// preShared: pre-shared-key [address A | hostname H | local | remote] [key] SECRET; Junos: pre-shared-key ascii-text SECRET.
func preShared(l *line, i int) {
	i++
	for l.is(i, "address", "hostname") && i+2 < len(l.words) {
		i += 2
	}
	for l.is(i, "local", "remote", "key") && i+1 < len(l.words) {
		i++
	}
	value(l, i-1)
}

// preSharedWord: psk SECRET; wpa psk set-key ascii 0 SECRET has a rule of its own.
func preSharedWord(l *line, i int) {
	if !l.is(i+1, "set-key") {
		value(l, i)
	}
}

// authenticationKey: ntp authentication-key 1 md5 SECRET; ip ospf authentication-key 7 SECRET; Junos: authentication-key SECRET.
// The number of an NTP key has no bound of one digit.
func authenticationKey(l *line, i int) {
	if l.is(i+1, "{") {
		return
	}
	if l.is(i+2, "md5", "sha1", "sha256", "hmac-sha2-256", "cmac-aes-128", "type") {
		i++
	}
	value(l, i)
}

// community is a secret of SNMP, and a mark on routes elsewhere.
func community(l *line, i int) {
	switch {
	case l.is(0, "community") && l.is(1, "name:", "index:", "securityname:"):
		l.hide(i + 2)
	case l.has(i, "snmp-server", "snmp"), l.state.snmp >= 0 && i == 0:
		value(l, i)
	}
}

// key is a secret under a server, in a server's line and of ISAKMP; "key 1" in a key chain is a number, "key chain" a name.
func key(l *line, i int) {
	switch {
	case l.is(i+1, "chain", "generate", "zeroize", "import", "export", "pubkey-chain", "mypubkey", "rsa", "ec", "config-key", "is"):
	case l.is(i-1, "crypto"), l.word(i+2) == "--":
	case l.has(i, "isakmp", "tacacs-server", "radius-server", "radius", "tacacs", "server-private", "ike", "hmac"), l.is(i-1, "pac"):
		phrase(l, i)
	case i == 0 && l.state.server:
		phrase(l, i)
	case i == 0 && len(l.words) > 2 && len(l.word(1)) == 1:
		phrase(l, i) // key 7 SECRET
	case i == 0 && len(l.words) == 2 && !isNumber(l.word(1)):
		phrase(l, i)
	case l.is(i-1, "md5"), l.is(i+1, "ascii", "hex"):
		value(l, i)
	}
}

func configKey(l *line, i int) {
	if l.is(i+1, "password-encrypt", "password-encryption") {
		i++
	}
	phrase(l, i)
}

// digestKey: message-digest-key 1 md5 [7] SECRET.
func digestKey(l *line, i int) {
	if l.is(i+2, "md5", "sha1", "sha256", "sha384", "sha512") {
		phrase(l, i+2)
	}
}

// authentication: standby 1 authentication SECRET, vrrp 1 authentication text SECRET, ip nhrp authentication SECRET, and
// ip rip authentication string SECRET; elsewhere it is followed by modes and lists.
func authentication(l *line, i int) {
	if !l.is(0, "standby", "vrrp", "glbp") && !l.has(i, "nhrp") && !l.is(i+1, "string") {
		return
	}
	if l.is(i+1, "md5", "mode", "key-chain") || l.is(i+1, "text") && i+2 >= len(l.words) {
		return // md5 key-string SECRET has a rule of its own
	}
	value(l, i)
}

// snmpServer: snmp-server host ADDRESS [traps|informs] [vrf V] [version 1|2c|3 [auth|noauth|priv]] SECRET [more].
func snmpServer(l *line, i int) {
	if !l.is(i+1, "host") {
		return
	}
	at := i + 3
	for at < len(l.words)-1 {
		switch {
		case l.is(at, "vrf", "use-vrf", "source-interface"):
			at += 2
		case l.is(at, "version"):
			at += 2
			if l.is(at, "auth", "noauth", "priv") {
				at++
			}
		case l.is(at, "traps", "informs", "trap", "inform"):
			at++
		default:
			l.hide(at)
			return
		}
	}
	if l.is(at, "use-vrf", "vrf", "traps", "informs") {
		return
	}
	l.hide(at)
}

// snmpAuth and snmpPrivacy: snmp-server user U G v3 [encrypted] auth md5 SECRET priv [aes [128]] SECRET.
func snmpAuth(l *line, i int) {
	if l.has(i, "snmp-server", "snmp") && l.has(i, "user") {
		value(l, i)
	}
}

func snmpPrivacy(l *line, i int) {
	if !l.has(i, "snmp-server", "snmp") || !l.has(i, "user") {
		return
	}
	at := i + 1
	for at < len(l.words)-1 && l.is(at, "aes", "aes-128", "aes-192", "aes-256", "des", "3des", "128", "192", "256", "aes128", "aes192", "aes256") {
		at++
	}
	l.hide(at)
}

// shownText: key 1 -- text "SECRET", as show key chain prints it.
func shownText(l *line, i int) {
	if l.is(i-1, "--") {
		l.hide(i + 1)
	}
}

// junosKey: md5 1 key SECRET; authentication-key-chains … key 1 { secret SECRET; }, where the number is no secret.
func junosKey(l *line, i int) {
	if l.is(i+1, "{") || l.is(i+2, "{") || isNumber(l.word(i+1)) {
		return
	}
	if l.has(i, "md5", "hmac-sha-1", "hmac-sha-256", "authentication", "tacplus-server", "radius-server") {
		value(l, i)
	}
}

// secretData: Junos says itself which statements are secret.
func secretData(l *line, i int) {
	if l.is(i+1, "SECRET-DATA") {
		l.hide(i - 1)
	}
}

func isNumber(s string) bool {
	if s == "" {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
