package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/netrust/netrust/lab/internal/recorded"
	"github.com/netrust/netrust/lab/internal/runcfg"
)

// nxos is Cisco NX-OS. Its users have roles instead of privilege levels: the lab's user is a network-admin.
func nxos(library *recorded.Library) *Platform {
	d := &dialect{
		exec:          nxosExec(library),
		modes:         nxosModes(),
		style:         runcfg.Style{Indent: "  "},
		keys:          append([]string{"vrf member", "switchport", "fabric forwarding"}, iosKeys...),
		paged:         &pager{prompt: fixed("\x1b[7m--More--\x1b[27m"), erase: "\x1b[8D\x1b[K"},
		greeting:      func(c *console) { c.say(nxosGreeting) },
		promptOf:      nxosPrompt,
		wording:       nxosWording,
		filterOf:      nxosFilter,
		badFilter:     nxosBadFilter,
		separator:     " ; ",
		interruptEnds: false,
		fallThrough:   true,
	}
	return &Platform{
		Name: ciscoNXOS, Vendor: "cisco", Prefix: "nxos",
		ServerVersion: "SSH-2.0-OpenSSH_7.5 PKIX[10.1] FIPS",
		Password:      true, KeyboardInteractive: true, Question: "Password: ", MaxTries: 4,
		BusyText: "Exceeded MaxStartups\r\n",
		unnamed:  "switch",
		factory:  nxosFactory,
		start:    func(s *Shell) personality { return &console{Shell: s, dialect: d, level: 15} },
	}
}

const nxosGreeting = `Cisco Nexus Operating System (NX-OS) Software
TAC support: http://www.cisco.com/tac
Copyright (C) 2002-2014, Cisco and/or its affiliates.
All rights reserved.
The copyrights to certain works contained in this software are
owned by other third parties and used and distributed under their own
licenses, such as open source.  This software is provided "as is," and unless
otherwise stated, there is no warranty, express or implied, including but not
limited to warranties of merchantability and fitness for a particular purpose.
Certain components of this software are licensed under
the GNU General Public License (GPL) version 2.0 or
GNU General Public License (GPL) version 3.0  or the GNU
Lesser General Public License (LGPL) Version 2.1 or
Lesser General Public License (LGPL) Version 2.0.
A copy of each such license is available at
http://www.opensource.org/licenses/gpl-2.0.php and
http://opensource.org/licenses/gpl-3.0.html and
http://www.opensource.org/licenses/lgpl-2.1.php and
http://www.gnu.org/licenses/old-licenses/library.txt.
`

// nxosPrompt ends in a space, unlike that of IOS.
func nxosPrompt(c *console) string {
	if c.mode != "" {
		return c.device.Hostname() + "(" + c.mode + ")# "
	}
	return c.device.Hostname() + "# "
}

func nxosWording(c *console, line string, p parsed) {
	at := p.at
	what := "Invalid"
	switch p.problem {
	case incomplete:
		what, at = "Incomplete", len(line)
	case ambiguous:
		what = "Ambiguous"
	}
	if c.isExec { // without a terminal the caret counts from the beginning of the line
		c.shown = ""
	}
	c.caret(at)
	c.sayf("%% %s command at '^' marker.\n", what)
}

func nxosFilter(_ *console, spec string) (filter, bool) {
	name, expression, _ := strings.Cut(spec, " ")
	expression = strings.TrimSpace(expression)
	switch {
	case name == "no-more":
		return nil, true
	case name == "count":
		return count(func(lines int) string { return fmt.Sprintf("%d\n", lines) }), true
	case name == "last" || name == "head":
		return nxosLines(name, expression)
	case name == "" || expression == "":
		return nil, false
	case strings.HasPrefix("include", name) || name == "grep" || name == "egrep":
		return include(expression, true), true
	case strings.HasPrefix("exclude", name):
		return include(expression, false), true
	case strings.HasPrefix("begin", name):
		return begin(expression), true
	case strings.HasPrefix("section", name):
		return section(expression), true
	}
	return nil, false
}

// nxosLines reads `| last 5` and `| head lines 5`; ten is what they show unless told.
func nxosLines(name, expression string) (filter, bool) {
	lines := 10
	if expression = strings.TrimPrefix(expression, "lines "); expression != "" {
		lines = number(expression)
	}
	if name == "last" {
		return last(lines), true
	}
	return first(lines), true
}

func nxosBadFilter(c *console, line, spec string) {
	nxosWording(c, line, parsed{problem: unknown, at: max(strings.LastIndex(line, spec), 0)})
}

