package netconfig

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/netrust/netrust/libs/driver/platform"
)

// dialect is how one platform writes its configuration. Each tree has a copy, with a memory of its own.
type dialect struct {
	name string
	// indent is one level, as the device prints it.
	indent string
	// noise are lines that are no configuration: what stands around it when it is shown.
	noise *regexp.Regexp
	mu    sync.Mutex
	// facts remembers what the tables say of a line in a section.
	facts map[[2]string]fact
}

// fact is what the tables say of a line.
type fact struct {
	row      *known // nil: nothing is known
	key      string
	orderKey string
}

// dialects is never changed.
var dialects = map[string]*dialect{
	platform.CiscoIOS: {
		name: platform.CiscoIOS, indent: " ",
		noise: regexp.MustCompile(`^(Building configuration\.\.\.|Current configuration ?:.*|Using \d+ out of \d+ bytes.*)$`),
	},
	platform.CiscoNXOS: {name: platform.CiscoNXOS, indent: "  ", noise: never},
	platform.AristaEOS: {name: platform.AristaEOS, indent: "   ", noise: never},
	platform.FRR: {
		name: platform.FRR, indent: " ",
		noise: regexp.MustCompile(`^(Building configuration\.\.\.|Current configuration:)$`),
	},
}

var never = regexp.MustCompile(`^\b$`)

// Platforms lists the platforms whose configurations are read as trees, in order.
func Platforms() []string {
	var names []string
	for name := range dialects {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func dialectOf(name string) (*dialect, error) {
	p, err := platform.Lookup(name)
	if err != nil {
		return nil, err
	}
	known := dialects[p.Name]
	if known == nil {
		return nil, &UnsupportedError{Platform: p.Name}
	}
	return &dialect{name: known.name, indent: known.indent, noise: known.noise, facts: map[[2]string]fact{}}, nil
}

// dialect is the tree's own, where it was made by [Parse].
func (t *Tree) dialect() (*dialect, error) {
	if t.known != nil {
		return t.known, nil
	}
	return dialectOf(t.Platform)
}

// closes reports whether a line only ends a section.
func closes(text string) bool {
	return text == "exit" || text == "end" || text == "quit" || strings.HasPrefix(text, "exit-")
}

// ports are interfaces that a device has whatever its configuration says: they cannot be removed.
var ports = regexp.MustCompile(`^interface (?i:(ten|hundred|forty|twenty-?five|fifty|two-?hundred|four-?hundred|twentyfive|two|five)?-?gig(abit)?e?(ethernet)?|` +
	`(fast)?ethernet|fivegigabitethernet|appgigabitethernet|management|mgmt|serial|hundredgige|fortygige|tengige|twentyfivegige|eth|en[ospx]\w*|eth)[ \d/.:]*$`)

// port reports whether a line opens the section of a port. A subinterface (Ethernet1.100) is none.
func (d *dialect) port(text string) bool {
	return ports.MatchString(text) && !strings.Contains(text, ".")
}
