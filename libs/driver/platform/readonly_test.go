package platform_test

import (
	"strings"
	"testing"

	"github.com/netrust/netrust/libs/driver/platform"
)

func TestReadOnlyAcceptsWhatOnlyReads(t *testing.T) {
	t.Parallel()
	cases := map[string][]string{
		platform.CiscoIOS: {
			"show version", "sh ver", "sho ip int brief", "SHOW VERSION", "show ip interface brief", "  show clock  ",
			"show interfaces GigabitEthernet0/0/1", "show ipv6 route 2001:db8::/32", "show mac address-table address aabb.ccdd.0011",
			"show running-config", "show run | include hostname", "show run | i ^ip route", "show run | sec router bgp",
			"show interfaces | include line protocol|input rate", "show ip int br | exclude up|down", "show logging | begin Mar  1",
			"show ip bgp neighbors 10.0.0.1 advertised-routes", "show tech-support", "show debug", "show debugging",
			"show class-map", "show int status | count connected", "show startup-config", "show vrf", "show route-map CLIENT-1",
			"ping 10.0.0.1", "ping vrf MGMT 10.0.0.1", "ping 10.0.0.1 vrf MGMT", "traceroute ip host.example.net",
		},
		platform.AristaEOS: {
			"show version", "show version | json", "show running-config | section router bgp", "show interfaces | no-more",
			"show run | include hostname | exclude foo", "show ip bgp summary vrf all", "sh lldp nei",
			"show reload cause", "show mlag | nz", "show interfaces Ethernet1-4", "traceroute vrf A 192.0.2.1",
		},
		platform.CiscoNXOS: {
			"show version", "show running-config | include \"feature|vlan\"", "show int | egrep \"line|rate\"", "show vpc | json",
			"show logging last 20", "show log | last 20", "show int brief | inc up | count", "show vlan | no-more",
			"show system reset-reason", "show vdc", "sh ip ro vrf all",
		},
		platform.JuniperJunos: {
			"show version", "show configuration | display set", "show configuration | display set | match \"ge-0/0/0|ge-0/0/1\"",
			"show interfaces terse | except down", "show configuration | compare rollback 1", "show log messages | last 20",
			"show bgp summary | no-more", "show route 10.0.0.0/8 exact", "sh ver", "show interfaces ge-0/0/0.100 extensive",
			"show configuration | display json | no-more", "show chassis hardware | count", "ping 10.0.0.1 count 5",
			"ping 10.0.0.1 routing-instance A count 10", "traceroute 10.0.0.1",
		},
		platform.FRR: {
			"show version", "sho ver", "show ip route json", "show running-config", "show running-config | include bgp",
			"show bgp ipv4 unicast summary", "show running-config | include bgp|ospf",
		},
		"ios": {"show version"}, "Cisco-IOS": {"show version"}, "eos": {"show version"}, "junos": {"show version"},
	}
	for name, commands := range cases {
		for _, command := range commands {
			if !platform.ReadOnly(name, command) {
				t.Errorf("%s: %q reads only, and was not recognised", name, command)
			}
		}
	}
}

// everywhere are commands that no platform may take for reads.
var everywhere = []string{
	"", " ", "show", "sh", "s ver", "configure terminal", "conf t", "do show version", "reload", "clear counters",
	"debug ip packet", "undebug all", "terminal length 0", "term len 0", "terminal monitor", "write memory", "wr", "write terminal",
	"copy running-config startup-config", "delete flash:x", "enable", "disable", "exit", "end", "no shutdown", "interface Gi0/1",
	"show version\nreload", "show version\rreload", "show version\x03", "show version\treload", "show version\x00", "show version\x1a",
	"show version ; reload", "show version;reload", "show version && reload", "show version & reload", "show version `reload`",
	"show version $(reload)", "show version > flash:x", "show version >> x", "show version >x", "show run >bootflash:x", "show version < x",
	"show run | redirect flash:x", "show run | red flash:x", "show run | r flash:x", "show run |redirect flash:x", "show run|redirect flash:x",
	"show run | REDIRECT flash:x", "show run | append flash:x", "show run | a flash:x", "show run | tee flash:x", "show run | te flash:x",
	"show run | include x | redirect flash:y", "show run | include x|redirect flash:y", "show run | include \"x | redirect flash:y\"",
	"show run | include x |tee y", "show run | include \"x\" | tee y", "show run | include x \" | append y", "show run | include x|tee y",
	"show run | include x\\\" | redirect flash:y", "show run | include x\\| redirect y",
	"show run | save /var/tmp/x", "show run | bash", "show run | bash -c reload", "show run | sh", "show run | unknown x",
	"show run |", "show run | ", "show run | | include x", "| include x", "show run || include x",
	"show run | include", "show run | sed s/a/b/w", "show run | awk x", "show run | vsh", "show run | email a@b.example",
	"show run | request message", "show run | refresh 5", "show run | python x",
	"show tech-support file flash:x", "show tech file x", "show tech-support | redirect flash:x", "show te file x", "show tech-support all file",
	"show file flash:x", "show interfaces counters clear", "show ip nat statistics clear", "show x cle", "show x cl", "show x CLEAR",
	"show platform hardware qfp active statistics drop clear", "show x clear-on-read", "show x reset", "show x delete y", "show x write",
	"show run ftp://h/x", "show run //h/x", "show x flash:", "show ?", "show version?", "show version !", "show version # x",
	"show v\u00e9rsion", "show\u00a0version", "show version\u2028reload", "\x1b[Ashow version",
	"ping", "ping 10.0.0.1 repeat 100000", "ping 10.0.0.1 rapid", "ping -f 10.0.0.1", "pi 10.0.0.1", "ping 10.0.0.1; reload",
	"ping 10.0.0.1 | redirect flash:x", "ping 10.0.0.1 | include x", "ping 10.0.0.1 count 100000", "traceroute", "traceroute -F 10.0.0.1",
	"showversion", "shows version", "show\\ version", "request system reboot", "start shell", "file delete x", "monitor traffic", "set cli x",
	"test aaa x", "bash", "run-script x", "python", "!show version", "#show version", "show version \\",
	"show x install add", "show x $foo", "show x ${IFS}y", "show 'x", "show \"x\"",
}

