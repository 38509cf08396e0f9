package cli

import (
	"strings"
	"time"

	"github.com/netrust/netrust/lab/internal/runcfg"
)

// junosConfig is a Junos device's configurations: the candidate that all sessions edit and those committed, the one in
// force first. The device's mutex guards it.
type junosConfig struct {
	candidate *runcfg.Stanza
	history   []*runcfg.Stanza
	committed time.Time
	// undo returns to the configuration before a `commit confirmed`, unless a commit comes first.
	undo *time.Timer
}

// maxHistory is how many configurations `rollback` knows.
const maxHistory = 50

// junosDo calls f with the device's configurations, under the device's mutex.
func (d *Device) junosDo(f func(*junosConfig)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.junos == nil {
		root := runcfg.ParseSet(d.Platform.factory(d))
		d.junos = &junosConfig{candidate: root.Clone(), history: []*runcfg.Stanza{root}, committed: d.booted}
	}
	f(d.junos)
	d.hostname = d.junos.hostname()
}

func (j *junosConfig) hostname() string {
	if name := j.history[0].Value("system", "host-name"); name != "" {
		return name
	}
	return "Amnesiac"
}

// reboot forgets the candidate; what was committed stays.
func (j *junosConfig) reboot() { j.candidate = j.history[0].Clone() }

// commit puts the candidate in force.
func (j *junosConfig) commit(now time.Time) {
	if j.undo != nil {
		j.undo.Stop()
		j.undo = nil
	}
	j.history = append([]*runcfg.Stanza{j.candidate.Clone()}, j.history...)
	j.history = j.history[:min(len(j.history), maxHistory)]
	j.committed = now
}

// stop stops the timer of a `commit confirmed`.
func (j *junosConfig) stop() {
	if j != nil && j.undo != nil {
		j.undo.Stop()
	}
}

// changed reports whether the candidate differs from what is in force.
func (j *junosConfig) changed() bool {
	return string(j.candidate.AppendSet(nil)) != string(j.history[0].AppendSet(nil))
}

// junosEnter goes into configuration mode.
func junosEnter(c *console, _ []string) error {
	c.mode, c.path = "edit", nil
	c.say("Entering configuration mode\n")
	c.device.junosDo(func(j *junosConfig) {
		if j.changed() {
			c.say("The configuration has been changed but not committed\n")
		}
	})
	return nil
}

// junosEdit is the words of configuration mode, for help and completion.
func junosEdit() *grammar {
	g := &grammar{}
	for word, help := range map[string]string{
		"commit": "Commit current set of changes", "delete LINE": "Delete a data element", "edit LINE": "Edit a sub-element",
		"exit": "Exit from this level", "quit": "Quit from this level", "rollback": "Roll back to previous committed configuration",
		"run LINE": "Run an operational-mode command", "set LINE": "Set a parameter", "show": "Show a parameter",
		"top": "Exit to top level of configuration", "up": "Exit one level of configuration",
	} {
		g.add(word, help, nothing)
	}
	g.add("show LINE", "", nothing)
	g.add("commit LINE", "", nothing)
	g.add("rollback LINE", "", nothing)
	g.add("exit configuration-mode", "|Exit from configuration mode", nothing)
	return g
}

// topLevel are the statements that a configuration may begin with.
var topLevel = []string{
	"access", "applications", "apply-groups", "chassis", "class-of-service", "ethernet-switching-options", "event-options",
	"firewall", "forwarding-options", "groups", "interfaces", "poe", "policy-options", "protocols", "routing-instances",
	"routing-options", "security", "services", "snmp", "system", "version", "virtual-chassis", "vlans",
}

// junosConfigure runs a line of configuration mode.
func junosConfigure(c *console, line string) error {
	p := c.grammar().parse(line, c.level)
	if p.problem != fine {
		c.status = 1
		junosWording(c, line, p)
		return nil
	}
	words := runcfg.Words(p.canon)
	c.line = line
	switch words[0] {
	case "set", "delete":
		return c.junosChange(words[0], words[1:])
	case "show":
		c.junosShow(words[1:])
	case "edit":
		c.path = append(c.path, words[1:]...)
	case "top":
		c.path = nil
	case "up":
		c.path = c.path[:max(len(c.path)-1, 0)]
	case "run":
		return c.junosRun(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), strings.Fields(line)[0])))
	case "rollback":
		c.junosRollback(words[1:])
	case "commit":
		return c.junosCommit(words[1:])
	case "exit", "quit":
		return c.junosExit(words[1:])
	}
	return nil
}

