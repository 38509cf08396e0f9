package textfsm_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/netrust/netrust/libs/textfsm"
)

func open(t testing.TB, dir string) *textfsm.Library {
	t.Helper()
	l, err := textfsm.Open(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// asJSON brings records to what JSON knows, for comparison.
func asJSON(t testing.TB, v any) any {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEveryCaseOfTheCollectionGivesItsRecords(t *testing.T) {
	t.Parallel()
	l := open(t, "testdata/ntc/templates")
	cases := os.DirFS("testdata/ntc/cases")
	files, err := fs.Glob(cases, "*/*/*.raw")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			raw, err := fs.ReadFile(cases, file)
			if err != nil {
				t.Fatal(err)
			}
			expected, err := fs.ReadFile(cases, strings.TrimSuffix(file, ".raw")+".yml")
			if err != nil {
				t.Fatal(err)
			}
			var want struct {
				Records []map[string]any `yaml:"parsed_sample"`
			}
			if err := yaml.Unmarshal(expected, &want); err != nil {
				t.Fatal(err)
			}
			platform := path.Dir(path.Dir(file))
			command := strings.ReplaceAll(path.Base(path.Dir(file)), "_", " ")
			table, err := l.Parse(t.Context(), platform, command, string(raw))
			if err != nil {
				t.Fatal(err)
			}
			if got, want := asJSON(t, table.Records()), asJSON(t, want.Records); !reflect.DeepEqual(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
}

func TestCommandsAreFoundByShortFormsAndAliases(t *testing.T) {
	t.Parallel()
	l := open(t, "testdata/ntc/templates")
	for _, c := range []struct{ platform, command string }{
		{"cisco_ios", "show version"}, {"cisco_ios", "sh ver"}, {"ios", "sho vers"}, {"cisco_iosxe", "show ver"}, {"eos", " show version "},
	} {
		if _, err := l.Parse(t.Context(), c.platform, c.command, ""); err != nil {
			t.Errorf("%s, %s: %v", c.platform, c.command, err)
		}
	}
	for _, c := range []struct{ platform, command string }{{"cisco_ios", "show nothing"}, {"frr", "show version"}, {"", ""}} {
		var none *textfsm.NoTemplateError
		if _, err := l.Parse(t.Context(), c.platform, c.command, "x"); !errors.As(err, &none) || none.Command != c.command {
			t.Errorf("%s, %s: %v", c.platform, c.command, err)
		}
	}
}

func TestRecordsKeepTheOrderOfTheTemplateInJSON(t *testing.T) {
	t.Parallel()
	tpl, err := textfsm.Compile("t", "Value ZED (\\S+)\nValue ALPHA (\\d+)\n\nStart\n ^${ZED} ${ALPHA} -> Record\n")
	if err != nil {
		t.Fatal(err)
	}
	table, err := tpl.Parse(t.Context(), "a 1\nb 2\n")
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(table.Records())
	if err != nil || string(data) != `[{"zed":"a","alpha":"1"},{"zed":"b","alpha":"2"}]` {
		t.Errorf("%s, %v", data, err)
	}
	if v, ok := table.Records()[1].Get("alpha"); !ok || v != "2" {
		t.Errorf("alpha is %v", v)
	}
}
