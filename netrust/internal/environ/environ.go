// Package environ looks for variables of the environment that are meant for netrust and that no part of it knows: a typing
// mistake in one of them would otherwise be a setting that is silently left at its default.
package environ

import (
	"fmt"
	"slices"
	"strings"

	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/netrust/internal/serve"
	"github.com/netrust/netrust/netrust/internal/world"
)

const prefix = "NETRUST_"

// operators are the variables of the operator's commands.
var operators = []string{"NETRUST_SERVER", "NETRUST_TOKEN", "NETRUST_TOKEN_FILE", "NETRUST_CONTEXT"}

// open are prefixes under which people choose the names.
var open = []string{"NETRUST_CREDENTIAL"}

// Unknown is a variable that nobody knows.
type Unknown struct {
	Name string
	// Nearest is the known name that is most like it.
	Nearest string
}

// Error implements error.
func (u Unknown) Error() string {
	return fmt.Sprintf("environment %s: no such setting; the nearest is %s", u.Name, u.Nearest)
}

// Find returns the variables of the environment that are neither a setting of a service, nor of what up runs in one process (all),
// nor of the operator's commands. It tells no values: they may be secrets.
func Find(w world.World, all any) []Unknown {
	known := slices.Clone(operators)
	var names []string // of services: what Kubernetes adds for them is no mistake
	for _, f := range servicekit.Fields(all, "") {
		known = append(known, f.Env)
	}
	for _, s := range serve.Services(w) {
		names = append(names, s.Name)
		for _, f := range servicekit.Fields(s.Settings, s.Name) {
			known = append(known, f.Env)
		}
	}
	var found []Unknown
	for _, entry := range w.Environ {
		name, value, _ := strings.Cut(entry, "=")
		if value == "" { // one that was emptied says nothing, and many shells cannot unset for one command
			continue
		}
		if !strings.HasPrefix(name, prefix) || slices.Contains(known, name) || servicekit.KubernetesLink(name, names) || isOpen(name) {
			continue
		}
		found = append(found, Unknown{Name: name, Nearest: servicekit.Nearest(name, known)})
	}
	slices.SortFunc(found, func(a, b Unknown) int { return strings.Compare(a.Name, b.Name) })
	return found
}

func isOpen(name string) bool {
	return slices.ContainsFunc(open, func(p string) bool { return strings.HasPrefix(name, p) })
}
