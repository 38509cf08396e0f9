package api_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract/api"
)

// bodies gives each type of the package its name: testdata/<name>.json is a sample that sets every field.
var bodies = map[string]reflect.Type{
	"Job":            reflect.TypeFor[api.Job](),
	"Wave":           reflect.TypeFor[api.Wave](),
	"JobList":        reflect.TypeFor[api.JobList](),
	"Task":           reflect.TypeFor[api.Task](),
	"TaskList":       reflect.TypeFor[api.TaskList](),
	"Result":         reflect.TypeFor[api.Result](),
	"ResultList":     reflect.TypeFor[api.ResultList](),
	"CancelRequest":  reflect.TypeFor[api.CancelRequest](),
	"RetryRequest":   reflect.TypeFor[api.RetryRequest](),
	"DeviceList":     reflect.TypeFor[api.DeviceList](),
	"Import":         reflect.TypeFor[api.Import](),
	"DeviceChange":   reflect.TypeFor[api.DeviceChange](),
	"FieldChange":    reflect.TypeFor[api.FieldChange](),
	"TokenRequest":   reflect.TypeFor[api.TokenRequest](),
	"TokenCreated":   reflect.TypeFor[api.TokenCreated](),
	"TokenList":      reflect.TypeFor[api.TokenList](),
	"DeadLetter":     reflect.TypeFor[api.DeadLetter](),
	"DeadLetterList": reflect.TypeFor[api.DeadLetterList](),
	"LetterEntry":    reflect.TypeFor[api.LetterEntry](),
	"LetterRequest":  reflect.TypeFor[api.LetterRequest](),
	"Status":         reflect.TypeFor[api.Status](),
	"ExecutorStatus": reflect.TypeFor[api.ExecutorStatus](),
	"StreamStatus":   reflect.TypeFor[api.StreamStatus](),
	"StoreStatus":    reflect.TypeFor[api.StoreStatus](),
	"LiveOutput":     reflect.TypeFor[api.LiveOutput](),
	"Problem":        reflect.TypeFor[api.Problem](),
	"Health":         reflect.TypeFor[api.Health](),
	"AuditHead":      reflect.TypeFor[api.AuditHead](),
	"AuditRecord":    reflect.TypeFor[api.AuditRecord](),
	"AuditList":      reflect.TypeFor[api.AuditList](),
}

func TestEveryBodyHasASample(t *testing.T) {
	t.Parallel()
	var decls []ast.Decl
	for _, name := range []string{"api.go", "audit.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		decls = append(decls, file.Decls...)
	}
	var declared []string
	for _, d := range decls {
		if group, ok := d.(*ast.GenDecl); ok && group.Tok == token.TYPE {
			for _, s := range group.Specs {
				declared = append(declared, s.(*ast.TypeSpec).Name.Name)
			}
		}
	}
	slices.Sort(declared)
	if tested := slices.Sorted(maps.Keys(bodies)); !slices.Equal(declared, tested) {
		t.Errorf("the package declares %v, the test knows %v", declared, tested)
	}
}

// The samples are what clients see. A field that is renamed, that moves or that changes its type breaks one.
func TestBodiesKeepTheirForm(t *testing.T) {
	t.Parallel()
	for name, typ := range bodies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sample, err := os.ReadFile(filepath.Join("testdata", name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			body := reflect.New(typ)
			decoder := json.NewDecoder(bytes.NewReader(sample))
			decoder.DisallowUnknownFields()
			if err := decoder.Decode(body.Interface()); err != nil {
				t.Fatal(err)
			}
			for _, field := range unset(name, body.Elem()) {
				t.Errorf("the sample does not set %s", field)
			}
			back, err := json.Marshal(body.Interface())
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(value(t, back), value(t, sample)) {
				t.Errorf("the sample\n%s\nbecomes\n%s", sample, back)
			}
		})
	}
}

func TestFieldNamesAreSnakeCase(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[a-z0-9]+(_[a-z0-9]+)*$`)
	for name, typ := range bodies {
		for f := range typ.Fields() {
			if tag := regexp.MustCompile(`^[^,]*`).FindString(f.Tag.Get("json")); !f.Anonymous && !form.MatchString(tag) {
				t.Errorf("%s.%s is %q in JSON", name, f.Name, tag)
			}
		}
	}
}

func TestAProblemReadsAsASentence(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]*api.Problem{
		"Not Found": {Title: "Not Found"},
		"Unprocessable Entity: the key was used before": {Title: "Unprocessable Entity", Detail: "the key was used before"},
	} {
		if p.Error() != want {
			t.Errorf("%q, want %q", p.Error(), want)
		}
	}
}

// unset lists the fields that have their zero value.
func unset(at string, v reflect.Value) []string {
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if v.IsZero() {
		return []string{at}
	}
	var found []string
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
	case v.Kind() == reflect.Struct:
		for f, field := range v.Fields() {
			found = append(found, unset(at+"."+f.Name, field)...)
		}
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			found = append(found, unset(at+"[]", v.Index(i))...)
		}
	}
	return found
}

func value(t *testing.T, data []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
