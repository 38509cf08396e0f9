package definition_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/netrust/netrust/libs/driver/definition"
	"github.com/netrust/netrust/libs/driver/platform"
)

func load(t *testing.T, name string) *definition.Definition {
	t.Helper()
	d, err := definition.For(name)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestEveryPlatformHasADefinition(t *testing.T) {
	t.Parallel()
	for _, name := range platform.Names() {
		d := load(t, name)
		if len(d.Prompts) == 0 || d.Term == "" || d.Platform != name {
			t.Errorf("%s: %+v", name, d)
		}
		if again := load(t, name); again != d {
			t.Errorf("%s was parsed twice", name)
		}
	}
	if load(t, "cisco_iosxe") != load(t, platform.CiscoIOS) {
		t.Error("an alias has another definition")
	}
	if _, err := definition.For("amiga"); err == nil {
		t.Error("an unknown platform has a definition")
	}
}

func TestPrompts(t *testing.T) {
	t.Parallel()
	for name, lines := range map[string][]string{
		platform.CiscoIOS:     {"r1#", "r1>", "core-1.example(config)#", "r1(config-if)#", "!some output#"},
		platform.CiscoNXOS:    {"spine1# ", "spine1> ", "spine1(config)# ", "spine1(config-if)# ", "!Eth1/1 up"},
		platform.AristaEOS:    {"leaf1#", "leaf1>", "leaf1(config)#", "leaf1(config-if-Et1)#", "!% Invalid input"},
		platform.JuniperJunos: {"admin@mx1> ", "admin@mx1# ", "!Idle 99%", "!root@mx1:~ $ "},
		platform.FRR:          {"r1# ", "r1> ", "r1(config)# ", "r1(config-router)# ", "!B>* 10.0.0.0/8 via 10.0.0.1"},
		platform.GenericSSH:   {"netops@host:~$ ", "# ", "(.venv) me@host % ", "!plain output"},
	} {
		d := load(t, name)
		for _, line := range lines {
			text, none := strings.CutPrefix(line, "!")
			fits := false
			for _, p := range d.Prompts {
				fits = fits || p.MatchString(text) || p.MatchString(strings.TrimRight(text, " "))
			}
			if fits == none {
				t.Errorf("%s: that %q is a prompt is %v", name, text, fits)
			}
		}
	}
}

func TestWhatIsTypedFirst(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		platform.CiscoIOS: {"terminal width 512", "terminal length 0"}, platform.FRR: {"no terminal paginate"}, platform.GenericSSH: nil,
		platform.JuniperJunos: {"set cli screen-width 511", "set cli screen-length 0", "set cli complete-on-space off"},
	} {
		if got := load(t, name).OnOpen; !slices.Equal(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	if raise := load(t, platform.CiscoIOS).Raise; raise == nil || raise.Command != "enable" || !raise.Ask.MatchString("Password: ") {
		t.Errorf("%+v", raise)
	}
	if load(t, platform.FRR).Raise != nil {
		t.Error("vtysh has no enable level")
	}
}

func TestRejections(t *testing.T) {
	t.Parallel()
	log := strings.Repeat("Mar  1 00:00:01: %SYS-5-CONFIG_I: Configured\n", 80) + "% Invalid input detected at '^' marker.\n"
	cases := []struct {
		platform, output           string
		read, rejected, understood bool
	}{
		{platform.CiscoIOS, "   ^\n% Invalid input detected at '^' marker.\n", true, true, false},
		{platform.CiscoIOS, "% Ambiguous command:  \"s\"\n", true, true, false},
		{platform.CiscoIOS, "% Incomplete command.\n", false, true, false},
		{platform.CiscoIOS, "Line has invalid autocommand \"x\"\n", true, true, false},
		{platform.CiscoIOS, "Command rejected: Conflict\n", false, true, true},
		{platform.CiscoIOS, "%Error opening tftp://10.0.0.1/x (Timed out)\n", false, true, true},
		{platform.CiscoIOS, log, true, false, false}, {platform.CiscoIOS, log, false, false, false},
		{platform.CiscoIOS, "a\nb\nc\nd\ne\n% Invalid input detected\n", true, false, false},
		{platform.CiscoIOS, "Interface is up, % Invalid input is only quoted\n", true, false, false},
		{platform.CiscoIOS, "", true, false, false},
		{platform.CiscoNXOS, "       ^\n% Invalid command at '^' marker.\n", true, true, false},
		{platform.CiscoNXOS, "Syntax error while parsing 'x'\n", false, true, false},
		{platform.CiscoNXOS, "% Permission denied for the role\n", false, true, false},
		{platform.CiscoNXOS, "ERROR: Cannot do that\n", false, true, true},
		{platform.AristaEOS, "% Invalid input (at token 1: 'x')\n", true, true, false},
		{platform.AristaEOS, "% Unavailable command (not supported on this hardware platform)\n", true, true, false},
		{platform.AristaEOS, "! Command: show startup-config\n! device: leaf1\n", true, false, false},
		{platform.JuniperJunos, "       ^\nunknown command.\n", true, true, false},
		{platform.JuniperJunos, "       ^\nsyntax error, expecting <command>.\n", true, true, false},
		{platform.JuniperJunos, "       ^\n'x' is ambiguous.\n", true, true, false},
		{platform.JuniperJunos, "error: commit failed\n", false, true, true},
		{platform.FRR, "% Unknown command: shwo\n", true, true, false},
		{platform.FRR, "% Command incomplete: router\n", false, true, false},
		{platform.FRR, "Note: this version of vtysh never writes vtysh.conf\nBuilding Configuration...\nError renaming /etc/frr/frr.conf to /etc/frr/frr.conf.sav: Permission denied\n", false, true, true},
		{platform.FRR, "% BGP instance not found\n", true, false, false},
		{platform.GenericSSH, "sh: 1: x: not found\n", false, false, false},
	}
	for _, c := range cases {
		words, understood, rejected := load(t, c.platform).Rejection(c.output, c.read)
		if rejected != c.rejected || understood != c.understood || rejected && words == "" {
			t.Errorf("%s, read %v: %.60q: rejected %v, understood %v, words %q", c.platform, c.read, c.output, rejected, understood, words)
		}
	}
}
