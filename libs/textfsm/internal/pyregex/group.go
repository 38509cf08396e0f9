package pyregex

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// group rewrites what begins with an opening parenthesis.
func (t *translator) group() error {
	start := t.at
	t.at++
	if !t.next('?') {
		t.capture("")
		return nil
	}
	for _, plain := range []string{":", "=", "!", "<=", "<!", ">"} {
		if strings.HasPrefix(string(t.in[t.at:min(len(t.in), t.at+2)]), plain) {
			t.at += len(plain)
			t.opened("(?"+plain, 0)
			return nil
		}
	}
	switch {
	case t.next('#'):
		_, err := t.until(')')
		return err
	case t.next('('):
		return t.conditional()
	case t.next('P'):
		return t.named()
	default:
		return t.flags(start)
	}
}

// opened notes an open group.
func (t *translator) opened(text string, number int) {
	t.open = append(t.open, openGroup{start: len(t.out), number: number})
	t.write(text)
	t.atom = -1
}

func (t *translator) capture(name string) {
	t.groups++
	if name != "" {
		t.numbers[name] = t.groups
		t.names = append(t.names, Name{name, t.groups})
	}
	t.opened("(?<"+groupName(t.groups)+">", t.groups)
}

// named is (?P<name>…) and (?P=name).
func (t *translator) named() error {
	switch {
	case t.next('<'):
		name, err := t.until('>')
		if err != nil {
			return err
		}
		if !identifier(name) {
			return fmt.Errorf("%q is no name for a group", name)
		}
		if t.numbers[name] != 0 {
			return fmt.Errorf("there are two groups with the name %s", name)
		}
		t.capture(name)
		return nil
	case t.next('='):
		name, err := t.until(')')
		if err != nil {
			return err
		}
		t.atom = len(t.out)
		return t.backReference(name)
	default:
		return errors.New("after (?P comes < or =")
	}
}

// backReference writes what a closed group matched, by its name or number.
func (t *translator) backReference(id string) error {
	number, err := t.find(id)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(t.open, func(g openGroup) bool { return g.number == number }) {
		return fmt.Errorf("group %s is not closed yet", id)
	}
	t.write(`\k<` + groupName(number) + ">")
	return nil
}

// find gives the number of a group that has begun.
func (t *translator) find(id string) (int, error) {
	number, err := strconv.Atoi(id)
	if err != nil {
		number = t.numbers[id]
	}
	if number < 1 || number > t.groups {
		return 0, fmt.Errorf("there is no group %s before this", id)
	}
	return number, nil
}

// conditional is (?(id)yes|no).
func (t *translator) conditional() error {
	id, err := t.until(')')
	if err != nil {
		return err
	}
	number, err := t.find(id)
	if err != nil {
		return err
	}
	t.opened("(?("+groupName(number)+")", 0)
	return nil
}

// flags is (?i) or (?i:…). Unicode is how both sides match; ASCII and locale are not told apart from it.
func (t *translator) flags(start int) error {
	var on, off strings.Builder
	into := &on
	for ; t.at < len(t.in); t.at++ {
		switch c := t.in[t.at]; {
		case strings.ContainsRune("imsx", c):
			into.WriteRune(c)
		case strings.ContainsRune("auL", c) && into == &on:
		case c == '-' && into == &on:
			into = &off
		case c == ')' || c == ':':
			t.at++
			return t.setFlags(on.String(), off.String(), c == ':', start)
		default:
			return fmt.Errorf("(?%c begins no group that is known", c)
		}
	}
	return errors.New("a group is not closed")
}

func (t *translator) setFlags(on, off string, scoped bool, start int) error {
	if strings.Contains(on, "x") {
		if scoped || start != 0 {
			return errors.New("the flag x stands at the start only")
		}
		t.verbose = true // its blanks and comments are left out here
		on = strings.ReplaceAll(on, "x", "")
	}
	switch {
	case scoped && off != "":
		t.opened("(?"+on+"-"+off+":", 0)
	case scoped:
		t.opened("(?"+on+":", 0)
	case off != "":
		return errors.New("flags are taken back for a group only")
	case on != "":
		t.write("(?" + on + ")")
	}
	return nil
}

func identifier(name string) bool {
	for i, c := range name {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}
