package lab_test

import (
	"strings"
	"testing"
)

// step is a line sent to a device and everything that it prints before it waits again.
type step struct{ send, want string }

func play(t *testing.T, term *terminal, steps []step) {
	t.Helper()
	for _, s := range steps {
		term.send(s.send)
		if got := readAll(term, s.want); got != s.want {
			t.Fatalf("after %q\n got %q\nwant %q", s.send, got, s.want)
		}
	}
}

// readAll reads as many bytes as are wanted, or until they can no longer become so.
func readAll(term *terminal, want string) string {
	term.t.Helper()
	var got strings.Builder
	chunk := make([]byte, 4096)
	for got.Len() < len(want) {
		n, err := term.out.Read(chunk)
		got.Write(chunk[:n])
		if err != nil || !strings.HasPrefix(want, got.String()) {
			break
		}
	}
	return got.String()
}

func TestIOSSpeaksAsIOSDoes(t *testing.T) {
	t.Parallel()
	l, d := one(t, "cisco_ios")
	term := connect(t, l, d, 24, "\r\nios-0001>")
	secret := l.CredentialEnv()["NETRUST_CREDENTIAL_LAB_ENABLE"]
	play(t, term, []step{
		{"\r", "\r\nios-0001>"},
		{"show vfrsion\r", "show vfrsion\r\n               ^\r\n% Invalid input detected at '^' marker.\r\n\r\nios-0001>"},
		{"show ip\r", "show ip\r\n% Incomplete command.\r\n\r\nios-0001>"},
		{"show\r", "show\r\n% Type \"show ?\" for a list of subcommands\r\nios-0001>"},
		{"s\r", "s\r\n% Ambiguous command:  \"s\"\r\nios-0001>"},
		{"conf t\r", "conf t\r\n            ^\r\n% Invalid input detected at '^' marker.\r\n\r\nios-0001>"},
		{"en\r", "en\r\nPassword: "},
		{"wrong\r", "\r\nPassword: "},
		{"wrong\r", "\r\nPassword: "},
		{"wrong\r", "\r\n% Bad secrets\r\n\r\nios-0001>"},
		{"en\r", "en\r\nPassword: "},
		{secret + "\r", "\r\nios-0001#"},
		{"configure terinal\r", "configure terinal\r\n                      ^\r\n% Invalid input detected at '^' marker.\r\n\r\nios-0001#"},
		{"shox\x7fw privi\r", "shox\b \bw privi\r\nCurrent privilege level is 15\r\nios-0001#"},
		{"sh\t", "sh\r\nios-0001#show "},
		{"priv\r", "priv\r\nCurrent privilege level is 15\r\nios-0001#"},
		{"terminal ?", "terminal ?\r\n  length   Set number of lines on a screen\r\n  monitor  Copy debug output to the current terminal line\r\n" +
			"  no       Negate a command or set its defaults\r\n  width    Set width of the display terminal\r\n\r\nios-0001#terminal "},
		{"\x15", strings.Repeat("\b \b", len("terminal "))},
		{"clear counters\r", "clear counters\r\nClear \"show interface\" counters on all interfaces [confirm]"},
		{"\r", "\r\nios-0001#"},
		{"sh run | inc ^hostname\r", "sh run | inc ^hostname\r\nhostname ios-0001\r\nios-0001#"},
		{"sh clock | count UTC\r", "sh clock | count UTC\r\nNumber of lines which match regexp = 1\r\nios-0001#"},
		{"disable\r", "disable\r\nios-0001>"},
	})
}

