package document

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/netrust/netrust/libs/internal/nearest"
)

// Bind puts the document's values into the struct that to points to, by the names of its json tags, and adds every
// misfit to faults: unknown fields with what was probably meant, fields given twice, wrong kinds. What fits is put in
// place whatever else is wrong. With loose, text fields take numbers and booleans as they are written, which a YAML
// file may well mean (rack: 12).
func Bind(n *Node, path string, to any, loose bool, faults *Faults) {
	b := binder{loose: loose, faults: faults}
	b.value(n, path, reflect.ValueOf(to).Elem())
}

type binder struct {
	loose  bool
	faults *Faults
}

func (b *binder) fail(n *Node, path, message, remedy string) {
	b.faults.Add(At(n, path, message, remedy))
}

// wants reports a value of another kind.
func (b *binder) wants(n *Node, path, want string) {
	message := "must be " + want + ", not " + n.Kind.String()
	if n.Kind == Null {
		message = "has no value"
	}
	b.fail(n, path, message, "write "+want+", or remove the field")
}

func (b *binder) value(n *Node, path string, to reflect.Value) {
	switch to.Kind() {
	case reflect.Pointer: // a field that may be left out
		to.Set(reflect.New(to.Type().Elem()))
		b.value(n, path, to.Elem())
	case reflect.Struct:
		b.fields(n, path, to)
	case reflect.Map:
		b.texts(n, path, to)
	case reflect.Slice:
		b.items(n, path, to)
	case reflect.Bool:
		if n.Kind != Bool {
			b.wants(n, path, "true or false")
			return
		}
		to.SetBool(strings.EqualFold(n.Text, "true"))
	case reflect.Int, reflect.Int64:
		b.number(n, path, to)
	case reflect.String:
		if n.Kind == Text || b.loose && (n.Kind == Number || n.Kind == Bool) {
			to.SetString(n.Text)
			return
		}
		b.wants(n, path, "text")
	default:
		b.fail(n, path, "cannot be set from a document", "remove the field")
	}
}

func (b *binder) number(n *Node, path string, to reflect.Value) {
	if _, err := strconv.ParseInt(n.Text, 10, 64); n.Kind != Number && !errors.Is(err, strconv.ErrRange) {
		if d, err := time.ParseDuration(n.Text); n.Kind == Text && err == nil && strings.HasSuffix(path, "_ms") {
			b.fail(n, path, "must be a number of milliseconds, not "+strconv.Quote(n.Text), fmt.Sprintf("write %d", d.Milliseconds()))
			return
		}
		b.wants(n, path, "a number")
		return
	}
	v, err := strconv.ParseInt(n.Text, 10, to.Type().Bits())
	if err != nil {
		b.fail(n, path, "must be a whole number, and not too large", "write it in plain digits")
		return
	}
	to.SetInt(v)
}

func (b *binder) items(n *Node, path string, to reflect.Value) {
	if n.Kind != List {
		b.wants(n, path, "a list")
		return
	}
	items := reflect.MakeSlice(to.Type(), len(n.Items), len(n.Items))
	for i, item := range n.Items {
		b.value(item, fmt.Sprintf("%s[%d]", path, i), items.Index(i))
	}
	to.Set(items)
}

// texts fills a map of text to text.
func (b *binder) texts(n *Node, path string, to reflect.Value) {
	if n.Kind != Map {
		b.wants(n, path, "a map of fields")
		return
	}
	m := reflect.MakeMapWithSize(to.Type(), len(n.Fields))
	for i := range n.Fields {
		f := &n.Fields[i]
		key := reflect.ValueOf(f.Name)
		if m.MapIndex(key).IsValid() {
			b.twice(f, path)
			continue
		}
		v := reflect.New(to.Type().Elem()).Elem()
		b.value(f.Value, join(path, f.Name), v)
		m.SetMapIndex(key, v)
	}
	to.Set(m)
}

func (b *binder) fields(n *Node, path string, to reflect.Value) {
	if n.Kind != Map {
		b.wants(n, path, "a map of fields")
		return
	}
	names := fieldNames(to.Type())
	seen := make([]bool, len(names))
	for i := range n.Fields {
		f := &n.Fields[i]
		at := slices.Index(names, f.Name)
		switch {
		case b.faults.Full():
			return
		case at < 0:
			remedy := nearest.Question(nearest.To(f.Name, slices.Values(names), 1))
			if remedy == "" {
				remedy = "the fields are " + strings.Join(names, ", ")
			}
			b.fail(&Node{Line: f.Line, Column: f.Column}, join(path, f.Name), "is not a known field", remedy)
		case seen[at]:
			b.twice(f, path)
		default:
			seen[at] = true
			b.value(f.Value, join(path, f.Name), to.Field(at))
		}
	}
}

func (b *binder) twice(f *Field, path string) {
	b.fail(&Node{Line: f.Line, Column: f.Column}, join(path, f.Name), "is given twice", "remove one")
}

// fieldNames lists the names of a struct's fields, which all have a json tag.
func fieldNames(t reflect.Type) []string {
	names := make([]string, t.NumField())
	for i := range names {
		names[i], _, _ = strings.Cut(t.Field(i).Tag.Get("json"), ",")
	}
	return names
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
