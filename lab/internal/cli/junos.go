package cli

import (
	"fmt"
	"strings"

	"github.com/netrust/netrust/lab/internal/recorded"
	"github.com/netrust/netrust/lab/internal/runcfg"
)

// junos is Juniper Junos. Its operational mode is one more dialect; its configuration mode works on a candidate that
// all sessions share (junos_config.go).
func junos(library *recorded.Library) *Platform {
	d := &dialect{
		exec:      junosExec(library),
		modes:     map[string]*grammar{"edit": junosEdit()},
		paged:     &pager{prompt: junosMore, erase: "\r                                        \r"},
		greeting:  func(c *console) { c.say("--- JUNOS 13.3R1.4 built 2014-03-01 01:25:36 UTC\n") },
		promptOf:  junosPrompt,
		wording:   junosWording,
		filterOf:  junosFilter,
		badFilter: junosBadFilter,
		keyEcho:   func(bool) string { return "\n" },
		enterAdds: junosCompletes,
		configure: junosConfigure,
	}
	return &Platform{
		Name: juniperJunos, Vendor: "juniper", Prefix: "junos",
		ServerVersion: "SSH-2.0-OpenSSH_6.6.1",
		Password:      true, KeyboardInteractive: true, Question: "Password:", MaxTries: 6,
		BusyText: "Exceeded MaxStartups\r\n",
		unnamed:  "Amnesiac",
		factory:  junosFactory,
		start:    func(s *Shell) personality { return &console{Shell: s, dialect: d, level: 15} },
	}
}

func junosMore(page, percent int) string {
	if page == 1 {
		return "---(more)---"
	}
	return fmt.Sprintf("---(more %d%%)---", percent)
}

// junosPrompt comes after an empty line, except for the first. In configuration a line above tells where in it one is.
func junosPrompt(c *console) string {
	gap := "\n"
	if !c.started {
		gap, c.started = "", true
	}
	name := c.device.Username + "@" + c.device.Hostname()
	if c.mode == "" {
		return gap + name + "> "
	}
	where := strings.Join(append([]string{"edit"}, c.path...), " ")
	return gap + "[" + where + "]\n" + name + "# "
}

// junosWording is what Junos says about a line it cannot run.
func junosWording(c *console, line string, p parsed) {
	if c.isExec {
		what := "syntax error"
		if p.token == 0 {
			what = "unknown command"
		}
		c.sayf("error: %s: %s\n", what, p.word)
		return
	}
	shown := len(c.shown) - strings.LastIndexByte(c.shown, '\n') - 1
	mark := func(at int) { c.say(strings.Repeat(" ", shown+at) + "^\n") }
	switch {
	case p.problem == incomplete:
		mark(len(line))
		c.say("syntax error, expecting <command>.\n")
	case p.problem == ambiguous:
		mark(p.at)
		c.sayf("'%s' is ambiguous.\nPossible completions:\n", p.word)
		for _, kid := range p.node.choices(p.word, c.level) {
			c.sayf("  %-20s %s\n", kid.word, kid.help)
		}
	case p.token == 0:
		mark(p.at)
		c.say("unknown command.\n")
	default:
		mark(p.at)
		c.say("syntax error, expecting <command>.\n")
	}
}

// junosCompletes is what Junos adds to a line at Enter: the rest of a keyword that was cut short, and a space.
func junosCompletes(c *console, line string) string {
	if line == "" || strings.HasSuffix(line, " ") || strings.ContainsRune(line, '|') {
		return ""
	}
	p := c.grammar().parse(line, c.level)
	if p.problem == unknown || p.problem == ambiguous || p.node.param {
		return ""
	}
	typed := line[strings.LastIndexByte(line, ' ')+1:]
	if len(typed) > len(p.node.word) {
		return ""
	}
	return p.node.word[len(typed):] + " "
}

// junosFilter reads what follows "|".
func junosFilter(c *console, spec string) (filter, bool) {
	name, expression, _ := strings.Cut(spec, " ")
	expression = strings.TrimSpace(expression)
	switch {
	case len(name) > 1 && strings.HasPrefix("no-more", name):
		return nil, true
	case len(name) > 1 && strings.HasPrefix("count", name):
		return count(func(lines int) string { return fmt.Sprintf("Count: %d lines\n", lines) }), true
	case len(name) > 2 && strings.HasPrefix("compare", name) && c.mode != "":
		c.display = "compare"
		return nil, true
	case name == "display" && expression == "set":
		c.display = "set"
		return nil, true
	case name == "last" && expression != "":
		return last(number(expression)), true
	case name == "" || expression == "":
		return nil, false
	case strings.HasPrefix("match", name):
		return include(expression, true), true
	case strings.HasPrefix("except", name):
		return include(expression, false), true
	case strings.HasPrefix("find", name):
		return begin(expression), true
	}
	return nil, false
}

func junosBadFilter(c *console, line, spec string) {
	at := max(strings.LastIndex(line, spec), 0)
	c.say(strings.Repeat(" ", len(c.shown)-strings.LastIndexByte(c.shown, '\n')-1+at) + "^\nsyntax error, expecting <command>.\n")
}