func TestIOSConfigurationStandsInTheRunningConfig(t *testing.T) {
	t.Parallel()
	l, d := one(t, "cisco_ios")
	term := connect(t, l, d, 0, ">")
	term.become(l, "ios-0001")
	term.ask("terminal length 0", "ios-0001#")
	play(t, term, []step{
		{"conf t\r", "conf t\r\nEnter configuration commands, one per line.  End with CNTL/Z.\r\nios-0001(config)#"},
		{"hostname edge-router-with-a-long-name\r", "hostname edge-router-with-a-long-name\r\nedge-router-with-a-l(config)#"},
		{"int gi2\r", "int gi2\r\nedge-router-with-a-l(config-if)#"},
		{"desc to core\r", "desc to core\r\nedge-router-with-a-l(config-if)#"},
		{"no ip addr\r", "no ip addr\r\nedge-router-with-a-l(config-if)#"},
		{"shut\r", "shut\r\nedge-router-with-a-l(config-if)#"},
		{"foo\r", "foo\r\n                                ^\r\n% Invalid input detected at '^' marker.\r\n\r\nedge-router-with-a-l(config-if)#"},
		{"int gi99\r", "int gi99\r\n                                    ^\r\n% Invalid input detected at '^' marker.\r\n\r\nedge-router-with-a-l(config-if)#"},
		{"do show privilege\r", "do show privilege\r\nCurrent privilege level is 15\r\nedge-router-with-a-l(config-if)#"},
		{"router bgp 65000\r", "router bgp 65000\r\nedge-router-with-a-l(config-router)#"},
		{"neighbor 10.9.9.9 remote-as 3\r", "neighbor 10.9.9.9 remote-as 3\r\nedge-router-with-a-l(config-router)#"},
		{"exit\r", "exit\r\nedge-router-with-a-l(config)#"},
		{"\x1a", "^Z\r\nedge-router-with-a-long-name#"},
		{"sh run int gi2\r", "sh run int gi2\r\nBuilding configuration...\r\n\r\nCurrent configuration : 82 bytes\r\n!\r\n" +
			"interface GigabitEthernet2\r\n description to core\r\n negotiation auto\r\n shutdown\r\nend\r\n\r\nedge-router-with-a-long-name#"},
	})
	running := term.ask("show running-config", "name#")
	for _, line := range []string{"hostname edge-router-with-a-long-name", " neighbor 10.9.9.9 remote-as 3"} {
		if strings.Count(running, "\r\n"+line+"\r\n") != 1 {
			t.Errorf("the running config should hold %q once:\n%s", line, running)
		}
	}
	if startup := term.ask("show startup-config", "name#"); !strings.Contains(startup, "\r\nhostname ios-0001\r\n") {
		t.Errorf("the startup config changed without being written:\n%s", startup)
	}
	if version := term.ask("show version", "name#"); !strings.Contains(version, "edge-router-with-a-long-name uptime is") {
		t.Errorf("show version does not tell the new hostname:\n%s", version)
	}
	if d.Hostname() != "edge-router-with-a-long-name" {
		t.Errorf("the device calls itself %q", d.Hostname())
	}
}

func TestIOSReloadEndsSessionsAndForgetsWhatWasNotWritten(t *testing.T) {
	t.Parallel()
	l, d := one(t, "cisco_ios")
	term := connect(t, l, d, 0, ">")
	term.become(l, "ios-0001")
	term.ask("conf t", "(config)#")
	term.ask("hostname kept", "kept(config)#")
	term.ask("end", "kept#")
	term.ask("copy running-config startup-config", "Destination filename [startup-config]? ")
	term.ask("", "[OK]\r\nkept#")
	term.ask("conf t", "(config)#")
	term.ask("hostname lost", "lost(config)#")
	term.ask("end", "lost#")
	term.ask("reload", "Save? [yes/no]: ")
	term.ask("no", "[confirm]")
	term.send("\r")
	if text, err := term.read(""); err == nil {
		t.Fatalf("the session goes on after a reload: %q", text)
	}
	if d.Hostname() != "kept" || d.Counts().Reloads != 1 {
		t.Errorf("after the reload the device calls itself %q and counts %d reloads", d.Hostname(), d.Counts().Reloads)
	}
	if _, err := dial(t, d, login(l, d)); err == nil {
		t.Error("a device that is reloading accepts a login")
	}
}

func TestNXOSSpeaksAsNXOSDoes(t *testing.T) {
	t.Parallel()
	l, d := one(t, "cisco_nxos")
	term := connect(t, l, d, 0, "nxos-0001# ")
	play(t, term, []step{
		{"show foo\r", "show foo\r\n                 ^\r\n% Invalid command at '^' marker.\r\nnxos-0001# "},
		{"show ip\r", "show ip\r\n                  ^\r\n% Incomplete command at '^' marker.\r\nnxos-0001# "},
		{"term len 0\r", "term len 0\r\nnxos-0001# "},
		{"conf t\r", "conf t\r\nEnter configuration commands, one per line.  End with CNTL/Z.\r\nnxos-0001(config)# "},
		{"int e1/3\r", "int e1/3\r\nnxos-0001(config-if)# "},
		{"no shutdown\r", "no shutdown\r\nnxos-0001(config-if)# "},
		{"end\r", "end\r\nnxos-0001# "},
		{"show hostname ; show hostname | no-more\r", "show hostname ; show hostname | no-more\r\nnxos-0001 \r\nnxos-0001 \r\nnxos-0001# "},
		{"copy run start\r", "copy run start\r\n[########################################] 100%\r\n" +
			"Copy complete, now saving to disk (please wait)...\r\nCopy complete.\r\nnxos-0001# "},
	})
	if running := term.ask("show running-config", "\r\nnxos-0001# "); !strings.Contains(running, "interface Ethernet1/3\r\n  no shutdown\r\n") {
		t.Errorf("no shutdown does not stand in the running config:\n%s", running)
	}
}

func TestEOSSpeaksAsEOSDoes(t *testing.T) {
	t.Parallel()
	l, d := one(t, "arista_eos")
	term := connect(t, l, d, 0, "eos-0001>")
	play(t, term, []step{
		{"show foo\r", "show foo\r\n% Invalid input (at token 1: 'foo')\r\neos-0001>"},
		{"show running-config\r", "show running-config\r\n% Invalid input (privileged mode required)\r\neos-0001>"},
	})
	term.become(l, "eos-0001")
	play(t, term, []step{
		{"s\r", "s\r\n% Ambiguous command (at token 0: 's')\r\neos-0001#"},
		{"configure\r", "configure\r\neos-0001(config)#"},
		{"interface Ethernet1\r", "interface Ethernet1\r\neos-0001(config-if-Et1)#"},
		{"router bgp 65000\r", "router bgp 65000\r\neos-0001(config-router-bgp)#"},
		{"end\r", "end\r\neos-0001#"},
		{"write\r", "write\r\nCopy completed successfully.\r\neos-0001#"},
	})
}

