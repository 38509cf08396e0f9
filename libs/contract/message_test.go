package contract_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/netrust/netrust/schemas"
	"github.com/netrust/netrust/schemas/validate"
)

func TestEveryMessageHasAGoType(t *testing.T) {
	t.Parallel()
	if got, want := slices.Sorted(maps.Keys(messages)), schemas.Messages(); !slices.Equal(got, want) {
		t.Errorf("types for %v, schemas for %v", got, want)
	}
}

// Samples are what services really say. Each must pass through its Go type unchanged, and name no field that the type
// does not have.
func TestEverySampleFitsItsGoType(t *testing.T) {
	t.Parallel()
	v := validator(t)
	for name, typ := range messages {
		list, err := schemas.Samples(name)
		if err != nil || len(list) == 0 {
			t.Fatalf("message %s has no samples (%v)", name, err)
		}
		for _, s := range list {
			t.Run(name+"/"+s.Name, func(t *testing.T) {
				t.Parallel()
				if err := v.Check(name, s.JSON); err != nil {
					t.Error(err)
				}
				got, err := through(s.JSON, typ)
				if err != nil {
					t.Fatal(err)
				}
				if !sameJSON(t, got, s.JSON) {
					t.Errorf("the sample\n%s\nbecomes\n%s", s.JSON, got)
				}
			})
		}
	}
}

// Every field set: what Go can say, the schema allows, and reading it back loses nothing.
func TestEveryFieldOfAGoTypeFitsItsSchema(t *testing.T) {
	t.Parallel()
	v, b := validator(t), readBook(t)
	for name, typ := range messages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			full := reflect.New(typ)
			b.fill(full.Elem(), b[name])
			data, err := json.Marshal(full.Interface())
			if err != nil {
				t.Fatal(err)
			}
			if err := v.Check(name, data); err != nil {
				t.Error(err)
			}
			back := reflect.New(typ)
			if err := json.Unmarshal(data, back.Interface()); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(full.Interface(), back.Interface()) {
				t.Errorf("%+v\nreads back as\n%+v", full.Elem(), back.Elem())
			}
		})
	}
}

func TestSchemasAndGoTypesHaveTheSameFields(t *testing.T) {
	t.Parallel()
	b, constants := readBook(t), readConstants(t)
	for name, typ := range messages {
		for _, fault := range b.faults(name, b[name], typ, constants) {
			t.Error(fault)
		}
	}
}

// The test above is worth what it catches: every property of every schema is spoilt in several ways, one at a time, and
// each must be found.
func TestASchemaThatDoesNotFitIsFound(t *testing.T) {
	t.Parallel()
	constants := readConstants(t)
	for name, typ := range messages {
		for m := range mutations(readBook(t), name) {
			b := readBook(t)
			mutate(b, m)
			if len(b.faults(name, b[name], typ, constants)) == 0 {
				t.Errorf("%s: not found: %s", name, m)
			}
		}
	}
}

// mutation spoils one property of one object within one document.
type mutation struct{ doc, def, property, kind string }

func (m mutation) String() string {
	return fmt.Sprintf("%s of %s in %s#%s", m.kind, m.property, m.doc, m.def)
}

// mutations lists all that can be spoilt in what the message reaches.
func mutations(b book, message string) map[mutation]bool {
	all, seen := map[mutation]bool{}, map[*node]bool{}
	var visit func(*node)
	visit = func(n *node) {
		if n == nil {
			return
		}
		n = b.follow(n)
		if seen[n] {
			return
		}
		seen[n] = true
		def := ""
		for name, d := range b[n.doc].Defs {
			if d == n {
				def = name
			}
		}
		for name, p := range n.Properties {
			kinds := []string{"removal", "renaming", "another type", "another requirement"}
			if len(b.follow(p).Enum) > 0 && p.Ref != "" {
				kinds = append(kinds, "another enum")
			}
			for _, k := range kinds {
				all[mutation{n.doc, def, name, k}] = true
			}
			visit(p)
		}
		visit(n.Items)
		visit(n.AdditionalProperties)
	}
	visit(b[message])
	return all
}

func mutate(b book, m mutation) {
	n := b[m.doc]
	if m.def != "" {
		n = n.Defs[m.def]
	}
	p := n.Properties[m.property]
	switch m.kind {
	case "removal":
		delete(n.Properties, m.property)
	case "renaming":
		delete(n.Properties, m.property)
		n.Properties[m.property+"_new"] = p
	case "another type":
		n.Properties[m.property] = &node{Type: "null", doc: n.doc}
	case "another requirement":
		if i := slices.Index(n.Required, m.property); i >= 0 {
			n.Required = slices.Delete(n.Required, i, i+1)
		} else {
			n.Required = append(n.Required, m.property)
		}
	case "another enum":
		b.follow(p).Enum = append(b.follow(p).Enum, "another")
	}
}

// fill sets every field to a value that the schema allows and that is not zero.
func (b book) fill(v reflect.Value, n *node) {
	n = b.follow(n)
	switch {
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		b.fill(v.Elem(), n)
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Date(2025, 6, 2, 8, 15, 0, 250e6, time.UTC)))
	case v.Type() == reflect.TypeFor[[]byte]():
		v.SetBytes([]byte("bytes\x00\xff"))
	case v.Kind() == reflect.String:
		v.SetString(slices.Concat(n.Enum, n.Examples, []string{"text"})[0])
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.CanInt():
		v.SetInt(max(*n.Minimum, 1))
	case v.CanUint():
		v.SetUint(uint64(max(*n.Minimum, 1)))
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		b.fill(v.Index(0), n.Items)
	case v.Kind() == reflect.Map:
		value := reflect.New(v.Type().Elem()).Elem()
		b.fill(value, n.AdditionalProperties)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("key"), value)
	case v.Kind() == reflect.Struct:
		for f, field := range v.Fields() {
			if p := n.Properties[jsonName(f)]; p != nil { // one that the schema lacks is another test's finding
				b.fill(field, p)
			}
		}
	}
}

func jsonName(f reflect.StructField) string {
	name := f.Tag.Get("json")
	for i, r := range name {
		if r == ',' {
			return name[:i]
		}
	}
	return name
}

// through decodes strictly into the type and encodes again.
func through(data []byte, typ reflect.Type) ([]byte, error) {
	value := reflect.New(typ)
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(value.Interface()); err != nil {
		return nil, err
	}
	return json.Marshal(value.Interface())
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	for data, to := range map[*[]byte]*any{&a: &x, &b: &y} {
		decoder := json.NewDecoder(bytes.NewReader(*data))
		decoder.UseNumber()
		if err := decoder.Decode(to); err != nil {
			t.Fatal(err)
		}
	}
	return reflect.DeepEqual(x, y)
}

func validator(t *testing.T) *validate.Validator {
	t.Helper()
	v, err := validate.New()
	if err != nil {
		t.Fatal(err)
	}
	return v
}
