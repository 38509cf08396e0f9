package document_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/netrust/netrust/libs/internal/document"
)

// write prints a tree on one line, with places.
func write(n *document.Node) string {
	place := fmt.Sprintf("@%d:%d", n.Line, n.Column)
	switch n.Kind {
	case document.List:
		var items []string
		for _, item := range n.Items {
			items = append(items, write(item))
		}
		return "[" + strings.Join(items, " ") + "]" + place
	case document.Map:
		var fields []string
		for _, f := range n.Fields {
			fields = append(fields, fmt.Sprintf("%s@%d:%d=%s", f.Name, f.Line, f.Column, write(f.Value)))
		}
		return "{" + strings.Join(fields, " ") + "}" + place
	case document.Null:
		return "null" + place
	}
	return fmt.Sprintf("%s(%s)%s", n.Kind, n.Text, place)
}

func TestTreesKnowTheirPlaces(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text, want string
		json       bool
	}{
		"block style": {"a: 1\nb:\n  - x\n  - c: true\n", "{a@1:1=a number(1)@1:4 b@2:1=[text(x)@3:5 {c@4:5=true or false(true)@4:8}@4:5]@3:3}@1:1", false},
		"flow style":  {"{a: [1, 'x y'], b: }\n", "{a@1:2=[a number(1)@1:6 text(x y)@1:9]@1:5 b@1:17=null@1:17}@1:1", false},
		"scalars":     {"a: 0x10\nb: 1.10\nc: ~\nd: |\n  x\n  y\ne: no\nf: 2024-01-01\n", "{a@1:1=a number(0x10)@1:4 b@2:1=a number(1.10)@2:4 c@3:1=null@3:1 d@4:1=text(x\ny\n)@4:4 e@7:1=text(no)@7:4 f@8:1=text(2024-01-01)@8:4}@1:1", false},
		"JSON":        {"{\"a\": [1, null,\n  true], \"b\": {\"c\": \"x\"}}", "{a@1:2=[a number(1)@1:8 null@1:11 true or false(true)@2:3]@1:7 b@2:10={c@2:16=text(x)@2:21}@2:15}@1:1", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			read := document.YAML
			if c.json {
				read = document.JSON
			}
			n, err := read([]byte(c.text), 1000)
			if err != nil {
				t.Fatal(err)
			}
			if got := write(n); got != c.want {
				t.Errorf("read\n%s, want\n%s", got, c.want)
			}
		})
	}
}

// A list that is read piece by piece must give what the whole document gives.
func TestRecordsAgreeWithTheWhole(t *testing.T) {
	t.Parallel()
	var block, object strings.Builder
	block.WriteString("# head\ntop: 1\nlist: # items\n")
	object.WriteString("{\"top\": 1,\n \"list\": [")
	for i := range 5000 {
		fmt.Fprintf(&block, "  - id: r%d\n\n    # note\n    text: |\n      - not an item\n        - nor this\n    flow: {a: [%d,\n      2]}\n", i, i)
		fmt.Fprintf(&object, "%s\n  {\"id\": \"r%d\", \"flow\": {\"a\": [%d]}}", strings.Repeat(",", min(i, 1)), i, i)
	}
	block.WriteString("end: {x: 1}\n")
	object.WriteString("\n ],\n \"end\": {\"x\": 1}}\n")
	for name, text := range map[string]string{"block": block.String(), "JSON": object.String()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			records, err := document.ReadRecords([]byte(text), "list", len(text))
			if err != nil {
				t.Fatal(err)
			}
			whole, err := document.YAML([]byte(text), len(text))
			if err != nil {
				t.Fatal(err)
			}
			want, i := whole.Find("list").Items, 0
			for item, err := range records.Items {
				if err != nil {
					t.Fatal(err)
				}
				if got, want := write(item), write(want[i]); got != want {
					t.Fatalf("item %d is\n%s, want\n%s", i, got, want)
				}
				i++
			}
			if i != 5000 || records.Top.Find("top").Text != "1" || records.Top.Find("end").Find("x").Text != "1" || records.Top.Find("list").Kind != document.List {
				t.Errorf("%d items, top %s", i, write(records.Top))
			}
		})
	}
}

func TestDepthIsBoundedBeforeTheParser(t *testing.T) {
	t.Parallel()
	stairs := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.Repeat(" ", i) + "a:\n")
		}
		return b.String()
	}
	for name, text := range map[string]string{
		"brackets": strings.Repeat("[", 60000), "braces": strings.Repeat("{a: ", 60000), "dashes": strings.Repeat("- ", 60000),
		"stairs": stairs(1000), "mixed": strings.Repeat("- a: [", 20000),
	} {
		if _, err := document.YAML([]byte(text), 1<<20); err == nil || !strings.Contains(err.Error(), "nested more than 32 deep") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := document.YAML([]byte(stairs(20)), 1<<20); err != nil {
			t.Error(err)
		}
	}
}

func FuzzJSONAgreesWithTheStandardLibrary(f *testing.F) {
	for _, seed := range []string{`{"a":[1,2.5e3,null,"x"]}`, `[] []`, `{"a":1,"a":2}`, `"\u00e9"`, ` `, `{"a"}`, `[1,]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := document.JSON(data, 1<<20)
		if err == nil && !json.Valid(data) || err != nil && json.Valid(data) && !strings.Contains(err.Error(), "nested") {
			t.Fatalf("%q: %v, and valid is %v", data, err, json.Valid(data))
		}
		if err == nil {
			write(n)
		}
	})
}

// place is what write prints of places. The parser's own place of a text over several lines depends on what follows it.
var place = regexp.MustCompile(`@\d+:\d+`)

func FuzzRecords(f *testing.F) {
	for _, seed := range []string{"list:\n  - a\n  - b: 1\n    c: |\n      - x\n", "x: 1\nlist:\n- a\ny: 2\n", "list:\n    - a\n    - - b\n", "{\"list\":[1,{\"a\":2}],\"b\":1}", "list: [a, b]\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		// The parser takes "list:\n-\nb: 1" for one item {b: 1}, against YAML 1.2; cut does not.
		for line := range strings.Lines(string(data)) {
			if line[0] == '-' || strings.TrimSpace(line) == "-" {
				return
			}
		}
		records, err := document.ReadRecords(data, "list", 1<<20)
		whole, wholeErr := document.YAML(data, 1<<20)
		if err != nil || wholeErr != nil {
			return // each refuses things that the other reads; what both read must be the same
		}
		list := whole.Find("list")
		i := 0
		for item, err := range records.Items {
			if err != nil {
				return
			}
			if list == nil || i >= len(list.Items) || place.ReplaceAllString(write(item), "") != place.ReplaceAllString(write(list.Items[i]), "") {
				t.Fatalf("item %d of %q is %s", i, data, write(item))
			}
			i++
		}
		if list != nil && list.Kind == document.List && i != len(list.Items) {
			t.Fatalf("%d items of %d in %q", i, len(list.Items), data)
		}
	})
}
