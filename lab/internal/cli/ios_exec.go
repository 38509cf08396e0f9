package cli

import (
	"fmt"
	"strings"

	"github.com/netrust/netrust/lab/internal/recorded"
	"github.com/netrust/netrust/lab/internal/runcfg"
)

// iosExec is user and privileged exec mode. Level 15 marks what only privileged exec knows.
func iosExec(library *recorded.Library) *grammar {
	g := &grammar{}
	addRecorded(g, library, "cisco_ios")
	addMarks(g)
	addInterfaces(g, "show interfaces", "", interfaceName, invalidInterface)
	g.add("show arp", "|ARP table", replay("show ip arp"))
	g.add("show mac address-table", "|MAC configuration|MAC forwarding table", replay("show mac-address-table"))
	g.add("show clock", "|Display the system clock", iosClock)
	g.add("show clock detail", "||Display detailed information", iosClock)
	g.add("show privilege", "|Show current privilege level", func(c *console, _ []string) error {
		c.sayf("Current privilege level is %d\n", c.level)
		return nil
	})
	g.add("show history", "|Display the session command history", showHistory)
	g.add("show terminal", "|Display terminal configuration parameters", iosTerminal)
	g.addAt(15, "show running-config", "|Current operating configuration", iosRunning)
	g.addAt(15, "show running-config all", "||Configuration with defaults", iosRunning)
	g.addAt(15, "show running-config interface LINE", "||Show interface configuration|Interface", iosRunningInterface)
	g.addAt(15, "show startup-config", "|Contents of startup configuration", iosStartup)
	addTerminal(g)
	g.add("enable", "Turn on privileged commands", iosEnable)
	g.add("disable", "Turn off privileged commands", func(c *console, _ []string) error {
		c.level = 1
		return nil
	})
	g.add("exit", "Exit from the EXEC", logout)
	g.add("logout", "Exit from the EXEC", logout)
	g.add("quit", "Exit from the EXEC", logout)
	g.add("ping WORD", "Send echo messages|Ping destination address or hostname", iosPing)
	g.add("ping ip WORD", "|IP echo|Ping destination address or hostname", iosPing)
	iosPrivileged(g)
	addFillers(g, "access-enable", "access-profile", "cd", "connect", "crypto", "debug", "delete", "dir", "format", "help", "isdn", "lock",
		"login", "more", "mrinfo", "mstat", "mtrace", "name-connection", "no", "pad", "ppp", "pwd", "release", "rename",
		"renew", "resume", "rlogin", "send", "set", "setup", "slip", "ssh", "start-chat", "systat", "tclsh", "telnet",
		"traceroute", "tunnel", "verify", "vlan", "where", "x28", "x3")
	return g
}

// iosPrivileged adds the commands of privileged exec.
func iosPrivileged(g *grammar) {
	g.addAt(15, "configure", "Enter configuration mode", iosConfigure)
	g.addAt(15, "configure terminal", "|Configure from the terminal", configure(enterConfiguration))
	g.addAt(15, "write", "Write running configuration to memory, network, or terminal", iosWrite)
	g.addAt(15, "write memory", "|Write to NV memory", iosWrite)
	g.addAt(15, "write terminal", "|Write to terminal", iosRunning)
	g.addAt(15, "write erase", "|Erase NV memory", iosErases)
	g.addAt(15, "erase startup-config", "Erase a filesystem|Erase contents of configuration memory", iosErases)
	g.addAt(15, "copy running-config startup-config", "Copy from one file to another|Copy from current system configuration|Copy to startup configuration", iosCopy)
	g.addAt(15, "clear counters", "Reset functions|Clear counters on one or all interfaces", iosClearCounters)
	g.addAt(15, "clear counters LINE", "||Interface", iosClearCounters)
	g.addAt(15, "clear logging", "|Clear logging buffer", func(c *console, _ []string) error {
		_, err := c.confirm("Clear logging buffer [confirm]")
		return err
	})
	g.addAt(15, "clear line vty <0-15>", "|Reset a terminal line|Virtual terminal|Line number", func(c *console, _ []string) error {
		if yes, err := c.confirm("[confirm]"); err != nil || !yes {
			return err
		}
		c.say(" [OK]\n")
		return nil
	})
	g.addAt(15, "reload", "Halt and perform a cold restart", iosReload)
	g.addAt(15, "undebug all", "Disable debugging functions (see also 'debug')|Disable all debugging", print("All possible debugging has been turned off\n"))
}

