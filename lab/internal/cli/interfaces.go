package cli

import (
	"bytes"
	"strings"
)

// addInterfaces adds `show interfaces NAME` to the recorded `show interfaces`: the part of the recording that is about
// that interface. Full puts a short name in full; lead is what a part's first line says before the name.
func addInterfaces(g *grammar, command, lead string, full func(string) string, missing func(c *console, name string) error) {
	g.add(command+" LINE", "", func(c *console, args []string) error {
		name := full(args[0])
		c.recording(command)
		part := interfacePart(c.out, lead+name)
		if part == nil {
			c.out = nil
			return missing(c, args[0])
		}
		c.out = part
		return nil
	})
}

// interfacePart cuts out the block of lines whose first line begins with a title that ends there; it goes on as long as
// lines are indented or empty.
func interfacePart(text []byte, title string) []byte {
	var part []byte
	for line := range bytes.Lines(text) {
		indented := len(bytes.TrimSpace(line)) == 0 || line[0] == ' ' || line[0] == '\t'
		switch {
		case part == nil && begins(line, title):
			part = append(part, line...)
		case part != nil && indented:
			part = append(part, line...)
		case part != nil:
			return part
		}
	}
	return part
}

func begins(line []byte, title string) bool {
	rest, ok := bytes.CutPrefix(line, []byte(title))
	return ok && len(rest) > 0 && strings.IndexByte(" ,:\n", rest[0]) >= 0
}

// invalidInterface refuses the name as a word that is not understood.
func invalidInterface(c *console, name string) error { return c.refuse(name) }

// sameName is for platforms whose interfaces have one name only.
func sameName(name string) string { return name }
