package schemas_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/netrust/netrust/schemas"
	"github.com/netrust/netrust/schemas/validate"
)

func validator(t *testing.T) *validate.Validator {
	t.Helper()
	v, err := validate.New()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func samples(t *testing.T, name string) []schemas.Sample {
	t.Helper()
	list, err := schemas.Samples(name)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestEverySampleIsValid(t *testing.T) {
	t.Parallel()
	v := validator(t)
	for _, name := range schemas.Messages() {
		for _, s := range samples(t, name) {
			if err := v.Check(name, s.JSON); err != nil {
				t.Errorf("sample %s: %v", s.Name, err)
			}
		}
	}
}

// A schema that accepts anything would pass the test above, so each sample is spoilt in turn.
func TestASpoiltSampleIsNotValid(t *testing.T) {
	t.Parallel()
	v := validator(t)
	for _, name := range schemas.Messages() {
		required := document(t, name).Required
		for _, s := range samples(t, name) {
			for _, field := range required {
				for what, spoil := range map[string]func(map[string]any){
					"without " + field:              func(m map[string]any) { delete(m, field) },
					"with null as " + field:         func(m map[string]any) { m[field] = nil },
					"with another type in " + field: func(m map[string]any) { m[field] = []any{map[string]any{}} },
				} {
					var message map[string]any
					if err := json.Unmarshal(s.JSON, &message); err != nil {
						t.Fatal(err)
					}
					spoil(message)
					data, err := json.Marshal(message)
					if err != nil {
						t.Fatal(err)
					}
					if v.Check(name, data) == nil {
						t.Errorf("%s: sample %s %s is valid", name, s.Name, what)
					}
				}
			}
		}
	}
}

func TestReadersMeetFieldsTheyDoNotKnow(t *testing.T) {
	t.Parallel()
	v := validator(t)
	for _, name := range schemas.Messages() {
		for _, s := range samples(t, name) {
			if s.JSON[0] != '{' {
				continue
			}
			newer := strings.Replace(string(s.JSON), "{", `{"added_within_the_major": 1, `, 1)
			if err := v.Check(name, []byte(newer)); err != nil {
				t.Errorf("sample %s with a new field: %v", s.Name, err)
			}
		}
	}
}

// node is what the tests read of a schema.
type node struct {
	ID          string          `json:"$id"`
	Ref         string          `json:"$ref"`
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Type        string          `json:"type"`
	Required    []string        `json:"required"`
	Properties  map[string]node `json:"properties"`
	Defs        map[string]node `json:"$defs"`
	Enum        []any           `json:"enum"`
	Format      string          `json:"format"`
}

func document(t *testing.T, name string) node {
	t.Helper()
	data, err := schemas.Schema(name)
	if err != nil {
		t.Fatal(err)
	}
	var n node
	if err := json.Unmarshal(data, &n); err != nil {
		t.Fatalf("schema %s: %v", name, err)
	}
	return n
}

func TestEverySchemaSaysWhatItsFieldsMean(t *testing.T) {
	t.Parallel()
	for _, name := range append(schemas.Messages(), schemas.Definitions) {
		doc := document(t, name)
		if want := schemas.Base + name + ".json"; doc.ID != want {
			t.Errorf("%s: $id is %s, want %s", name, doc.ID, want)
		}
		if doc.Title == "" {
			t.Errorf("%s has no title", name)
		}
		described(t, name, doc)
	}
}

// described walks a schema: everything has a description or refers to what has one, units are in the names, and times
// have their format.
func described(t *testing.T, at string, n node) {
	t.Helper()
	if n.Description == "" && n.Ref == "" {
		t.Errorf("%s has no description", at)
	}
	for name, p := range n.Properties {
		described(t, at+"."+name, p)
		if (strings.HasSuffix(name, "_at") || strings.HasSuffix(name, "_until")) && p.Format != "date-time" {
			t.Errorf("%s.%s is named as a time and has no format date-time", at, name)
		}
		if strings.Contains(name, "timeout") && !strings.HasSuffix(name, "_ms") {
			t.Errorf("%s.%s has no unit in its name", at, name)
		}
	}
	for _, r := range n.Required {
		if _, ok := n.Properties[r]; !ok {
			t.Errorf("%s requires %s and does not describe it", at, r)
		}
	}
	for name, d := range n.Defs {
		described(t, at+"/"+name, d)
	}
}

func TestANameThatDoesNotExistIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := schemas.Schema("task.v99"); err == nil {
		t.Error("a schema task.v99")
	}
	if _, err := schemas.Samples("task.v99"); err == nil {
		t.Error("samples of task.v99")
	}
}
