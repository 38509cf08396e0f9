package platform_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/netrust/netrust/libs/driver/platform"
)

func TestLookupTakesOtherToolsNames(t *testing.T) {
	t.Parallel()
	for alias, want := range map[string]string{
		"cisco_ios": platform.CiscoIOS, "ios": platform.CiscoIOS, "cisco_iosxe": platform.CiscoIOS, "cisco_xe": platform.CiscoIOS,
		"nxos": platform.CiscoNXOS, "nxos_ssh": platform.CiscoNXOS, "eos": platform.AristaEOS, "junos": platform.JuniperJunos,
		"Juniper-Junos": platform.JuniperJunos, "frr": platform.FRR, "generic": platform.GenericSSH, "linux": platform.GenericSSH,
	} {
		got, err := platform.Lookup(alias)
		if err != nil || got.Name != want {
			t.Errorf("Lookup(%q) = %q, %v; want %q", alias, got.Name, err, want)
		}
	}
}

func TestNoTwoPlatformsShareAName(t *testing.T) {
	t.Parallel()
	owner := map[string]string{}
	for _, p := range platform.All() {
		for _, name := range append([]string{p.Name}, p.Aliases...) {
			if other, taken := owner[name]; taken {
				t.Errorf("%s and %s are both called %q", p.Name, other, name)
			}
			owner[name] = p.Name
		}
		if p.Port == 0 || p.Display == "" {
			t.Errorf("%s lacks a port or a display name", p.Name)
		}
	}
}

func TestAnUnknownPlatformNamesTheKnownOnes(t *testing.T) {
	t.Parallel()
	_, err := platform.Lookup("amiga")
	var unknown *platform.UnknownError
	if !errors.As(err, &unknown) || unknown.Name != "amiga" {
		t.Fatalf("Lookup = %v", err)
	}
	if names := platform.Names(); !slices.IsSorted(names) || len(names) != 6 {
		t.Fatalf("Names() = %v", names)
	}
}

func TestCallersCannotChangeTheTable(t *testing.T) {
	t.Parallel()
	p, err := platform.Lookup("frr")
	if err != nil {
		t.Fatal(err)
	}
	p.Aliases[0] = "changed"
	again, err := platform.Lookup("frr")
	if err != nil || again.Aliases[0] == "changed" {
		t.Fatalf("an alias was changed through a copy: %v, %v", again.Aliases, err)
	}
}

func ExampleReadOnly() {
	fmt.Println(platform.ReadOnly("cisco_ios", "show running-config | include hostname"))
	fmt.Println(platform.ReadOnly("cisco_ios", "show running-config | redirect flash:x"))
	// Output:
	// true
	// false
}