func TestJunosSpeaksAsJunosDoes(t *testing.T) {
	t.Parallel()
	l, d := one(t, "juniper_junos")
	term := connect(t, l, d, 0, "lab@junos-0001> ")
	play(t, term, []step{
		{"set cli screen-length 0\r", "set cli screen-length 0\r\nScreen length set to 0\r\n\r\nlab@junos-0001> "},
		{"shw\r", "shw\r\n                  ^\r\nunknown command.\r\n\r\nlab@junos-0001> "},
		{"show foo\r", "show foo\r\n                     ^\r\nsyntax error, expecting <command>.\r\n\r\nlab@junos-0001> "},
		{"sh ver | match Model\r", "sh ver | match Model\r\nModel: mx240\r\n\r\nlab@junos-0001> "},
		{"show configuration system host-name | display set\r", "show configuration system host-name | display set\r\n\r\nlab@junos-0001> "},
		{"configure\r", "configure \r\nEntering configuration mode\r\n\r\n[edit]\r\nlab@junos-0001# "},
		{"set system host-name renamed\r", "set system host-name renamed\r\n\r\n[edit]\r\nlab@junos-0001# "},
		{"set nonsense\r", "set nonsense\r\n                    ^\r\nsyntax error.\r\n\r\n[edit]\r\nlab@junos-0001# "},
		{"show | compare\r", "show | compare\r\n[edit system]\r\n-  host-name junos-0001;\r\n+  host-name renamed;\r\n\r\n[edit]\r\nlab@junos-0001# "},
		{"exit\r", "exit \r\nThe configuration has been changed but not committed\r\nExit with uncommitted changes? [yes,no] (yes) "},
		{"no\r", "no\r\n\r\n[edit]\r\nlab@junos-0001# "},
		{"commit and-quit\r", "commit and-quit\r\ncommit complete\r\nExiting configuration mode\r\n\r\nlab@renamed> "},
		{"configure\r", "configure \r\nEntering configuration mode\r\n\r\n[edit]\r\nlab@renamed# "},
		{"rollback 1\r", "rollback 1\r\nload complete\r\n\r\n[edit]\r\nlab@renamed# "},
		{"commit\r", "commit \r\ncommit complete\r\n\r\n[edit]\r\nlab@junos-0001# "},
	})
}

func TestFRRSpeaksAsVtyshDoes(t *testing.T) {
	t.Parallel()
	l, d := one(t, "frr")
	term := shell(t, mustDial(t, l, d), 24)
	play(t, term, []step{
		{"", "\r\nHello, this is FRRouting (version 8.4.4).\r\nCopyright 1996-2005 Kunihiro Ishiguro, et al.\r\n\r\nfrr-0001# "},
		{"show foo\r", "show foo\r\n% Unknown command: show foo\r\nfrr-0001# "},
		{"show ip\r", "show ip\r\n% Command incomplete: show ip\r\nfrr-0001# "},
		{"terminal width 511\r", "terminal width 511\r\n% Unknown command: terminal width 511\r\nfrr-0001# "},
		{"show daemons | begin z\r", "show daemons | begin z\r\n% Unknown action 'begin'\r\nfrr-0001# "},
		{"conf t\r", "conf t\r\nfrr-0001(config)# "},
		{"hostname r9\r", "hostname r9\r\nr9(config)# "},
		{"router bgp 65001\r", "router bgp 65001\r\nr9(config-router)# "},
		{"address-family ipv4 unicast\r", "address-family ipv4 unicast\r\nr9(config-router-af)# "},
		{"exit\r", "exit\r\nr9(config-router)# "},
		{"ip route 198.51.100.0/24 blackhole\r", "ip route 198.51.100.0/24 blackhole\r\nr9(config)# "},
		{"\x1a", "r9# "},
		{"show running-config | include 198\r", "show running-config | include 198\r\nip route 198.51.100.0/24 blackhole\r\nr9# "},
	})
}

func TestUnixShellAnswersWithExitStatus(t *testing.T) {
	t.Parallel()
	l, d := one(t, "generic_ssh")
	term := connect(t, l, d, 24, "lab@host-0001:~$ ")
	play(t, term, []step{
		{"nonsense\r", "nonsense\r\n-bash: nonsense: command not found\r\nlab@host-0001:~$ "},
		{"echo 'a  b' | grep a\r", "echo 'a  b' | grep a\r\na  b\r\nlab@host-0001:~$ "},
		{"false && echo no; echo yes\r", "false && echo no; echo yes\r\nyes\r\nlab@host-0001:~$ "},
	})
}
