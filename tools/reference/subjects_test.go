package reference_test

import (
	"strings"
	"testing"

	"github.com/netrust/netrust/schemas/asyncapi"
	"github.com/netrust/netrust/tools/reference"
)

func TestThePageNamesEverySubjectWithItsMessagesAndServices(t *testing.T) {
	t.Parallel()
	channels, err := asyncapi.Read()
	if err != nil {
		t.Fatal(err)
	}
	page := reference.Subjects(channels)
	for _, c := range channels {
		for _, m := range c.Messages {
			row := ""
			for line := range strings.Lines(page) {
				if strings.HasPrefix(line, "| `"+c.Address+"` | ["+m.Schema+"]") {
					row = line
				}
			}
			want := "| " + strings.Join(m.Publishers, ", ") + " | " + strings.Join(m.Consumers, ", ") + " |\n"
			if !strings.HasSuffix(row, want) || !strings.Contains(row, m.Type) {
				t.Errorf("%s with %s: the row is %q, want type %q and an end of %q", c.Address, m.Schema, row, m.Type, want)
			}
		}
	}
}

func TestThePageIsOrderedAndMarkedAsGenerated(t *testing.T) {
	t.Parallel()
	channel := func(home, address string) asyncapi.Channel {
		return asyncapi.Channel{Name: address, Home: home, Address: address, Title: "About " + address,
			Description: "Over\n  two lines.", Messages: []asyncapi.Message{{Schema: "gate.v1"}}}
	}
	page := reference.Subjects([]asyncapi.Channel{
		channel("objects o", "o.o"), channel("bucket b", "b.b"), channel("stream s", "s.b"), channel("stream s", "s.a"), channel("stream r", "r.r"),
	})
	if first, _, _ := strings.Cut(page, "\n"); !strings.Contains(first, "DO NOT EDIT") {
		t.Errorf("the first line is %q", first)
	}
	at := -1
	for _, text := range []string{
		"## Stream `r`", "| `r.r` ", "## Stream `s`", "| `s.a` ", "| `s.b` ", "- `s.a`: About s.a. Over two lines.\n", "## Bucket `b`", "## Objects `o`",
	} {
		next := strings.Index(page, text)
		if next <= at {
			t.Errorf("%q stands at %d, not after %d, in\n%s", text, next, at, page)
		}
		at = next
	}
}
