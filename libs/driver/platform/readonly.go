package platform

import "strings"

// ReadOnly reports whether the command, as typed in the platform's operational mode, certainly changes nothing: neither
// configuration, nor files, nor counters, nor the session. The platform may be given by an alias.
//
// The grammar is
//
//	command = ("show" | an abbreviation that only "show" has) argument {argument} {"|" filter}
//	        | a bounded ping or traceroute (see [probes])
//
// where an argument is made of letters, digits and a few signs, is not a place to write to, and is none of the words that
// make a show command act ("clear", "reset", …); and where each filter is on the platform's list of filters that only
// choose or count lines. What the grammar does not know is not read-only: an unknown filter, a redirection, a separator, a
// help mark, a quote that does not end, a byte outside printable ASCII.
//
// generic_ssh has no grammar: what listens there may be any shell, where "show" is whatever somebody installed by that
// name. Its commands are never read-only; a job that repeats them must say that it may.
//
// An alias that an administrator configured on the device can give any word another meaning. Who aliases "show" to
// something that writes is beyond what a grammar can see.
func ReadOnly(platform, command string) bool {
	p, err := Lookup(platform)
	if err != nil {
		return false
	}
	g, ok := grammars[p.Name]
	if !ok || CheckCommand(command) != nil || len(command) > maxRead {
		return false
	}
	if !plain(command) {
		return false
	}
	stages, ok := g.split(command)
	if !ok {
		return false
	}
	words := strings.Fields(stages[0])
	if len(words) == 0 {
		return false
	}
	if len(stages) == 1 && g.probe != nil && g.probe(words) {
		return true
	}
	if !g.show(words) {
		return false
	}
	for _, stage := range stages[1:] {
		if !g.filter(stage) {
			return false
		}
	}
	return true
}

// maxRead bounds what is worth judging; no read command is longer, and a device's line editor may cut a longer one.
const maxRead = 500

// plain refuses what could separate, substitute, redirect or complete, on any platform, wherever it stands. A > or ; in a
// quoted pattern is refused with the rest: whether the device sees the quotes as we do is not worth a repeated write.
func plain(command string) bool {
	for i := 0; i < len(command); i++ {
		switch c := command[i]; {
		case c < 0x20 || c > 0x7e:
			return false
		case strings.IndexByte(";&<>`?{}!#~", c) >= 0:
			return false
		case c == '\\' && (i+1 == len(command) || command[i+1] == '"' || command[i+1] == '|' || command[i+1] == '\''):
			return false
		case c == '$' && i+1 < len(command) && (command[i+1] == '(' || isWordByte(command[i+1])):
			return false
		}
	}
	return true
}

func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}