func TestReadOnlyRefusesWhatMayAct(t *testing.T) {
	t.Parallel()
	for _, name := range platform.Names() {
		for _, command := range everywhere {
			if platform.ReadOnly(name, command) {
				t.Errorf("%s: %q was taken for a read", name, command)
			}
		}
	}
	cases := map[string][]string{
		platform.CiscoIOS: {
			"show run | include a|reload", "show run | include a|conf t", "show run | include a | b", "show run | include a| b",
			"show run | format x", "show version | json",
		},
		platform.AristaEOS:    {"show run | i x", "show run | grep x", "show run | include a|b", "show run | include \"a|b\"", "show run | json x"},
		platform.CiscoNXOS:    {"SHOW VERSION", "show run | s x", "show run | e x", "show run | include a|b", "show run | head x", "show run | diff", "show run | include \"a\" b\"", "show run | sort -o x"},
		platform.JuniperJunos: {"SHOW VERSION", "show configuration | re x", "show log x | hold", "show configuration | display x", "show configuration | compare /var/x", "ping 10.0.0.1", "show configuration | s x", "show log x | trim"},
		platform.FRR:          {"SHOW VERSION", "sh ver", "ping 10.0.0.1", "traceroute 10.0.0.1", "show run | inc x", "show run | exclude x"},
		platform.GenericSSH:   {"show version", "ls", "cat /etc/hostname", "uname -a", "true"},
		"no such platform":    {"show version"},
		"":                    {"show version"},
	}
	for name, commands := range cases {
		for _, command := range commands {
			if platform.ReadOnly(name, command) {
				t.Errorf("%s: %q was taken for a read", name, command)
			}
		}
	}
	if platform.ReadOnly(platform.CiscoIOS, "show "+strings.Repeat("x", 600)) {
		t.Error("a command longer than a device's line was taken for a read")
	}
}

func FuzzReadOnlyNeverLetsAWriteThrough(f *testing.F) {
	for _, command := range everywhere {
		f.Add(command)
	}
	f.Add("show version | include a|b")
	f.Fuzz(func(t *testing.T, command string) {
		for _, name := range platform.Names() {
			if !platform.ReadOnly(name, command) {
				continue
			}
			checkRead(t, name, command)
		}
	})
}

// checkRead restates, independently of the grammar, what no read can contain.
func checkRead(t *testing.T, name, command string) {
	t.Helper()
	if name == platform.GenericSSH {
		t.Fatalf("generic_ssh has no reads, and %q passed", command)
	}
	first := strings.ToLower(strings.Fields(command)[0])
	if !strings.HasPrefix("show", first) && first != "ping" && first != "traceroute" {
		t.Fatalf("%s: %q begins with another command", name, command)
	}
	for _, r := range command {
		if r < 0x20 || r > 0x7e || strings.ContainsRune(";&<>`?{}!#~", r) {
			t.Fatalf("%s: %q holds %q", name, command, r)
		}
	}
	for i, stage := range strings.Split(command, "|") {
		word, _, _ := strings.Cut(strings.TrimLeft(strings.ToLower(stage), " \"'(^"), " ")
		if i == 0 {
			continue
		}
		for _, sink := range []string{"redirect", "append", "tee", "save", "bash", "email", "vsh", "request"} {
			if word == "" || strings.HasPrefix(sink, word) {
				t.Fatalf("%s: %q has a bar before %q", name, command, word)
			}
		}
	}
}

func TestCheckCommandRefusesWhatIsNotOneCommand(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "  ", "a\nb", "a\rb", "a\tb", "a\x03", "a\x1bb", "a\x7f", "a\xff", "a\u0085b", strings.Repeat("x", platform.MaxCommand+1)} {
		err := platform.CheckCommand(bad)
		if err == nil {
			t.Errorf("%q passed for one command", bad)
		} else if len(bad) > 3 && len(bad) < 100 && strings.Contains(err.Error(), bad) {
			t.Errorf("the error repeats the command: %v", err)
		}
	}
	for _, good := range []string{"show version", "interface Gi0/1", "description Zürich – Süd"} {
		if err := platform.CheckCommand(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}
