package textfsm_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/netrust/netrust/libs/textfsm"
)

// python runs the distribution's Python, which has the TextFSM that this package follows.
func python(t *testing.T, program string, in any) any {
	t.Helper()
	data, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", program)
	cmd.Stdin = strings.NewReader(string(data))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("python3 with textfsm is needed (apt-get install python3-textfsm): %v\n%s", err, stderr.String())
	}
	var v any
	if err := json.Unmarshal(out, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

const parseInPython = `
import json, sys, io, textfsm
job = json.load(sys.stdin)
fsm = textfsm.TextFSM(io.StringIO(job["template"]))
rows = fsm.ParseText(job["text"])
print(json.dumps({"header": fsm.header, "rows": rows}))
`

func TestTemplatesGiveWhatPythonsTextFSMGives(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/templates/*.raw")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			source, err := os.ReadFile(strings.TrimSuffix(file, ".raw") + ".textfsm")
			if err != nil {
				t.Fatal(err)
			}
			want := python(t, parseInPython, map[string]string{"template": string(source), "text": string(raw)})
			tpl, err := textfsm.Compile(file, string(source))
			if err != nil {
				t.Fatal(err)
			}
			table, err := tpl.Parse(t.Context(), string(raw))
			if err != nil {
				t.Fatal(err)
			}
			if len(table.Rows) < 3 {
				t.Errorf("only %d records: the case shows little", len(table.Rows))
			}
			got := asJSON(t, map[string]any{"header": table.Header, "rows": table.Rows})
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
}
