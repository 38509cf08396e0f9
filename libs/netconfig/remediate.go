package netconfig

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Change is lines that turn one configuration into another.
type Change struct {
	Platform string
	Edits    []*Line
	// Proven says that the simulated result is the intended configuration.
	Proven bool
	// Doubt is why it is not proven.
	Doubt string
}

// maxRounds bounds how often what a change left undone is mended by more lines.
const maxRounds = 3

// Remediate finds the lines that turn the running configuration into the intended one: what is wrong in a section is taken back
// before what is missing is put in; new sections come in the order of the intended configuration; and what is no longer wanted
// goes last, the later lines first, since they may refer to the earlier ones. The lines that undo a change are those from intended
// to running. Errors are *[UnsupportedError], and that the two are not of one platform.
func Remediate(running, intended *Tree) (Change, error) {
	d, err := running.dialect()
	if err != nil {
		return Change{}, err
	}
	if running.Platform != intended.Platform {
		return Change{}, fmt.Errorf("the running configuration is of %s, the intended one of %s", running.Platform, intended.Platform)
	}
	first := d.remediate(running, intended, d.top)
	if first.Proven {
		return first, nil
	}
	// Some lines are refused while those that they replace still stand.
	if second := d.remediate(running, intended, d.section); second.Proven {
		return second, nil
	}
	return first, nil
}

// arrange orders what a section needs.
type arrange func(back, forth []*Line) []*Line

// top puts in before it takes back.
func (d *dialect) top(back, forth []*Line) []*Line { return append(forth, back...) }

// section takes back before it puts in.
func (d *dialect) section(back, forth []*Line) []*Line { return append(back, forth...) }

// remediate finds the lines, simulates them, and adds what the simulation shows to be missing.
func (d *dialect) remediate(running, intended *Tree, order arrange) Change {
	c := Change{Platform: d.name}
	off := shown{}
	off.learn("", intended.Lines)
	on := shown{}
	on.learnOn("", intended.Lines)
	now := running
	for range maxRounds {
		back, forth := d.edits("", now.Lines, intended.Lines)
		next := order(back, forth)
		if len(next) == 0 {
			break
		}
		c.Edits = append(c.Edits, next...)
		result, err := simulate(now, next, off, on)
		if err != nil {
			c.Doubt = err.Error()
			return c
		}
		now = result
		if Equal(now, intended) {
			c.Proven = true
			return c
		}
	}
	if c.Proven = Equal(now, intended); !c.Proven {
		c.Doubt = "what these lines make of it differs from what is intended:\n" + Diff(now, intended)
	}
	return c
}

// edits are what a section needs: what to take back, the last first, and what to put in or enter.
func (d *dialect) edits(section string, from, to []*Line) (back, forth []*Line) {
	moved := d.moved(section, from, to)
	back = d.takeBacks(section, from, to)
	begun := map[string]bool{}
	for _, l := range to {
		if key := d.orderKey(section, l.Text); section == "" && moved[key] {
			if !begun[key] { // the whole sequence anew
				begun[key] = true
				forth = append(forth, &Line{Text: "no " + key})
			}
			forth = append(forth, l.clone())
			continue
		}
		old := find(from, l.Text)
		switch {
		case old == nil:
			if other := d.inTheWay(section, l, from); other != nil {
				forth = append(forth, &Line{Text: d.negation(section, other.Text)})
			}
			forth = append(forth, l.clone())
		case len(d.moved(l.Text, old.Kids, l.Kids)) > 0:
			forth = append(forth, &Line{Text: d.negation(section, l.Text)}, l.clone())
		default:
			if b, f := d.edits(l.Text, old.Kids, l.Kids); len(b)+len(f) > 0 {
				forth = append(forth, &Line{Text: l.Text, Kids: append(b, f...)})
			}
		}
	}
	return back, forth
}

// inTheWay is a line of the section that must go before another one is taken, nil when there is none.
func (d *dialect) inTheWay(section string, l *Line, from []*Line) *Line {
	row, key := d.one(section, l.Text)
	if row == nil || !row.alone {
		return nil
	}
	for _, old := range from {
		if other, taken := d.one(section, old.Text); other == row && taken == key {
			return old
		}
	}
	return nil
}

// takeBacks are the lines that take back what is not wanted and what no wanted line replaces.
func (d *dialect) takeBacks(section string, from, to []*Line) (back []*Line) {
	done := map[string]bool{}
	for _, l := range slices.Backward(from) {
		if find(to, l.Text) != nil || d.replaced(section, l, to) {
			continue
		}
		if section == "" && d.port(l.Text) {
			if b, _ := d.edits(l.Text, l.Kids, nil); len(b) > 0 {
				back = append(back, &Line{Text: l.Text, Kids: b})
			}
			continue
		}
		no := d.negation(section, l.Text)
		if key := d.orderKey(section, l.Text); key != "" && section == "" {
			no = "no " + key
			if d.moved(section, from, to)[key] {
				continue // taken back just before it is written anew
			}
		}
		if !done[no] {
			done[no] = true
			back = append(back, &Line{Text: no})
		}
	}
	return back
}

// replaced reports whether a wanted line takes the place of this one, or takes it back itself.
func (d *dialect) replaced(section string, l *Line, to []*Line) bool {
	no := d.negation(section, l.Text)
	row, key := d.one(section, l.Text)
	return slices.ContainsFunc(to, func(wanted *Line) bool {
		if row != nil {
			if other, same := d.one(section, wanted.Text); other == row && same == key {
				return true
			}
		}
		return wanted.Text == no || "no "+wanted.Text == l.Text
	})
}

// opens are lines that open a section even if nothing stands in it.
// They are known at the top only: below it, the same words may be a line ("vrf A" of an interface), and an exit would leave too much.
var opens = regexp.MustCompile(`^(interface|router|vlan|vrf (?:definition|context|instance)|ip vrf|line|route-map|class-map|policy-map|ip access-list|ipv6 access-list) `)

// String writes the lines as they are typed, with the exits from sections.
func (c Change) String() string {
	d, err := dialectOf(c.Platform)
	if err != nil {
		return ""
	}
	var out strings.Builder
	for _, l := range c.lines(d, c.Edits, 0) {
		out.WriteString(l)
		out.WriteByte('\n')
	}
	return out.String()
}

// Lines are the lines as they are typed, without indentation.
func (c Change) Lines() []string {
	d, err := dialectOf(c.Platform)
	if err != nil {
		return nil
	}
	out := c.lines(d, c.Edits, 0)
	for i := range out {
		out[i] = strings.TrimLeft(out[i], " ")
	}
	return out
}

func (c Change) lines(d *dialect, edits []*Line, depth int) (out []string) {
	indent := strings.Repeat(d.indent, depth)
	for _, e := range edits {
		out = append(out, indent+e.Text)
		if len(e.Kids) > 0 || depth == 0 && opens.MatchString(e.Text) {
			out = append(out, c.lines(d, e.Kids, depth+1)...)
			out = append(out, indent+d.indent+"exit")
		}
	}
	return out
}
