package definition

import (
	"strings"

	"github.com/netrust/netrust/libs/driver/platform"
)

// failure is a text by which a device says no.
type failure struct {
	text   string
	inside bool // may stand anywhere in its line; otherwise at its start
	parsed bool // the device had understood the command, so that something may have happened
}

// additions are what scrapligo's lists lack.
var additions = map[string][]failure{
	platform.CiscoIOS: {
		{text: "Line has invalid autocommand"}, // by exec
		{text: "% Unrecognized command"}, {text: "% Unknown command"}, {text: "% Bad IP address"}, {text: "% Invalid"},
		{text: "% Command authorization failed"}, {text: "Command authorization failed"}, {text: "% Authorization failed"},
		{text: "%Error", parsed: true}, {text: "% Error", parsed: true}, {text: "Command rejected", parsed: true},
	},
	platform.CiscoNXOS: {
		{text: "Syntax error while parsing"}, {text: "% Permission denied for the role"}, {text: "Error: ", parsed: true},
		{text: "% Invalid"},
	},
	platform.AristaEOS: {
		{text: "% Authorization denied"}, {text: "% Unavailable command"}, {text: "% Invalid"},
		{text: "% Not supported"},
	},
	platform.JuniperJunos: {
		{text: "unknown command."}, {text: "syntax error"}, {text: "missing argument."}, {text: "invalid value"},
		{text: "error: permission denied"}, {text: "permission denied."}, {text: "error: ", parsed: true},
	},
	platform.FRR: {
		{text: "Permission denied", inside: true, parsed: true}, {text: "Error renaming", parsed: true},
		{text: "Error opening", parsed: true}, {text: "can't open", inside: true, parsed: true},
	},
}

// syntax are the texts after which nothing can have happened: the device did not find a command in what it read.
var syntax = []string{
	"% Invalid input", "% Incomplete command", "% Ambiguous command", "% Unknown command", "% Command incomplete",
	"% Invalid command", "% Unavailable command", "% There is no matched command", "is ambiguous", "No valid completions",
	"unknown command", "syntax error",
}

func failuresOf(name string, stock []string) []failure {
	var list []failure
	for _, text := range stock {
		f := failure{text: text, inside: !strings.HasPrefix(text, "%")}
		f.parsed = !startsWithAny(text, syntax)
		list = append(list, f)
	}
	return append(list, additions[name]...)
}

func startsWithAny(text string, starts []string) bool {
	for _, start := range starts {
		if strings.HasPrefix(text, start) {
			return true
		}
	}
	return false
}

// Limits within which a device's no is looked for. A long output that contains "% Invalid input" is a log, not a no.
const (
	rejectionLines = 60
	readLines      = 4
)

// Rejection finds the device's no in a command's output, and returns its words. The no to a read stands in the first
// lines of a short answer; another command may also fail at its end, after it began. Parsed is false when the device had
// not understood the command, so that nothing can have happened.
func (d *Definition) Rejection(output string, read bool) (words string, parsed, rejected bool) {
	limit := rejectionLines
	if read {
		limit = readLines
	}
	lines := strings.SplitN(output, "\n", limit+2)
	if len(lines) > limit+1 {
		return "", false, false
	}
	for _, line := range lines {
		trimmed := strings.TrimSpace(line)
		for _, f := range d.failures {
			if strings.HasPrefix(trimmed, f.text) || f.inside && strings.Contains(trimmed, f.text) {
				return strings.TrimSpace(output), f.parsed, true
			}
		}
	}
	return "", false, false
}