// junosChange sets or deletes a statement of the candidate.
func (c *console) junosChange(verb string, words []string) error {
	whole := append(append([]string{}, c.path...), words...)
	known := false
	for _, name := range topLevel {
		known = known || name == whole[0]
	}
	if !known {
		return c.junosSyntaxError(words[0])
	}
	c.device.junosDo(func(j *junosConfig) {
		if verb == "set" {
			j.candidate.Set(whole)
			return
		}
		if !j.candidate.Delete(whole) {
			c.say("warning: statement not found\n")
		}
	})
	return nil
}

// junosSyntaxError points at a word of the line.
func (c *console) junosSyntaxError(word string) error {
	c.status = 1
	shown := len(c.shown) - strings.LastIndexByte(c.shown, '\n') - 1
	c.say(strings.Repeat(" ", shown+max(strings.Index(c.line, word), 0)) + "^\nsyntax error.\n")
	return nil
}

func (c *console) junosShow(words []string) {
	path := append(append([]string{}, c.path...), words...)
	c.device.junosDo(func(j *junosConfig) {
		if c.display == "compare" {
			c.out = j.candidate.AppendCompare(c.out, j.history[0])
			return
		}
		c.showStanza(j.candidate, path)
	})
}

// junosRun runs an operational command from configuration mode.
func (c *console) junosRun(line string) error {
	path := c.path
	c.mode, c.path = "", nil
	err := c.command(line)
	c.mode, c.path = "edit", path
	return err
}

func (c *console) junosRollback(words []string) {
	version := 0
	if len(words) > 0 {
		version = number(words[0])
	}
	c.device.junosDo(func(j *junosConfig) {
		if version < 0 || version >= len(j.history) {
			c.status = 1
			c.sayf("error: rollback %d: no such file\n", version)
			return
		}
		j.candidate = j.history[version].Clone()
		c.say("load complete\n")
	})
}

// junosCommit puts the candidate in force: for good, or (confirmed) until a timer runs out.
func (c *console) junosCommit(words []string) error {
	check, quit, minutes := false, false, 0
	for i := 0; i < len(words); i++ {
		switch words[i] {
		case "check":
			check = true
		case "and-quit":
			quit = true
		case "confirmed":
			minutes = 10
			if i+1 < len(words) && words[i+1] != "and-quit" {
				i++
				minutes = number(words[i])
			}
		case "comment":
			i++
		default:
			return c.junosSyntaxError(words[i])
		}
	}
	c.device.junosDo(func(j *junosConfig) {
		if check {
			c.say("configuration check succeeds\n")
			return
		}
		before := j.history[0]
		j.commit(time.Now())
		if minutes > 0 {
			c.sayf("commit confirmed will be automatically rolled back in %d minutes unless confirmed\n", minutes)
			var undo *time.Timer
			undo = time.AfterFunc(time.Duration(minutes)*time.Minute, func() {
				c.device.junosDo(func(j *junosConfig) {
					if j.undo == undo { // else a commit came at the last moment
						j.candidate = before.Clone()
						j.commit(time.Now())
					}
				})
			})
			j.undo = undo
		}
		c.say("commit complete\n")
	})
	if quit {
		c.mode, c.path = "", nil
		c.say("Exiting configuration mode\n")
	}
	return nil
}

// junosExit leaves a level of the configuration, and at the top the mode.
func (c *console) junosExit(words []string) error {
	if len(c.path) > 0 && len(words) == 0 {
		c.path = nil
		return nil
	}
	changed := false
	c.device.junosDo(func(j *junosConfig) { changed = j.changed() })
	if changed {
		c.say("The configuration has been changed but not committed\n")
		answer, err := c.ask("Exit with uncommitted changes? [yes,no] (yes) ", false)
		if err != nil {
			return err
		}
		if strings.HasPrefix(strings.TrimSpace(answer), "n") {
			return nil
		}
	}
	c.mode, c.path = "", nil
	c.say("Exiting configuration mode\n")
	return nil
}
