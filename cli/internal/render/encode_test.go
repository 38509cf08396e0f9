package render_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/netrust/netrust/cli/internal/render"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

func results() []api.Result {
	text := "line one\n\n  indented: yes\n# not a comment\ttab\n"
	return []api.Result{
		{Task: api.Task{ID: "1", DeviceID: "r1", State: contract.TaskSucceeded, DurationMS: 12345678901}, Outputs: []contract.CommandOutput{{Command: "show \"x\"", Output: text}}},
		{Task: api.Task{ID: "2", DeviceID: "no", Summary: "yes: - [1] 0x10 1e3 null"}},
	}
}

func TestAListIsTheBodyOfTheAPI(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2} {
		for _, format := range []render.Format{render.FormatJSON, render.FormatYAML} {
			var b bytes.Buffer
			list := render.NewList(&b, format, "results")
			want := api.ResultList{Results: results()[:n]}
			for _, r := range want.Results {
				if err := list.Add(r); err != nil {
					t.Fatal(err)
				}
			}
			if err := list.End(); err != nil {
				t.Fatal(err)
			}
			text := b.Bytes()
			if format == render.FormatYAML {
				var err error
				if text, err = yaml.YAMLToJSON(text); err != nil {
					t.Fatalf("%v:\n%s", err, b.Bytes())
				}
			}
			var got api.ResultList
			if err := json.Unmarshal(text, &got); err != nil {
				t.Fatalf("%v:\n%s", err, b.Bytes())
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s of %d: got %+v, want %+v\n%s", format, n, got, want, b.Bytes())
			}
		}
	}
}
