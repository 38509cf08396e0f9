package platform

import "strings"

// filter is what may follow a bar.
type filter struct {
	name string
	args argKind
	also []string // argWords: the words that may follow
}

type argKind int

const (
	argForbidden argKind = iota // the filter writes, runs something, or never ends
	argNone
	argNumber  // exactly one number
	argMaybe   // nothing or one number
	argPattern // a pattern: the rest of the stage
	argWords   // one or more words of also, and numbers
)

// The lists name every filter of the platform that the vendors document, harmful ones too, so that an abbreviation that
// could mean one of those is never taken for another.
var (
	iosFilters = []filter{
		{name: "append"}, {name: "redirect"}, {name: "tee"}, {name: "format"},
		{name: "begin", args: argPattern}, {name: "count", args: argPattern}, {name: "exclude", args: argPattern},
		{name: "include", args: argPattern}, {name: "section", args: argPattern},
	}
	eosFilters = []filter{
		{name: "append"}, {name: "redirect"}, {name: "tee"}, {name: "bash"}, {name: "awk"}, {name: "sed"}, {name: "grep"},
		{name: "begin", args: argPattern}, {name: "exclude", args: argPattern}, {name: "include", args: argPattern},
		{name: "section", args: argPattern}, {name: "json", args: argNone}, {name: "no-more", args: argNone},
		{name: "nz", args: argNone},
	}
	nxosFilters = []filter{
		{name: "awk"}, {name: "diff"}, {name: "email"}, {name: "sed"}, {name: "vsh"}, {name: "tee"}, {name: "xmlin"},
		{name: "less"}, {name: "human"}, {name: "source"}, {name: "python"}, {name: "cut"}, {name: "tr"}, {name: "sort"},
		{name: "append"}, {name: "redirect"},
		{name: "begin", args: argPattern}, {name: "exclude", args: argPattern}, {name: "include", args: argPattern},
		{name: "section", args: argPattern}, {name: "grep", args: argPattern}, {name: "egrep", args: argPattern},
		{name: "count", args: argNone}, {name: "head", args: argMaybe}, {name: "last", args: argMaybe},
		{name: "no-more", args: argNone}, {name: "json", args: argNone}, {name: "json-pretty", args: argNone},
		{name: "xml", args: argNone}, {name: "uniq", args: argNone}, {name: "wc", args: argNone},
	}
	junosFilters = []filter{
		{name: "append"}, {name: "save"}, {name: "tee"}, {name: "request"}, {name: "refresh"}, {name: "hold"},
		{name: "compare", args: argWords, also: []string{"rollback"}},
		{name: "count", args: argNone}, {name: "no-more", args: argNone}, {name: "resolve", args: argNone},
		{name: "last", args: argMaybe}, {name: "trim", args: argNumber},
		{name: "match", args: argPattern}, {name: "except", args: argPattern}, {name: "find", args: argPattern},
		{name: "display", args: argWords, also: []string{
			"set", "xml", "json", "inheritance", "detail", "changed", "omit", "relative", "explicit", "brief", "defaults",
			"no-comments", "groups", "rfc5952", "commit-scripts", "rpc",
		}},
	}
	frrFilters = []filter{{name: "include", args: argPattern}}
)

// split cuts the command at its bars. It fails where the platform's own way of cutting is not certain.
func (g *grammar) split(command string) (stages []string, ok bool) {
	var quoted bool
	start := 0
	for i := 0; i < len(command); i++ {
		switch {
		case command[i] == '"' && g.quotes:
			quoted = !quoted
		case command[i] != '|':
		case sinkFollows(command[i+1:]):
			return nil, false // whatever we make of the quotes or the pattern, no bar is followed by a word that writes
		case quoted:
		case g.oneFilter && len(stages) == 1:
			if !alternation(command, i) {
				return nil, false
			}
		default:
			stages = append(stages, command[start:i])
			start = i + 1
		}
	}
	if quoted {
		return nil, false
	}
	return append(stages, command[start:]), true
}

// filter judges one stage behind a bar.
func (g *grammar) filter(stage string) bool {
	name, rest, _ := strings.Cut(strings.TrimLeft(stage, " "), " ")
	rest = strings.TrimSpace(rest)
	f, ok := g.filterNamed(name)
	if !ok {
		return false
	}
	switch f.args {
	case argNone:
		return rest == ""
	case argMaybe:
		return rest == "" || number(rest)
	case argNumber:
		return number(rest)
	case argPattern:
		return pattern(rest, g.quotes)
	case argWords:
		return words(rest, f.also)
	default:
		return false
	}
}

// filterNamed finds the one filter that the name can mean.
func (g *grammar) filterNamed(name string) (filter, bool) {
	if g.foldCase {
		name = strings.ToLower(name)
	}
	var found filter
	matches := 0
	for _, f := range g.filters {
		if f.name == name {
			return f, true
		}
		if len(name) >= g.filterMin && strings.HasPrefix(f.name, name) {
			found = f
			matches++
		}
	}
	return found, matches == 1
}

// sinks write what they get, or run it.
var sinks = []string{
	"append", "redirect", "tee", "save", "file", "bash", "sh", "shell", "vsh", "sed", "awk", "email", "request", "python",
	"tclsh", "xargs", "run", "tail", "cat", "dd", "source",
}

// iosVerbs are what a router with shell processing would run behind a bar (and some that only look like it).
var iosVerbs = []string{
	"access-enable", "archive", "atmsig", "cd", "clear", "clock", "configure", "connect", "copy", "debug", "delete",
	"disable", "do", "enable", "erase", "event", "exec", "format", "fsck", "guestshell", "hw-module", "install", "issu",
	"license", "lock", "login", "logout", "mkdir", "monitor", "no", "open", "platform", "power", "reload", "rename",
	"request", "reset", "restart", "resume", "rmdir", "rsh", "send", "set", "setup", "squeeze", "ssh", "start-chat",
	"tclsh", "telnet", "terminal", "test", "undebug", "upgrade", "verify", "write",
}

func sinkFollows(rest string) bool {
	word := firstWord(rest)
	return word == "" || kin(word, sinks)
}

// alternation reports whether the bar at i lies inside a pattern (a|b): no blank on either side, and no command behind it.
func alternation(command string, i int) bool {
	if i == 0 || i+1 == len(command) || command[i-1] == ' ' || command[i+1] == ' ' || command[i+1] == '|' {
		return false
	}
	return !kin(firstWord(command[i+1:]), iosVerbs)
}

// kin reports whether the word is or abbreviates one of the list.
func kin(word string, list []string) bool {
	for _, one := range list {
		if strings.HasPrefix(one, word) {
			return true
		}
	}
	return false
}

func firstWord(s string) string {
	s = strings.TrimLeft(s, " \"'(^")
	end := 0
	for end < len(s) && (isWordByte(s[end]) || s[end] == '-') {
		end++
	}
	if end == 0 {
		return strings.ToLower(s[:min(1, len(s))])
	}
	return strings.ToLower(s[:end])
}
