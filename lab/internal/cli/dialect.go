package cli

import (
	"strings"

	"github.com/netrust/netrust/lab/internal/runcfg"
)

// dialect is how one of the platforms that share words, modes and abbreviations (IOS and its relatives, and Junos in
// operational mode) differs from the others. It is built once and only read afterwards.
type dialect struct {
	exec  *grammar
	modes map[string]*grammar // configuration modes by name ("config", "config-if")
	style runcfg.Style
	keys  []string // commands that take one value
	paged *pager

	greeting  func(c *console)
	promptOf  func(c *console) string
	wording   func(c *console, line string, p parsed)
	filterOf  func(c *console, spec string) (f filter, ok bool)
	badFilter func(c *console, line, spec string)
	// interrupted says whether ^C leaves configuration mode, and ^Z always does.
	interruptEnds bool
	keyEcho       func(interrupt bool) string
	enterAdds     func(c *console, line string) string
	// separator parts several commands on a line (NX-OS).
	separator string
	// configure runs a line of configuration where that is no matter of grammar (Junos).
	configure func(c *console, line string) error
	// fallThrough runs a line that a section does not know as one of global configuration.
	fallThrough bool
}

// handler runs a command. Its output goes to [Shell.say] and the like; an error ends the session.
type handler func(c *console, args []string) error

// console is a session that speaks a dialect.
type console struct {
	*Shell
	dialect *dialect
	level   int      // privilege level, 1 or 15
	mode    string   // the configuration mode, "" outside
	path    []string // the sections it is in
	shown   string   // the prompt in front of the line that runs: the caret's place depends on it
	line    string   // the line that runs, without filters
	display string   // what `| display` or `| compare` asked for (Junos)
	started bool     // the first prompt has been shown (Junos)
	canon   string   // the same with every keyword in full
}

func (c *console) greet(*Shell) {
	if c.dialect.greeting != nil {
		c.dialect.greeting(c)
	}
}

func (c *console) prompt(*Shell) string {
	c.shown = c.dialect.promptOf(c)
	return c.shown
}

func (c *console) echo(interrupt bool) string {
	switch {
	case c.dialect.keyEcho != nil:
		return c.dialect.keyEcho(interrupt)
	case interrupt:
		return "^C\n"
	default:
		return "^Z\n"
	}
}

func (c *console) entered(line string) string {
	if c.dialect.enterAdds != nil {
		return c.dialect.enterAdds(c, line)
	}
	return ""
}

func (c *console) pager() *pager { return c.dialect.paged }

// grammar is the one of the mode that the session is in.
func (c *console) grammar() *grammar {
	if c.mode == "" {
		return c.dialect.exec
	}
	return c.dialect.modes[c.mode]
}

// run parses a line in the present mode and runs it.
func (c *console) run(_ *Shell, line string) error {
	if c.dialect.separator == "" || !strings.Contains(line, c.dialect.separator) {
		return c.filtered(line)
	}
	var whole []byte
	for part := range strings.SplitSeq(line, c.dialect.separator) {
		err := c.filtered(strings.TrimSpace(part))
		whole = append(whole, c.out...)
		c.out = c.out[:0]
		if err != nil || c.status != 0 {
			c.out = whole
			return err
		}
	}
	c.out = whole
	return nil
}

// filtered runs a command and sends its output through the filters after it.
func (c *console) filtered(line string) error {
	c.display = ""
	command, specs := splitPipe(line)
	if c.mode != "" && !strings.HasPrefix(strings.TrimSpace(line), "do ") && !strings.HasPrefix(strings.TrimSpace(line), "show ") {
		command, specs = line, nil // in configuration "|" is text
	}
	filters := make([]filter, 0, len(specs))
	for _, spec := range specs {
		f, ok := c.dialect.filterOf(c, spec)
		if !ok {
			c.status = 1
			c.dialect.badFilter(c, line, spec)
			return nil
		}
		if f != nil {
			filters = append(filters, f)
		}
	}
	run := c.command
	if c.mode != "" && c.dialect.configure != nil {
		run = func(line string) error { return c.dialect.configure(c, line) }
	}
	if err := run(command); err != nil {
		return err
	}
	for _, f := range filters {
		c.apply(f)
	}
	return nil
}

// command runs a line without filters.
func (c *console) command(line string) error {
	p := c.grammar().parse(line, c.level)
	if p.problem == unknown && c.mode != "" && c.mode != "config" && c.dialect.fallThrough {
		if global := c.dialect.modes["config"].parse(line, c.level); global.problem == fine {
			mode, path := c.mode, c.path
			c.mode, c.path = "config", nil
			p = global
			defer func() {
				if c.status != 0 { // the line was refused after all: stay in the section
					c.mode, c.path = mode, path
				}
			}()
		}
	}
	if p.problem != fine {
		c.status = 1
		c.dialect.wording(c, line, p)
		return nil
	}
	c.line, c.canon = line, p.canon
	return p.node.run(c, p.args)
}

func (c *console) reject(_ *Shell, line string) {
	c.dialect.wording(c, line, parsed{problem: unknown, node: &c.grammar().root, word: line})
}

// refuse says that a word of the line is wrong, as if no grammar knew it.
func (c *console) refuse(word string) error {
	at := max(strings.LastIndex(c.line, word), 0)
	c.status = 1
	c.dialect.wording(c, c.line, parsed{problem: unknown, at: at, word: word, node: &c.grammar().root, token: len(strings.Fields(c.line[:at]))})
	return nil
}

func (c *console) key(_ *Shell, interrupt bool) {
	if c.mode != "" && c.dialect.configure == nil && (!interrupt || c.dialect.interruptEnds) {
		c.mode, c.path = "", nil
	}
}

// logout ends the session.
func logout(*console, []string) error { return ErrClosed }

// nothing is a command that prints nothing.
func nothing(*console, []string) error { return nil }

// print is a command that prints a fixed text.
func print(text string) handler {
	return func(c *console, _ []string) error {
		c.say(text)
		return nil
	}
}

// replay is a command that prints what was recorded for it.
func replay(command string) handler {
	return func(c *console, _ []string) error {
		c.recording(command)
		return nil
	}
}

// addMarks adds the lab's own commands, whose runs are counted: `test mark` stands for a command with an effect that
// must not happen twice, `show mark` for one that only reads.
func addMarks(g *grammar) {
	mark := func(c *console, args []string) error {
		c.sayf("mark %s: seen %d\n", args[0], c.device.Host.Mark(args[0]))
		return nil
	}
	g.add("test mark WORD", "Test subsystems|Count an effect (simulated devices only)|Token", mark)
	g.add("show mark WORD", "Show running system information|Count a read (simulated devices only)|Token", mark)
}
