// Package platform describes the kinds of device that netrust speaks to, and says which commands only read.
//
// It is pure: no network, no SSH, no state. Scheduler, gateway, inventory and drivers share it, so that all of them call a
// platform by the same name and agree on what is read-only.
//
// The promise of [ReadOnly] is one-sided. When it says true, the command may be repeated, and may run without an approval:
// it changes nothing on the device, whatever happens to it. When it says false, nothing is known. Callers must treat a
// false as "may change the device"; they must not ask a second, weaker question.
package platform

import (
	"fmt"
	"slices"
	"strings"
)

// The canonical names of the platforms.
const (
	CiscoIOS     = "cisco_ios"
	CiscoNXOS    = "cisco_nxos"
	AristaEOS    = "arista_eos"
	JuniperJunos = "juniper_junos"
	FRR          = "frr"
	GenericSSH   = "generic_ssh"
)

// Exec says how far SSH exec (a command without a terminal) serves for reads on a platform.
type Exec int

// The answers. Single means that the device ends the connection after one exec.
const (
	ExecNever Exec = iota
	ExecSingle
	ExecMany
)

// Platform describes one kind of device.
type Platform struct {
	Name    string   // canonical: cisco_ios
	Display string   // for people: Cisco IOS and IOS XE
	Aliases []string // what Netmiko, NAPALM, scrapli, Ansible and Nornir call it
	Port    int      // where its command line listens
	Exec    Exec     // whether reads may use SSH exec
}

// platforms is never changed; All and Lookup hand out copies of its rows.
var platforms = []Platform{
	{
		Name: CiscoIOS, Display: "Cisco IOS and IOS XE", Port: 22, Exec: ExecSingle,
		Aliases: []string{"ios", "iosxe", "ios-xe", "ios_xe", "cisco_iosxe", "cisco_xe", "cisco_ios_xe", "cisco.ios.ios"},
	},
	{
		Name: CiscoNXOS, Display: "Cisco NX-OS", Port: 22, Exec: ExecMany,
		Aliases: []string{"nxos", "nx-os", "nxos_ssh", "cisco_nxos_ssh", "cisco.nxos.nxos"},
	},
	{
		Name: AristaEOS, Display: "Arista EOS", Port: 22, Exec: ExecMany,
		Aliases: []string{"eos", "arista", "arista_eos_ssh", "arista.eos.eos"},
	},
	{
		Name: JuniperJunos, Display: "Juniper Junos", Port: 22, Exec: ExecMany,
		Aliases: []string{"junos", "juniper", "junipernetworks.junos.junos"},
	},
	{
		// vtysh sits behind sshd's ForceCommand; an exec request would be ignored or reach a shell, so it is never used.
		Name: FRR, Display: "FRRouting (vtysh)", Port: 22, Exec: ExecNever,
		Aliases: []string{"frrouting", "vtysh", "cumulus_vtysh", "frr.frr.frr"},
	},
	{
		Name: GenericSSH, Display: "any command line over SSH", Port: 22, Exec: ExecNever,
		Aliases: []string{"generic", "terminal_server", "generic_termserver", "linux", "linux_ssh"},
	},
}

// UnknownError says that no platform has the name.
type UnknownError struct {
	Name string
}

// Error names the platforms that exist.
func (e *UnknownError) Error() string {
	return fmt.Sprintf("no platform is called %q; use one of %s", e.Name, strings.Join(Names(), ", "))
}

// Lookup finds a platform by its name or by an alias, whatever the case and with - or _. The error is an *[UnknownError].
func Lookup(nameOrAlias string) (Platform, error) {
	wanted := fold(nameOrAlias)
	for _, p := range platforms {
		if fold(p.Name) == wanted || slices.ContainsFunc(p.Aliases, func(a string) bool { return fold(a) == wanted }) {
			return p.clone(), nil
		}
	}
	return Platform{}, &UnknownError{Name: nameOrAlias}
}

// Names lists the canonical names in order.
func Names() []string {
	names := make([]string, 0, len(platforms))
	for _, p := range platforms {
		names = append(names, p.Name)
	}
	slices.Sort(names)
	return names
}

// All lists the platforms in the order of [Names].
func All() []Platform {
	all := make([]Platform, 0, len(platforms))
	for _, p := range platforms {
		all = append(all, p.clone())
	}
	slices.SortFunc(all, func(a, b Platform) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func (p Platform) clone() Platform {
	p.Aliases = slices.Clone(p.Aliases)
	return p
}

func fold(name string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), "-", "_")
}