const enterConfiguration = "Enter configuration commands, one per line.  End with CNTL/Z.\n"

// addRecorded adds every command that has been recorded for a platform.
func addRecorded(g *grammar, library *recorded.Library, platform string) {
	for _, command := range library.Commands(platform) {
		g.add(command, "", replay(command))
	}
}

// addTerminal adds the commands that set up the terminal.
func addTerminal(g *grammar) {
	g.add("terminal length <0-512>", "Set terminal line parameters|Set number of lines on a screen|Number of lines on screen (0 for no pausing)", setLength)
	g.add("terminal width <0-512>", "|Set width of the display terminal|Number of characters on a screen line", setWidth)
	g.add("terminal monitor", "|Copy debug output to the current terminal line", nothing)
	g.add("terminal no monitor", "|Negate a command or set its defaults|Copy debug output to the current terminal line", nothing)
	g.add("terminal no length", "||Set number of lines on a screen", func(c *console, _ []string) error {
		c.length = -1
		return nil
	})
}

func setLength(c *console, args []string) error {
	c.length = number(args[0])
	return nil
}

func setWidth(c *console, args []string) error {
	c.width = number(args[0])
	return nil
}

// number is the value of a token that a grammar has found to be one.
func number(token string) int {
	n := 0
	for _, digit := range token {
		n = n*10 + int(digit-'0')
	}
	return n
}

func showHistory(c *console, _ []string) error {
	for _, line := range c.history {
		c.sayf("  %s\n", line)
	}
	return nil
}

func iosTerminal(c *console, _ []string) error {
	width := c.width
	if width < 0 {
		width, _ = c.term.Size()
	}
	c.sayf("Line 2, Location: \"\", Type: \"xterm\"\nLength: %d lines, Width: %d columns\n", c.pageLength(), width)
	return nil
}

// iosEnable asks for the secret, three times at most.
func iosEnable(c *console, _ []string) error {
	if c.level >= 15 {
		return nil
	}
	for range 3 {
		secret, err := c.ask("Password: ", true)
		if err != nil {
			return err
		}
		if secret == c.device.Enable {
			c.level = 15
			return nil
		}
	}
	c.status = 1
	c.say("% Bad secrets\n\n")
	return nil
}

func iosPing(c *console, args []string) error {
	if !isAddress(args[0]) {
		c.sayf("%% Unrecognized host or address, or protocol not running.\n\n")
		return nil
	}
	c.sayf("Type escape sequence to abort.\nSending 5, 100-byte ICMP Echos to %s, timeout is 2 seconds:\n!!!!!\n"+
		"Success rate is 100 percent (5/5), round-trip min/avg/max = 1/1/4 ms\n", args[0])
	return nil
}

func iosConfigure(c *console, _ []string) error {
	answer, err := c.ask("Configuring from terminal, memory, or network [terminal]? ", false)
	if err != nil {
		return err
	}
	if !strings.HasPrefix("terminal", strings.TrimSpace(answer)) {
		c.say("?Must be \"terminal\", \"memory\" or \"network\"\n")
		return nil
	}
	return configure(enterConfiguration)(c, nil)
}

// iosRunning prints the running config with the size that IOS tells.
func iosRunning(c *console, _ []string) error {
	body := c.configText()
	if at := c.device.lastChange(); !at.IsZero() {
		body = fmt.Appendf(nil, "!\n! Last configuration change at %s by %s\n%s", at.UTC().Format("15:04:05 UTC Mon Jan _2 2006"), c.device.Username, body)
	}
	c.sayf("Building configuration...\n\nCurrent configuration : %d bytes\n", len(body))
	c.out = append(c.out, body...)
	return nil
}

func iosRunningInterface(c *console, args []string) error {
	var body []byte
	name := interfaceName(args[0])
	c.device.config(func(running *runcfg.Tree) {
		if _, ok := running.Lines("interface " + name); ok {
			body = running.Section("interface "+name, c.dialect.style)
		}
	})
	if body == nil {
		return c.refuse(args[0])
	}
	c.sayf("Building configuration...\n\nCurrent configuration : %d bytes\n!\n%send\n\n", len(body)+6, body)
	return nil
}

// configText is the running config as the platform prints it, without a heading.
func (c *console) configText() []byte {
	var body []byte
	c.device.config(func(running *runcfg.Tree) { body = running.Append(nil, c.dialect.style) })
	return append(body, "end\n\n"...)
}
