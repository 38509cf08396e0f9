package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/netrust/netrust/lab/internal/recorded"
	"github.com/netrust/netrust/lab/internal/runcfg"
	"github.com/netrust/netrust/lab/internal/tty"
)

// ios is Cisco IOS and IOS-XE.
func ios(library *recorded.Library) *Platform {
	d := &dialect{
		exec:          iosExec(library),
		modes:         iosModes(),
		style:         runcfg.Style{Indent: " ", Separator: "!"},
		keys:          iosKeys,
		paged:         &pager{prompt: fixed(" --More-- "), erase: iosErase, anyKeyQuits: true},
		greeting:      iosGreeting,
		promptOf:      iosPrompt,
		wording:       iosWording,
		filterOf:      iosFilter,
		badFilter:     iosBadFilter,
		interruptEnds: true,
		fallThrough:   true,
	}
	return &Platform{
		Name: "cisco_ios", Vendor: "cisco", Prefix: "ios",
		ServerVersion: "SSH-2.0-Cisco-1.25",
		Password:      true, KeyboardInteractive: true, Question: "Password: ", MaxTries: 3,
		OneExec: true,
		NoPTY:   tty.PTY, // IOS always has a terminal of its own
		unnamed: "Router",
		factory: iosFactory,
		start:   func(s *Shell) personality { return iosConsole(s, d) },
	}
}

// iosErase is what IOS sends to wipe " --More-- " off the screen.
const iosErase = "\b\b\b\b\b\b\b\b\b        \b\b\b\b\b\b\b\b\b"

func fixed(text string) func(int, int) string { return func(int, int) string { return text } }

func iosConsole(s *Shell, d *dialect) *console {
	c := &console{Shell: s, dialect: d, level: 1}
	if s.device.Privileged {
		c.level = 15
	}
	return c
}

// iosGreeting prints the message of the day, if one is configured, and the empty line before the first prompt.
func iosGreeting(c *console) {
	c.say("\n")
	if text, ok := strings.CutPrefix(c.device.motd(), "^C"); ok {
		c.say(strings.TrimSuffix(strings.TrimPrefix(text, "\n"), "^C") + "\n")
	}
}

// iosPrompt is the hostname and the mode; in configuration IOS shows only the hostname's first 20 characters.
func iosPrompt(c *console) string {
	name := c.device.Hostname()
	switch {
	case c.mode != "":
		return name[:min(len(name), 20)] + "(" + c.mode + ")#"
	case c.level >= 15:
		return name + "#"
	default:
		return name + ">"
	}
}

// iosWording is what IOS says about a line it cannot run.
func iosWording(c *console, line string, p parsed) {
	if c.isExec { // IOS takes the command of an exec request for one configured on the line
		c.sayf("Line has invalid autocommand \"%s\"\n", strings.TrimSpace(line))
		return
	}
	switch p.problem {
	case incomplete:
		if words := strings.Fields(line); len(words) == 1 && p.node.word == "show" {
			c.say("% Type \"show ?\" for a list of subcommands\n")
			return
		}
		c.say("% Incomplete command.\n\n")
	case ambiguous:
		c.sayf("%% Ambiguous command:  \"%s\"\n", strings.TrimSpace(line))
	default:
		c.caret(p.at)
		c.say("% Invalid input detected at '^' marker.\n\n")
	}
}

// caret points at a character of the line as it stands on the screen, prompt included.
func (c *console) caret(at int) {
	c.say(strings.Repeat(" ", len(c.shown)+at) + "^\n")
}

// iosFilter reads what follows "|".
func iosFilter(_ *console, spec string) (filter, bool) {
	name, expression, _ := strings.Cut(spec, " ")
	expression = strings.TrimSpace(expression)
	if len(name) == 0 || expression == "" {
		return nil, false
	}
	switch {
	case strings.HasPrefix("include", name):
		return include(expression, true), true
	case strings.HasPrefix("exclude", name):
		return include(expression, false), true
	case strings.HasPrefix("begin", name):
		return begin(expression), true
	case strings.HasPrefix("section", name):
		return section(strings.TrimPrefix(expression, "include ")), true
	case strings.HasPrefix("count", name):
		return include(expression, true).then(count(func(lines int) string {
			return fmt.Sprintf("Number of lines which match regexp = %d\n", lines)
		})), true
	}
	return nil, false
}

// iosBadFilter says what is wrong with what follows "|".
func iosBadFilter(c *console, line, spec string) {
	name, _, _ := strings.Cut(spec, " ")
	for _, word := range []string{"include", "exclude", "begin", "section", "count"} {
		if strings.HasPrefix(word, name) { // the word is known (or there is none yet), its expression is missing
			iosWording(c, line, parsed{problem: incomplete, node: &node{}})
			return
		}
	}
	c.caret(strings.LastIndex(line, spec))
	c.say("% Invalid input detected at '^' marker.\n\n")
}

// iosClock is the time as IOS prints it.
func iosClock(c *console, _ []string) error {
	c.sayf("*%s\n", time.Now().UTC().Format("15:04:05.000 UTC Mon Jan _2 2006"))
	return nil
}
