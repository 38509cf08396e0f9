package cli

import (
	"slices"

	"github.com/netrust/netrust/lab/internal/recorded"
)

// The names of the platforms, as inventories have them.
const (
	ciscoIOS     = "cisco_ios"
	ciscoNXOS    = "cisco_nxos"
	aristaEOS    = "arista_eos"
	juniperJunos = "juniper_junos"
	frrouting    = "frr"
	genericSSH   = "generic_ssh"
)

var names = [...]string{ciscoIOS, ciscoNXOS, aristaEOS, juniperJunos, frrouting, genericSSH}

// Names lists the platforms.
func Names() []string { return slices.Clone(names[:]) }

// Platforms builds all platforms over the recorded texts, by name.
func Platforms(library *recorded.Library) map[string]*Platform {
	return map[string]*Platform{
		ciscoIOS:     ios(library),
		ciscoNXOS:    nxos(library),
		aristaEOS:    eos(library),
		juniperJunos: junos(library),
		frrouting:    frr(library),
		genericSSH:   linux(),
	}
}
