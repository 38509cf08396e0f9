// Package definition says how each platform's command line looks: its prompts, how a privilege is raised, what is typed
// first, and how the device says no.
//
// The definitions are scrapligo's, read through its public API, once per process; frr and generic_ssh are files of ours in
// the same format. What scrapligo's list of failure texts lacks is added here, and each text is marked by whether the
// device had understood the command. The caller may share a definition between any number of sessions.
package definition

import (
	"embed"
	"fmt"
	"regexp"
	"slices"
	"sync"

	scrapli "github.com/scrapli/scrapligo/platform"

	"github.com/netrust/netrust/libs/driver/platform"
)

//go:embed frr.yaml generic_ssh.yaml
var own embed.FS

// Definition is one platform's command line. It is never changed after it was built.
type Definition struct {
	Platform string
	Prompts  []*regexp.Regexp // each is matched against a whole last line
	Lead     *regexp.Regexp   // lines before the prompt that belong to it; nil: none
	Raise    *Raise           // from the lower level to the wanted one; nil: there is one level
	OnOpen   []string         // typed first, in order
	Confirm  bool             // the prompt pattern is weak: ask for the prompt twice
	Term     string           // the terminal type to ask for
	failures []failure
}

// Raise says how a session gets from user exec to privileged exec.
type Raise struct {
	From    *regexp.Regexp // the prompt of the lower level
	Command string
	Ask     *regexp.Regexp // the device's question for the secret
}

// source is where a platform's definition comes from, and what of it is used.
type source struct {
	scrapli string   // scrapligo's name; empty: a file of ours
	levels  []string // the privilege levels whose prompts count; the shells of a device match almost anything
	lower   string   // the level below the default one
	lead    string
	confirm bool
	term    string
}

var sources = map[string]source{
	platform.CiscoIOS:  {scrapli: scrapli.CiscoIosxe, levels: []string{"exec", "privilege-exec", "configuration", "tclsh"}, lower: "exec"},
	platform.CiscoNXOS: {scrapli: scrapli.CiscoNxos, levels: []string{"exec", "privilege-exec", "configuration"}, lower: "exec"},
	platform.AristaEOS: {scrapli: scrapli.AristaEos, levels: []string{"exec", "privilege-exec", "configuration"}, lower: "exec"},
	platform.JuniperJunos: {scrapli: scrapli.JuniperJunos, levels: []string{"exec", "configuration"},
		lead: `^(\{[\w:\-]+\}(\[edit[^\]]*\])?|\[edit[^\]]*\])$`},
	platform.FRR: {levels: []string{"privilege-exec", "exec", "configuration"}},
	// A dumb terminal keeps shells from decorating their prompt and echo.
	platform.GenericSSH: {levels: []string{"any"}, confirm: true, term: "dumb"},
}

// load parses everything once; scrapligo parses a platform's YAML for each device, which was 17% of its time.
var load = sync.OnceValues(func() (map[string]*Definition, error) {
	all := make(map[string]*Definition, len(sources))
	for name, s := range sources {
		d, err := build(name, s)
		if err != nil {
			return nil, fmt.Errorf("loading the definition of %s: %w", name, err)
		}
		all[name] = d
	}
	return all, nil
})

// For gives the definition of a platform, by its canonical name or an alias.
func For(nameOrAlias string) (*Definition, error) {
	p, err := platform.Lookup(nameOrAlias)
	if err != nil {
		return nil, err
	}
	all, err := load()
	if err != nil {
		return nil, err
	}
	d, ok := all[p.Name]
	if !ok {
		return nil, fmt.Errorf("%s has no command line definition", p.Name)
	}
	return d, nil
}

func build(name string, s source) (*Definition, error) {
	stock, err := stockOf(name, s)
	if err != nil {
		return nil, err
	}
	d := &Definition{Platform: name, Confirm: s.confirm, Term: s.term, failures: failuresOf(name, stock.FailedWhenContains)}
	if d.Term == "" {
		d.Term = "vt100"
	}
	for _, level := range s.levels {
		l, ok := stock.PrivilegeLevels[level]
		if !ok {
			return nil, fmt.Errorf("it has no privilege level %q", level)
		}
		prompt, err := regexp.Compile(l.Pattern)
		if err != nil {
			return nil, fmt.Errorf("the prompt of level %q: %w", level, err)
		}
		d.Prompts = append(d.Prompts, prompt)
	}
	if s.lead != "" {
		d.Lead = regexp.MustCompile(s.lead)
	}
	if err := d.raise(stock, s); err != nil {
		return nil, err
	}
	for _, op := range stock.NetworkOnOpen {
		if command, ok := op["command"].(string); ok && op["operation"] == scrapli.OpDriverSendCommand {
			d.OnOpen = append(d.OnOpen, command)
		}
	}
	return d, nil
}

// stockOf lets scrapligo parse the file. NewPlatform also builds a driver for a host, without opening anything; it is
// dropped at once.
func stockOf(name string, s source) (*scrapli.Platform, error) {
	const noHost = "localhost"
	if s.scrapli != "" {
		return scrapli.NewPlatform(s.scrapli, noHost)
	}
	file, err := own.ReadFile(name + ".yaml")
	if err != nil {
		return nil, err
	}
	return scrapli.NewPlatform(file, noHost)
}

func (d *Definition) raise(stock *scrapli.Platform, s source) error {
	if s.lower == "" {
		return nil
	}
	wanted := stock.PrivilegeLevels[stock.DefaultDesiredPrivilegeLevel]
	if wanted == nil || !wanted.EscalateAuth || wanted.PreviousPriv != s.lower {
		return fmt.Errorf("its level %q is not raised from %q", stock.DefaultDesiredPrivilegeLevel, s.lower)
	}
	ask, err := regexp.Compile(wanted.EscalatePrompt)
	if err != nil {
		return fmt.Errorf("the question of %q: %w", wanted.Escalate, err)
	}
	from := slices.Index(s.levels, s.lower)
	d.Raise = &Raise{From: d.Prompts[from], Command: wanted.Escalate, Ask: ask}
	return nil
}
