package redact

import "strings"

// encodings may stand between a keyword and its secret.
var encodings = map[string]bool{
	"encrypted": true, "unencrypted": true, "plaintext": true, "plain-text": true, "plain": true, "clear": true, "cleartext": true,
	"clear-text": true, "sha512": true, "sha256": true, "sha1": true, "sha": true, "md5": true, "hash": true, "ascii": true,
	"hex": true, "ascii-text": true, "hexadecimal": true, "hmac-sha-256": true, "hmac-sha-1": true, "hmac-sha-512": true,
	"cmac-aes-128": true, "hmac-md5": true, "text": true, "pbkdf2": true, "scrypt": true, "8a": true, "=": true, "is": true,
	"string": true,
}

// rest are words that may follow a secret on its line and are none.
var rest = []string{
	"role", "expire", "expiry", "vrf", "address", "hostname", "timeout", "retransmit", "port", "auth-port", "acct-port", "##",
	"{", "}", "localizedkey", "access", "priv", "encryption", "trailing", "udp-port", "level", "ipv6-address", "group", "|",
	"level-1", "level-2", "level-1-2",
}

// statements are words after "password" or "secret" that make it a setting about secrets.
var statements = []string{
	"strength-check", "policy", "encryption", "encryption-aes", "recovery", "prompt", "aging", "history", "authentication",
	"minimum-length", "min-length", "complexity", "expiry", "lifetime", "{", "change-interval", "attempts",
}

// prose are words after which the line is a sentence, if more follows.
var prose = []string{
	"required", "required,", "is", "not", "set", "set,", "for", "has", "was", "and", "or", "to", "of", "expired", "expires",
	"must", "will", "on", "in", "with", "change", "changed", "authentication", "login", "failed", "cannot",
}

// first skips the words that say how a secret is written, and gives the index of the secret: len(l.words) if there is none.
func (l *line) first(i int) int {
	for i < len(l.words)-1 {
		word := l.word(i)
		switch {
		case len(word) == 1 && word[0] >= '0' && word[0] <= '9', encodings[strings.ToLower(word)]:
			i++
		case l.is(i, "level", "encryption-type", "type") && i+2 < len(l.words):
			i += 2
		default:
			return i
		}
	}
	return i
}

// value hides the one word of the secret after a keyword.
func value(l *line, i int) { l.hide(l.first(i + 1)) }

// phrase hides the secret after a keyword up to the end or to a known word: IOS and vtysh take blanks in passwords.
func phrase(l *line, i int) {
	at := l.first(i + 1)
	if at >= len(l.words) {
		return
	}
	if l.quoted(at) {
		l.hide(at)
		return
	}
	end := at + 1
	for end < len(l.words) && !l.is(end, rest...) && !strings.HasPrefix(l.word(end), "##") {
		end++
	}
	l.hideTo(at, end)
}

// password is phrase for the words that people also use in sentences and settings.
func password(l *line, i int) {
	switch {
	case i+1 >= len(l.words) || l.is(i+1, statements...):
	case l.word(i+1) == ":" && l.quoted(i): // JSON
		l.hide(i + 2)
	case l.is(i+1, prose...) && i+2 < len(l.words) && l.sentence(i):
	case l.statement(i):
		value(l, i)
	default:
		phrase(l, i)
	}
}

// sentence reports whether the line does not begin as a configuration does.
func (l *line) sentence(i int) bool {
	if i == 0 {
		return l.word(0)[0] == 'P' || l.word(0)[0] == 'S' // configurations are in small letters
	}
	return !l.is(0, "enable", "username", "neighbor", "set", "ip", "aaa", "no", "do")
}

// statement reports whether the line ends as Junos' statements do, or sets one, so that a secret is one word.
func (l *line) statement(i int) bool {
	if l.is(0, "set") && l.is(1, "system", "security", "protocols", "access", "groups", "snmp", "interfaces", "logical-systems") {
		return true
	}
	return i+1 < len(l.words) && strings.HasPrefix(l.text[l.words[i+1].to:], ";") ||
		i+1 < len(l.words) && strings.HasPrefix(l.text[l.words[i+1].to:], "\";")
}

// hash hides a word that is a crypt hash ($1$…, $6$…, $9$…, $sha512$…), wherever it stands.
func (l *line) hash(i int) {
	word := l.word(i)
	at := strings.IndexByte(word, '$')
	end := strings.IndexByte(word[at+1:], '$')
	if end < 1 || end > 8 || len(word)-at-end < 5 {
		return
	}
	for _, c := range word[at+1 : at+1+end] {
		if c < '0' || c > '9' && c < 'a' || c > 'z' {
			return
		}
	}
	s := l.words[i]
	to := s.to
	for to > s.from+at && strings.IndexByte("\",')]}", l.text[to-1]) >= 0 {
		to--
	}
	l.hideSpan(span{from: s.from + at, to: to})
}

// names of settings whose value stands behind = or : in the same word or the next (NAME=x, "name": "x", --name=x).
var names = map[string]bool{
	"password": true, "passwd": true, "passphrase": true, "pwd": true, "secret": true, "token": true, "apikey": true, "api_key": true,
	"api-key": true, "access_token": true, "client_secret": true, "private_key": true, "psk": true, "enable_secret": true,
	"snmp_community": true, "auth_password": true, "priv_password": true, "bearer": true,
}

// embedded hides the password of a URL, and the value of a setting.
func (l *line) embedded(i int) {
	s := l.words[i]
	word := l.word(i)
	if scheme := strings.Index(word, "://"); scheme > 0 {
		if at := strings.LastIndexByte(word, '@'); at > scheme {
			if colon := strings.IndexByte(word[scheme+3:at], ':'); colon >= 0 {
				l.hideSpan(span{from: s.from + scheme + 3 + colon + 1, to: s.from + at})
			}
		}
		return
	}
	cut := strings.IndexAny(word, "=:")
	if cut < 1 {
		return
	}
	name := strings.ToLower(strings.Trim(word[:cut], "\"'-{,"))
	if j := strings.LastIndexAny(name, "\"'{,;&?"); j >= 0 {
		name = name[j+1:]
	}
	if l.is(0, "%") || !names[name] && !strings.HasSuffix(name, "_password") && !strings.HasSuffix(name, "_secret") {
		return
	}
	from, to := s.from+cut+1, s.to
	for from < to && strings.IndexByte("\"'", l.text[from]) >= 0 {
		from++
	}
	for to > from && strings.IndexByte("\"',}", l.text[to-1]) >= 0 {
		to--
	}
	switch {
	case from < to:
		l.hideSpan(span{from: from, to: to})
	case i+1 < len(l.words):
		l.hideTrimmed(i + 1)
	}
}

// hideTrimmed hides a word without the punctuation around it.
func (l *line) hideTrimmed(i int) {
	s := l.words[i]
	for s.from < s.to && strings.IndexByte("\"'", l.text[s.from]) >= 0 {
		s.from++
	}
	for s.to > s.from && strings.IndexByte("\"',}", l.text[s.to-1]) >= 0 {
		s.to--
	}
	l.hideSpan(s)
}
