package textfsm_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/netrust/netrust/libs/textfsm"
)

func TestAFaultInATemplateNamesItsLine(t *testing.T) {
	t.Parallel()
	const start = "\n\nStart\n ^x\n"
	for name, c := range map[string]struct {
		text string
		line int
		says string
	}{
		"no value":                   {"Start\n ^x\n", 1, "begins with its values"},
		"an unknown option":          {"Value Requird A (x)" + start, 1, `no option "Requird"`},
		"an option twice":            {"Value List,List A (x)" + start, 1, "twice"},
		"no parentheses":             {"Value List A x y" + start, 1, "parentheses"},
		"a value twice":              {"Value A (x)\nValue A (y)" + start, 2, "two values A"},
		"no blank line after values": {"Value A (x)\nStart\n ^x\n", 2, "blank line"},
		"an unknown value":           {"Value A (x)\n\nStart\n ^${B}\n", 4, "no value B"},
		"a lone dollar":              {"Value A (x)\n\nStart\n ^${A}$\n", 4, "written $$"},
		"a bad expression":           {"Value A (x)\n\nStart\n ^(${A}\n", 4, "not closed"},
		"a group twice":              {"Value A (x)\n\nStart\n ^${A}${A}\n", 4, "two groups"},
		"a bad action":               {"Value A (x)\n\nStart\n ^${A} -> Rekord Now\n", 4, "not known"},
		"a loop":                     {"Value A (x)\n\nStart\n ^${A} -> Continue Start\n", 4, "after Continue comes no new state"},
		"an unknown state":           {"Value A (x)\n\nStart\n ^${A} -> Other\n", 4, "no state Other"},
		"a state twice":              {"Value A (x)" + start + "\nStart\n ^x\n", 6, "two states"},
		"a reserved state":           {"Value A (x)" + start + "\nRecord\n ^x\n", 6, "no name of a state"},
		"a rule without its sign":    {"Value A (x)\n\nStart\n x\n", 4, "one or two blanks"},
		"a rule too far in":          {"Value A (x)\n\nStart\n   ^x\n", 4, "one or two blanks"},
		"a state End with rules":     {"Value A (x)" + start + "\nEnd\n ^x\n", 7, "has no rules"},
		"no state Start":             {"Value A (x)\n\nBegin\n ^x\n", 0, "no state Start"},
		"a List that is no Python":   {`Value List A (\k<x>)` + start, 1, "has no meaning"},
	} {
		_, err := textfsm.Compile("t.textfsm", c.text)
		var fault *textfsm.TemplateError
		if !errors.As(err, &fault) || fault.Line != c.line || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), "t.textfsm") {
			t.Errorf("%s: got %v; want line %d and %q", name, err, c.line, c.says)
		}
	}
}

func TestAnErrorActionNamesTheLineOfTheOutput(t *testing.T) {
	t.Parallel()
	tpl, err := textfsm.Compile("t", "Value A (\\d+)\n\nStart\n ^${A} -> Record\n ^told -> Error \"no such thing\"\n ^. -> Error\n")
	if err != nil {
		t.Fatal(err)
	}
	for text, says := range map[string]string{"1\n2\nother": "does not expect this line", "1\n2\ntold": "no such thing"} {
		var fault *textfsm.ParseError
		if _, err := tpl.Parse(t.Context(), text); !errors.As(err, &fault) || fault.Line != 3 || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestAnExpressionWithoutEndIsCutOff(t *testing.T) {
	t.Parallel()
	tpl, err := textfsm.Compile("t", "Value A (\\d+)\n\nStart\n ^(x+x+)+(?=y)${A} -> Record\n")
	if err != nil {
		t.Fatal(err)
	}
	var fault *textfsm.ParseError
	if _, err := tpl.Parse(t.Context(), strings.Repeat("x", 200)); !errors.As(err, &fault) || !strings.Contains(err.Error(), "takes too long") {
		t.Errorf("got %v", err)
	}
}

func TestParsingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	tpl, err := textfsm.Compile("t", "Value A (\\d+)\n\nStart\n ^${A} -> Record\n")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tpl.Parse(ctx, "1\n"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestSeveralTemplatesMakeOneTable(t *testing.T) {
	t.Parallel()
	l := open(t, "testdata/templates")
	table, err := l.Parse(t.Context(), "made_up", "show both", "port a speed 10\nport b speed 20\nvlan 7 on b\nvlan 8 on c\n")
	if err != nil {
		t.Fatal(err)
	}
	want := [][]any{{"a", "10", ""}, {"b", "20", "7"}}
	if !reflect.DeepEqual(table.Header, []string{"PORT", "SPEED", "VLAN"}) || !reflect.DeepEqual(table.Rows, want) {
		t.Errorf("%v %v", table.Header, table.Rows)
	}
}

func TestABadTemplateOfALibraryNamesItsFile(t *testing.T) {
	t.Parallel()
	l := open(t, "testdata/templates")
	for command, says := range map[string]string{"show broken": "broken.textfsm:4", "show missing": "missing.textfsm"} {
		var fault *textfsm.TemplateError
		if _, err := l.Parse(t.Context(), "made_up", command, "x"); !errors.As(err, &fault) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", command, err)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add("Value Filldown,List A ((?P<n>\\d)x|y)\nValue B (z{,3})\n\nStart\n ^${A}$B$$ -> Continue.Record\n ^(?(1)a|b)[]^-]\n\nEOF\n", "1xz\ny\n")
	f.Add("Value A (\\S++)\n\nStart\n\t^(?#c)$A -> Record S\n\nS\n ^. -> Error \"x\"\n", "a\rb\u2028c")
	f.Fuzz(func(t *testing.T, source, text string) {
		tpl, err := textfsm.Compile("t", source)
		if err != nil {
			return
		}
		table, err := tpl.Parse(t.Context(), text)
		if err != nil {
			return
		}
		for _, row := range table.Rows {
			if len(row) != len(table.Header) {
				t.Fatalf("a row of %d values under %d names", len(row), len(table.Header))
			}
		}
	})
}
