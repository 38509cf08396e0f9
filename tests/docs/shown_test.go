package docs_test

import (
	"encoding/xml"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netrust/netrust/tests/docs"
)

var keepScreen = flag.String("screen", "", "file to write the demonstration's screen to, for tools/cmd/picture")

// TestWhatTheDocumentsShowIsTrue runs the demonstration as README says, and compares what README and the picture show. It
// does not run beside others: make writes the binary that they use.
func TestWhatTheDocumentsShowIsTrue(t *testing.T) {
	build(t)
	u := newUser(t)
	run, _ := ruleFor("make demo")
	if err := run(t.Context(), u, "make demo"); err != nil {
		t.Fatal(err)
	}
	printed := lines(u.LastDemo)
	if *keepScreen != "" {
		screen := "$ make demo\n" + strings.Join(printed, "\n") + "\n"
		if err := os.WriteFile(*keepScreen, []byte(screen), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	shown, err := shownOf(documents(t), "make demo")
	if err != nil {
		t.Fatal(err)
	}
	if err := docs.Match(shown, printed); err != nil {
		t.Errorf("README.md shows what make demo does not print: %v\nit prints:\n%s", err, u.LastDemo)
	}
	drawn, err := drawn(filepath.Join(absolute(t), "docs", "demo.svg"))
	if err != nil {
		t.Fatal(err)
	}
	var text []string // a picture has no empty lines
	for _, line := range append([]string{"$ make demo"}, printed...) {
		if line != "" {
			text = append(text, line)
		}
	}
	if err := docs.Match(drawn, text); err != nil {
		t.Errorf("docs/demo.svg shows what make demo does not print; draw it again (tools/cmd/picture says how): %v\nit prints:\n%s", err, u.LastDemo)
	}
}

// shownOf is README's first block of text after the block with the command.
func shownOf(all []docs.Document, command string) ([]string, error) {
	for _, d := range all {
		if d.Path != "README.md" {
			continue
		}
		found := false
		for _, b := range d.Blocks {
			if found && b.Lang == "text" {
				return b.Lines, nil
			}
			found = found || b.Lang == "sh" && strings.Join(b.Lines, "\n") == command
		}
	}
	return nil, fmt.Errorf("README.md shows no output of %s", command)
}

// drawn reads the lines of a picture of a terminal.
func drawn(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var picture struct {
		Lines []string `xml:"g>text"`
	}
	if err := xml.Unmarshal(text, &picture); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return picture.Lines, nil
}

func TestOutputsAreCompared(t *testing.T) {
	t.Parallel()
	printed := []string{"start", "lab-0001  ok  45ms", "lab-0002  ok  1.2s", "", "Job kqzuvgobopw6o744 done in 1.4s (17/s)."}
	for name, c := range map[string]struct {
		shown []string
		same  bool
	}{
		"all of it":                {printed, true},
		"other times and ids":      {[]string{"start", "lab-0001 ok 1ms", "lab-0002 ok 9ms", "", "Job aaaaaaaaaaaaaaaa done in 300ms."}, true},
		"a gap":                    {[]string{"start", docs.Gap, "lab-0002  ok  1.2s", docs.Gap}, true},
		"a line that is not there": {[]string{"start", "lab-0009  ok  45ms", docs.Gap}, false},
		"another word":             {[]string{"start", "lab-0001  failed  45ms", docs.Gap}, false},
		"the end left out":         {printed[:2], false},
		"more than there is":       {append(printed[:len(printed):len(printed)], "more"), false},
		"the wrong order":          {[]string{docs.Gap, printed[2], printed[1], docs.Gap}, false},
	} {
		if err := docs.Match(c.shown, printed); (err == nil) != c.same {
			t.Errorf("%s: %v", name, err)
		}
	}
}