// nxosExec is exec mode.
func nxosExec(library *recorded.Library) *grammar {
	g := &grammar{}
	addRecorded(g, library, ciscoNXOS)
	addMarks(g)
	addInterfaces(g, "show interface", "", nxosInterface, invalidInterface)
	addFillers(g, "attach", "bcm-shell", "callhome", "cd", "checkpoint", "cli", "debug", "delete", "dir", "discover", "echo", "echotest",
		"ethanalyzer", "find", "format", "guestshell", "gunzip", "gzip", "install", "killall", "load", "mkdir", "move", "mtrace",
		"no", "ntp", "pwd", "python", "restart", "rmdir", "rollback", "routing-context", "run", "session", "sleep", "slot",
		"snmp", "socket", "source", "ssh", "switchto", "system", "tac-pac", "tail", "tar", "tclsh", "telnet", "traceroute",
		"undebug", "unmount", "vtp", "watch", "where", "xconnect", "xml")
	g.add("show clock", "|Display current Date", func(c *console, _ []string) error {
		c.sayf("%s\nTime source is NTP\n", time.Now().UTC().Format("15:04:05.000 UTC Mon Jan 02 2006"))
		return nil
	})
	g.add("show hostname", "|Show the system's hostname", func(c *console, _ []string) error {
		c.sayf("%s \n", c.device.Hostname())
		return nil
	})
	g.add("show running-config", "|Current operating configuration", nxosRunning)
	g.add("show running-config interface LINE", "||Show interface configuration|Interface", nxosRunningInterface)
	g.add("show startup-config", "|Startup system configuration", nxosStartup)
	g.add("show history", "|Display the session command history", showHistory)
	addTerminal(g)
	g.add("terminal session-timeout <0-525600>", "|Set terminal timeout value (exec-timeout)|Timeout in minutes", nothing)
	g.add("terminal dont-ask", "|Execute commands without asking confirmations", nothing)
	g.add("configure", "Enter configuration mode", configure(enterConfiguration))
	g.add("configure terminal", "|Configure the system from terminal input", configure(enterConfiguration))
	g.add("copy running-config startup-config", "Copy from one file to another|Copy running configuration|Copy to startup configuration", nxosCopy)
	g.add("clear counters", "Reset functions|Clear interface counters", nothing)
	g.add("clear counters interface LINE", "||Interface|Interface", nothing)
	g.add("ping WORD", "Test network reachability|Destination", unixPing(5))
	g.add("reload", "Reboot the entire box", nxosReload)
	g.add("exit", "Exit from command interpreter", logout)
	g.add("end", "Go to exec mode", nothing)
	return g
}

func nxosRunning(c *console, _ []string) error {
	now := time.Now().UTC().Format("Mon Jan _2 15:04:05 2006")
	c.sayf("\n!Command: show running-config\n!Time: %s\n\n", now)
	c.device.config(func(running *runcfg.Tree) { c.out = running.Append(c.out, c.dialect.style) })
	c.say("\n")
	return nil
}

func nxosRunningInterface(c *console, args []string) error {
	name := nxosInterface(args[0])
	var body []byte
	c.device.config(func(running *runcfg.Tree) {
		if _, ok := running.Lines("interface " + name); ok {
			body = running.Section("interface "+name, c.dialect.style)
		}
	})
	if body == nil {
		return c.refuse(args[0])
	}
	now := time.Now().UTC().Format("Mon Jan _2 15:04:05 2006")
	c.sayf("\n!Command: show running-config interface %s\n!Time: %s\n\nversion 7.3(1)D1(1)\n\n%s\n", name, now, body)
	return nil
}

func nxosStartup(c *console, _ []string) error {
	now := time.Now().UTC().Format("Mon Jan _2 15:04:05 2006")
	c.sayf("\n!Command: show startup-config\n!Time: %s\n!Startup config saved at: %s\n\n%s\n", now, now, c.startupText())
	return nil
}

// startupText is the config that the device would start with.
func (c *console) startupText() []byte {
	c.device.mu.Lock()
	defer c.device.mu.Unlock()
	startup := c.device.startup
	if startup == nil {
		startup = runcfg.Parse(c.device.Platform.factory(c.device))
	}
	return startup.Append(nil, c.dialect.style)
}

func nxosCopy(c *console, _ []string) error {
	c.device.save()
	c.say("[########################################] 100%\nCopy complete, now saving to disk (please wait)...\nCopy complete.\n")
	return nil
}

func nxosReload(c *console, _ []string) error {
	if c.device.unsaved() {
		c.say("!!!WARNING! there is unsaved configuration!!!\n")
	}
	answer, err := c.ask("This command will reboot the system. (y/n)?  [n] ", false)
	if err != nil || !strings.HasPrefix(strings.ToLower(answer), "y") {
		return err
	}
	return c.restart()
}

// restart reloads the device, which ends the session.
func (c *console) restart() error {
	if err := c.term.Flush(); err != nil {
		return err
	}
	c.device.Host.Reload()
	return ErrClosed
}

// unixPing answers a ping as the ping of a Unix system does.
func unixPing(count int) handler {
	return func(c *console, args []string) error {
		c.sayf("PING %s (%s): 56 data bytes\n", args[0], args[0])
		for i := range count {
			c.sayf("64 bytes from %s: icmp_seq=%d ttl=254 time=1.0%d ms\n", args[0], i, i)
		}
		c.sayf("\n--- %s ping statistics ---\n%d packets transmitted, %d packets received, 0.00%% packet loss\n"+
			"round-trip min/avg/max = 1/1.02/1.04 ms\n", args[0], count, count)
		return nil
	}
}