// junosExec is operational mode.
func junosExec(library *recorded.Library) *grammar {
	g := &grammar{}
	addRecorded(g, library, juniperJunos)
	addMarks(g)
	addInterfaces(g, "show interfaces", "Physical interface: ", sameName, func(c *console, name string) error {
		c.status = 1
		c.sayf("error: device %s not found\n", name)
		return nil
	})
	addFillers(g, "file", "help", "load", "monitor", "mtrace", "op", "restart", "save", "ssh", "start", "telnet", "traceroute")
	g.add("show configuration", "Show system information|Show current configuration", junosShowConfiguration)
	g.add("show configuration LINE", "||Part of the configuration", junosShowConfiguration)
	g.add("show system commit", "||Show pending commit requests (if any) and commit history", junosCommits)
	g.add("set cli screen-length <0-10000>", "Set CLI properties, date/time, craft interface message|Set command-line interface properties|Set number of lines on screen", func(c *console, args []string) error {
		c.sayf("Screen length set to %s\n", args[0])
		return setLength(c, args)
	})
	g.add("set cli screen-width <0-1024>", "||Set number of characters on a line", func(c *console, args []string) error {
		c.sayf("Screen width set to %s\n", args[0])
		return setWidth(c, args)
	})
	g.add("set cli complete-on-space off", "||Set whether typing space completes current word|", print("Disabling complete-on-space\n"))
	g.add("set cli complete-on-space on", "", print("Enabling complete-on-space\n"))
	g.add("set cli idle-timeout <0-100000>", "||Set maximum idle time before login session ends", func(c *console, args []string) error {
		c.sayf("Idle timeout set to %s minutes\n", args[0])
		return nil
	})
	g.add("clear interfaces statistics all", "Clear information in the system|Clear interface information", nothing)
	g.add("clear interfaces statistics WORD", "", nothing)
	g.add("configure", "Manipulate software configuration information", junosEnter)
	g.add("configure exclusive", "|Obtain exclusive lock (other users cannot make changes)", junosEnter)
	g.add("configure private", "|Work in private database (other users do not see uncommitted changes)", junosEnter)
	g.add("edit", "Manipulate software configuration information", junosEnter)
	g.add("ping WORD", "Ping remote target|Hostname or IP address of remote host", unixPing(5))
	g.add("ping WORD count <1-100>", "||Number of ping requests to send", unixPing(5))
	g.add("request system reboot", "Make system-level requests|Perform system-level operations|Reboot the system", junosReboot)
	for _, word := range []string{"exit", "quit"} {
		g.add(word, "Exit the management session", logout)
	}
	return g
}

// junosShowConfiguration prints the configuration in force, or the part of it that the words lead to.
func junosShowConfiguration(c *console, args []string) error {
	var path []string
	if len(args) > 0 {
		path = runcfg.Words(args[0])
	}
	c.device.junosDo(func(j *junosConfig) {
		if len(path) == 0 && c.display == "" {
			c.sayf("## Last commit: %s by %s\n", j.committed.UTC().Format("2006-01-02 15:04:05 UTC"), c.device.Username)
		}
		c.showStanza(j.history[0], path)
	})
	return nil
}

// showStanza prints a part of a configuration in braces, or as set lines.
func (c *console) showStanza(root *runcfg.Stanza, path []string) {
	at := root.At(path)
	switch {
	case at == nil:
	case c.display == "set":
		c.out = at.AppendSet(c.out, path...)
	default:
		c.out = at.AppendBraces(c.out)
	}
}

func junosCommits(c *console, _ []string) error {
	c.device.junosDo(func(j *junosConfig) {
		for i := range j.history {
			c.sayf("%-3d %s by %s via cli\n", i, j.committed.UTC().Format("2006-01-02 15:04:05 UTC"), c.device.Username)
		}
	})
	return nil
}

func junosReboot(c *console, _ []string) error {
	answer, err := c.ask("Reboot the system ? [yes,no] (no) ", false)
	if err != nil || strings.TrimSpace(answer) != "yes" {
		return err
	}
	return c.restart()
}

// junosFactory is the configuration, as set lines, that a simulated Junos device is delivered with.
func junosFactory(d *Device) string {
	lines := []string{
		"version 13.3R1.4",
		"system host-name " + d.Name,
		"system domain-name lab.example",
		`system root-authentication encrypted-password "$1$` + d.Secret("root-salt", 8) + "$" + d.Secret("root-hash", 22) + `"`,
		"system login user " + d.Username + " uid 2000",
		"system login user " + d.Username + " class super-user",
		"system login user " + d.Username + ` authentication encrypted-password "$1$` + d.Secret("user-salt", 8) + "$" + d.Secret("user-hash", 22) + `"`,
		"system tacplus-server 192.0.2.10 secret \"$9$" + d.Secret("tacacs", 20) + `"`,
		"system services ssh",
		"system services netconf ssh",
		"system syslog file messages any notice",
		"interfaces ge-0/0/0 description uplink",
		"interfaces ge-0/0/0 unit 0 family inet address 10.4." + octet(d.Number) + ".1/24",
		"interfaces ge-0/0/1 unit 0 family inet address 10.5." + octet(d.Number) + ".1/24",
		"interfaces fxp0 unit 0 family inet address " + d.Address.String() + "/8",
		"interfaces lo0 unit 0 family inet address " + d.loopback() + "/32",
		"snmp community " + d.Secret("community", 12) + " authorization read-only",
		"routing-options static route 192.0.2.0/24 next-hop 10.4." + octet(d.Number) + ".2",
		"routing-options autonomous-system 65001",
		"protocols bgp group transit type external",
		"protocols bgp group transit authentication-key \"$9$" + d.Secret("bgp", 24) + `"`,
		"protocols bgp group transit neighbor 10.4." + octet(d.Number) + ".2 peer-as 65002",
		"protocols ospf area 0.0.0.0 interface ge-0/0/1.0",
	}
	return "set " + strings.Join(lines, "\nset ") + "\n"
}
