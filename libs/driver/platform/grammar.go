package platform

import "strings"

// grammar is what a platform's read commands may look like.
type grammar struct {
	foldCase   bool     // SHOW is show
	shortest   int      // least letters of "show" that no other command has
	quotes     bool     // a | between double quotes is text
	oneFilter  bool     // what follows the first filter's name is its pattern, further bars included
	filters    []filter // every filter of the platform, also the harmful ones: an abbreviation must fit one only
	filterMin  int      // least letters of a filter's abbreviation
	probe      func(words []string) bool
	showChecks func(args []string) bool // what this platform forbids besides; nil: nothing
}

// grammars is never changed. generic_ssh is left out on purpose: see [ReadOnly].
var grammars = map[string]grammar{
	CiscoIOS:     {foldCase: true, shortest: 2, oneFilter: true, filters: iosFilters, filterMin: 1, probe: probeCisco, showChecks: noTechFile},
	AristaEOS:    {foldCase: true, shortest: 2, filters: eosFilters, filterMin: 3, probe: probeCisco, showChecks: noTechFile},
	CiscoNXOS:    {shortest: 2, quotes: true, filters: nxosFilters, filterMin: 1, probe: probeCisco, showChecks: noTechFile},
	JuniperJunos: {shortest: 2, quotes: true, filters: junosFilters, filterMin: 1, probe: probeJunos, showChecks: noTechFile},
	// vtysh knows "sharp …" beside "show …" where that daemon is built in; its ping never ends by itself.
	FRR: {shortest: 3, oneFilter: true, filters: frrFilters, filterMin: 7, showChecks: noTechFile},
}

// actingWords turn a show command into one that acts, wherever they stand (IOS XE: "show platform hardware qfp active
// statistics drop clear"). They are refused in every abbreviation of three letters and more; clear from two.
var actingWords = []string{
	"clear", "reset", "delete", "remove", "erase", "flush", "write", "save", "store", "copy", "export", "redirect",
	"append", "tee", "upload", "start", "stop", "restart", "reload", "reboot", "enable", "disable", "debug", "set",
	"unset", "apply", "commit", "request", "install", "activate", "deactivate", "zeroize",
}

// harmless are words that begin like an acting word and only name a subject of reading.
var harmless = map[string]bool{"debugging": true, "reload-cause": true, "reset-reason": true}

// subjects may follow "show" directly although they are acting words elsewhere: there they are what is looked at.
var subjects = map[string]bool{
	"debug": true, "debugging": true, "reload": true, "install": true, "boot": true, "commit": true, "startup-config": true,
}

// show judges the part before the first filter.
func (g *grammar) show(words []string) bool {
	verb := words[0]
	if g.foldCase {
		verb = strings.ToLower(verb)
	}
	if len(verb) < g.shortest || !strings.HasPrefix("show", verb) || len(words) < 2 {
		return false
	}
	args := words[1:]
	for i, arg := range args {
		if !argument(arg) || g.acting(arg, i) {
			return false
		}
	}
	return g.showChecks == nil || g.showChecks(args)
}

func (g *grammar) acting(arg string, position int) bool {
	arg = strings.ToLower(arg)
	if position == 0 && subjects[arg] || harmless[arg] {
		return false
	}
	if strings.HasPrefix(arg, "clear") || arg == "cl" {
		return true
	}
	for _, word := range actingWords {
		if len(arg) >= 3 && strings.HasPrefix(word, arg) {
			return true
		}
	}
	return false
}

// argument accepts names, numbers, addresses and interface names, and no place to write to: the colon of flash:x or
// ftp://x is taken only in IPv6 and MAC addresses and in pairs of numbers.
func argument(arg string) bool {
	for i := 0; i < len(arg); i++ {
		if !isWordByte(arg[i]) && strings.IndexByte("-./:,*+=^[]()%@\"'", arg[i]) < 0 {
			return false
		}
	}
	if strings.Contains(arg, "\"") || strings.Contains(arg, "'") {
		return false
	}
	if strings.Contains(arg, ":") {
		return strings.Trim(arg, "0123456789abcdefABCDEF:./") == ""
	}
	return !strings.Contains(arg, "//")
}

// noTechFile refuses every argument to show tech-support (and Junos' request support look-alikes): it can write a file or
// an archive, by words that differ between versions.
func noTechFile(args []string) bool {
	first := strings.ToLower(args[0])
	if len(first) >= 2 && (strings.HasPrefix("tech-support", first) || strings.HasPrefix(first, "tech")) {
		return len(args) == 1
	}
	return true
}
