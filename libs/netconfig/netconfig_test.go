package netconfig_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netrust/netrust/libs/netconfig"
)

func parse(t testing.TB, platform, text string) *netconfig.Tree {
	t.Helper()
	tree, err := netconfig.Parse(platform, text)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return tree
}

func TestWhatIsParsedIsRenderedAsItWas(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.cfg")
	if err != nil || len(files) < 3 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		platform := strings.TrimSuffix(filepath.Base(file), "-1.cfg")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		once := parse(t, platform, string(text)).String()
		if again := parse(t, platform, once); again.String() != once {
			t.Errorf("%s is not the same after a second parse", file)
		}
		// Every line that is configuration is still there, and none is new.
		var want []string
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSpace(line)
			if line == "" || line[0] == '!' || line == "end" || line == "quit" || strings.HasPrefix(line, "exit-") ||
				strings.HasPrefix(line, "Building") || strings.HasPrefix(line, "Current configuration") {
				continue
			}
			want = append(want, line)
		}
		got := strings.Split(strings.TrimSpace(once), "\n")
		for i := range got {
			got[i] = strings.TrimSpace(got[i])
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: got\n%s\nwant\n%s", file, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// pairs is how many pairs each platform gets.
const pairs = 10_000

func TestTheLinesOfARemediationMakeTheIntendedConfiguration(t *testing.T) {
	t.Parallel()
	for _, g := range grammars {
		t.Run(g.platform, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(1, 7))
			for n := range pairs {
				a, b := parse(t, g.platform, g.config(r)), parse(t, g.platform, g.config(r))
				if !check(t, a, b) || !check(t, b, a) {
					t.Fatalf("pair %d", n)
				}
			}
		})
	}
}

// check turns one configuration into another as a device would be: by the lines as they are typed.
func check(t *testing.T, a, b *netconfig.Tree) bool {
	t.Helper()
	change, err := netconfig.Remediate(a, b)
	if err != nil || !change.Proven {
		t.Errorf("%v, %s\nfrom\n%s\nto\n%s\nby\n%s", err, change.Doubt, a, b, change)
		return false
	}
	if netconfig.Equal(a, b) != (len(change.Edits) == 0) {
		t.Errorf("the same: %v, edits: %d", netconfig.Equal(a, b), len(change.Edits))
		return false
	}
	if (netconfig.Diff(a, b) == "") != netconfig.Equal(a, b) && !strings.Contains(netconfig.Diff(a, b), "interface ") {
		t.Errorf("the diff says\n%sof\n%s\nand\n%s", netconfig.Diff(a, b), a, b)
		return false
	}
	typed, err := netconfig.ParseEdits(a.Platform, change.String())
	if err != nil {
		t.Errorf("%v in\n%s", err, change)
		return false
	}
	again := netconfig.Change{Platform: a.Platform, Edits: typed}
	if again.String() != change.String() {
		t.Errorf("typed\n%s\nread\n%s", change, again)
		return false
	}
	return true
}

func TestRemediations(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ platform, running, intended, lines string }{
		"a value is replaced, not taken back": {"cisco_ios", "interface Gi0/1\n description a\n ip address 10.0.0.1 255.0.0.0\n", "interface Gi0/1\n description b\n ip address 10.0.0.2 255.0.0.0\n",
			"interface Gi0/1\n description b\n ip address 10.0.0.2 255.0.0.0\n exit\n"},
		"a port is emptied, not removed": {"cisco_ios", "interface GigabitEthernet0/1\n shutdown\n mtu 9000\n", "",
			"interface GigabitEthernet0/1\n no mtu\n no shutdown\n exit\n"},
		"another interface is removed": {"arista_eos", "interface Loopback1\n   description x\n", "", "no interface Loopback1\n"},
		"an entry of a numbered list takes the list with it": {"cisco_ios", "access-list 10 permit a\naccess-list 10 permit b\n", "access-list 10 permit b\n",
			"no access-list 10\naccess-list 10 permit b\n"},
		"what comes at the end of a list is put there": {"cisco_ios", "access-list 10 permit a\n", "access-list 10 permit a\naccess-list 10 permit b\n", "access-list 10 permit b\n"},
		"a named list in another order is written anew": {"cisco_ios", "ip access-list extended E\n permit ip any any\n deny ip any any\n", "ip access-list extended E\n deny ip any any\n permit ip any any\n",
			"no ip access-list extended E\nip access-list extended E\n deny ip any any\n permit ip any any\n exit\n"},
		"a number is taken back before it is used again": {"cisco_nxos", "ip access-list E\n  10 permit ip any any\n", "ip access-list E\n  10 deny ip any any\n",
			"ip access-list E\n  no 10\n  10 deny ip any any\n  exit\n"},
		"one BGP goes before the other comes": {"frr", "router bgp 1\n bgp router-id 1.1.1.1\n", "router bgp 2\n bgp router-id 1.1.1.1\n",
			"no router bgp 1\nrouter bgp 2\n bgp router-id 1.1.1.1\n exit\n"},
		"a use goes before what it uses": {"cisco_ios", "ip access-list standard E\n permit any\ninterface Gi0/1\n ip access-group E in\n", "interface Gi0/1\n description x\n",
			"interface Gi0/1\n no ip access-group E in\n description x\n exit\nno ip access-list standard E\n"},
		"what is off is switched on":      {"cisco_ios", "no ip routing\n", "", "ip routing\n"},
		"a user goes without its secret":  {"cisco_ios", "username a privilege 15 secret 5 $1$x\nhostname r\n", "hostname r\n", "no username a\n"},
		"sections in sections have exits": {"arista_eos", "router bgp 1\n   vrf A\n      neighbor 1.1.1.1 remote-as 2\n", "router bgp 1\n   vrf A\n      neighbor 1.1.1.1 remote-as 3\n   vrf B\n", "router bgp 1\n   vrf A\n      neighbor 1.1.1.1 remote-as 3\n      exit\n   vrf B\n   exit\n"},
	} {
		a, b := parse(t, c.platform, c.running), parse(t, c.platform, c.intended)
		change, err := netconfig.Remediate(a, b)
		if err != nil || change.String() != c.lines {
			t.Errorf("%s: %v, got\n%swant\n%s", name, err, change, c.lines)
		}
		if !change.Proven {
			t.Errorf("%s: not proven: %s", name, change.Doubt)
		}
	}
}

func TestDiffShowsChangedLinesUnderTheirHeaders(t *testing.T) {
	t.Parallel()
	a := parse(t, "cisco_ios", "hostname a\ninterface Gi0/1\n description x\n mtu 9000\ninterface Gi0/2\n shutdown\n")
	b := parse(t, "cisco_ios", "hostname a\nip routing\ninterface Gi0/1\n description y\n mtu 9000\ninterface Gi0/2\n shutdown\n")
	want := "+ip routing\n interface Gi0/1\n- description x\n+ description y\n"
	if got := netconfig.Diff(a, b); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got := netconfig.Diff(a, a); got != "" {
		t.Errorf("of the same: %q", got)
	}
}

func TestWhatCannotBeProvenSaysSo(t *testing.T) {
	t.Parallel()
	// "no neighbor … remote-as" takes the other lines of the neighbour with it; without an AS it cannot stay.
	a := parse(t, "cisco_ios", "router bgp 1\n neighbor 1.1.1.1 remote-as 2\n neighbor 1.1.1.1 description x\n")
	b := parse(t, "cisco_ios", "router bgp 1\n neighbor 1.1.1.1 description x\n")
	change, err := netconfig.Remediate(a, b)
	if err != nil {
		t.Fatal(err)
	}
	result, err := netconfig.Simulate(a, change.Edits)
	if err != nil {
		t.Fatal(err)
	}
	if change.Proven != netconfig.Equal(result, b) || !change.Proven && change.Doubt == "" {
		t.Errorf("proven: %v, %s, but the result is\n%s", change.Proven, change.Doubt, result)
	}
}

func TestTextsThatAreNoConfiguration(t *testing.T) {
	t.Parallel()
	var syntax *netconfig.SyntaxError
	if _, err := netconfig.Parse("cisco_ios", "hostname a\nbanner motd ^C\nno end\n"); !errors.As(err, &syntax) || syntax.Line != 2 {
		t.Errorf("a banner without end: %v", err)
	}
	var deep strings.Builder
	for i := range 100 {
		deep.WriteString(strings.Repeat(" ", i) + "x\n")
	}
	if _, err := netconfig.Parse("frr", deep.String()); !errors.As(err, &syntax) {
		t.Errorf("a hundred levels: %v", err)
	}
	if _, err := netconfig.Parse("juniper_junos", "x"); !errors.As(err, new(*netconfig.UnsupportedError)) {
		t.Errorf("Junos: %v", err)
	}
	if _, err := netconfig.Parse("nonsense", "x"); err == nil {
		t.Error("an unknown platform was taken")
	}
}

func FuzzParse(f *testing.F) {
	for _, g := range grammars {
		f.Add(g.config(rand.New(rand.NewPCG(1, 2))), g.config(rand.New(rand.NewPCG(3, 4))))
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		for _, platform := range netconfig.Platforms() {
			a, err := netconfig.Parse(platform, one)
			if err != nil {
				continue
			}
			again, err := netconfig.Parse(platform, a.String())
			if err != nil || again.String() != a.String() {
				t.Fatalf("%s: %v; once\n%q\ntwice\n%q", platform, err, a, again)
			}
			b, err := netconfig.Parse(platform, two)
			if err != nil {
				continue
			}
			change, err := netconfig.Remediate(a, b)
			if err != nil {
				t.Fatal(err)
			}
			if !change.Proven && change.Doubt == "" {
				t.Fatalf("not proven, and nobody says why: %q", change)
			}
		}
	})
}
