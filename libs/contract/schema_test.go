package contract_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/schemas"
)

// messages gives each message of package schemas its Go type.
var messages = map[string]reflect.Type{
	"job_submit.v1":     reflect.TypeFor[contract.JobSubmit](),
	"job_cancel.v1":     reflect.TypeFor[contract.JobCancel](),
	"job_event.v1":      reflect.TypeFor[contract.JobEvent](),
	"task.v1":           reflect.TypeFor[contract.Task](),
	"task_record.v1":    reflect.TypeFor[contract.TaskRecord](),
	"device_lease.v1":   reflect.TypeFor[contract.DeviceLease](),
	"device_release.v1": reflect.TypeFor[contract.DeviceRelease](),
	"session_ask.v1":    reflect.TypeFor[contract.SessionAsk](),
	"session_answer.v1": reflect.TypeFor[contract.SessionAnswer](),
	"gate.v1":           reflect.TypeFor[contract.Gate](),
	"executor.v1":       reflect.TypeFor[contract.Executor](),
	"device.v1":         reflect.TypeFor[contract.Device](),
	"host_keys.v1":      reflect.TypeFor[contract.HostKeys](),
	"token.v1":          reflect.TypeFor[contract.Token](),
	"job_summary.v1":    reflect.TypeFor[contract.JobSummary](),
	"manifest.v1":       reflect.TypeFor[contract.Manifest](),
	"not_reached.v1":    reflect.TypeFor[contract.NotReached](),
	"outputs.v1":        reflect.TypeFor[[]contract.CommandOutput](),
	"dead_letter.v1":    reflect.TypeFor[contract.DeadLetter](),
	"leader.v1":         reflect.TypeFor[contract.Leader](),
	"letter_command.v1": reflect.TypeFor[contract.LetterCommand](),
	"letter_event.v1":   reflect.TypeFor[contract.LetterEvent](),
	"live_output.v1":    reflect.TypeFor[contract.LiveOutput](),
	"follow.v1":         reflect.TypeFor[contract.Follow](),
	"login_proof.v1":    reflect.TypeFor[contract.LoginProof](),
	"audit_event.v1":    reflect.TypeFor[contract.AuditEvent](),
	"audit_record.v1":   reflect.TypeFor[contract.AuditRecord](),
}

// node is what the tests read of a JSON Schema.
type node struct {
	Ref                  string           `json:"$ref"`
	Type                 string           `json:"type"`
	Format               string           `json:"format"`
	ContentEncoding      string           `json:"contentEncoding"`
	Enum                 []string         `json:"enum"`
	Examples             []string         `json:"examples"`
	Minimum              *int64           `json:"minimum"`
	Properties           map[string]*node `json:"properties"`
	Required             []string         `json:"required"`
	Items                *node            `json:"items"`
	AdditionalProperties *node            `json:"additionalProperties"`
	Defs                 map[string]*node `json:"$defs"`
	doc                  string           // the document it stands in
}

// book holds all schemas, so that references can be followed.
type book map[string]*node

func readBook(t testing.TB) book {
	t.Helper()
	b := book{}
	for _, name := range append(schemas.Messages(), schemas.Definitions) {
		data, err := schemas.Schema(name)
		if err != nil {
			t.Fatal(err)
		}
		n := new(node)
		if err := json.Unmarshal(data, n); err != nil {
			t.Fatalf("schema %s: %v", name, err)
		}
		n.settle(name)
		b[name] = n
	}
	return b
}

// settle notes on every node which document it stands in.
func (n *node) settle(doc string) {
	if n == nil {
		return
	}
	n.doc = doc
	n.Items.settle(doc)
	n.AdditionalProperties.settle(doc)
	for _, list := range []map[string]*node{n.Properties, n.Defs} {
		for _, p := range list {
			p.settle(doc)
		}
	}
}

// follow returns the node that n refers to, or n.
func (b book) follow(n *node) *node {
	for n.Ref != "" {
		file, def, _ := strings.Cut(n.Ref, "#/$defs/")
		doc := n.doc
		if file != "" {
			doc = strings.TrimSuffix(file, ".json")
		}
		target := b[doc]
		if target != nil && def != "" {
			target = target.Defs[def]
		}
		if target == nil {
			panic("no schema " + n.Ref)
		}
		n = target
	}
	return n
}

// faults says where a schema and a Go type do not fit: properties without a field and fields without a property, types
// that JSON does not encode alike, required that is not the opposite of omitempty and omitzero, enums that are not the
// constants of their type.
func (b book) faults(at string, n *node, t reflect.Type, constants map[string][]string) []string {
	n = b.follow(n)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	want, inside := jsonType(t), []string(nil)
	if n.Type != want {
		return []string{fmt.Sprintf("%s: the schema says %q, Go's %s is a JSON %s", at, n.Type, t, want)}
	}
	switch {
	case t == reflect.TypeFor[time.Time]():
		if n.Format != "date-time" {
			inside = append(inside, at+": a time without format date-time")
		}
	case t == reflect.TypeFor[[]byte]():
		if n.ContentEncoding != "base64" {
			inside = append(inside, at+": bytes without contentEncoding base64")
		}
	case t.Kind() == reflect.String && t.PkgPath() != "":
		if got, want := slices.Sorted(slices.Values(n.Enum)), slices.Sorted(slices.Values(constants[t.Name()])); !slices.Equal(got, want) {
			inside = append(inside, fmt.Sprintf("%s: the enum is %v, the constants of %s are %v", at, got, t, want))
		}
	case t.Kind() >= reflect.Uint && t.Kind() <= reflect.Uint64:
		if n.Minimum == nil || *n.Minimum < 0 {
			inside = append(inside, at+": an unsigned number without minimum 0")
		}
	case t.Kind() == reflect.Slice:
		return b.faults(at+"[]", n.Items, t.Elem(), constants)
	case t.Kind() == reflect.Map:
		return b.faults(at+"{}", n.AdditionalProperties, t.Elem(), constants)
	case t.Kind() == reflect.Struct:
		inside = b.structFaults(at, n, t, constants)
	}
	return inside
}

func (b book) structFaults(at string, n *node, t reflect.Type, constants map[string][]string) []string {
	var found []string
	left := maps.Clone(n.Properties)
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue // not on the wire
		}
		p, ok := left[name]
		if !ok {
			found = append(found, fmt.Sprintf("%s: the schema has no property %q for Go's %s", at, name, f.Name))
			continue
		}
		delete(left, name)
		optional := strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
		if required := slices.Contains(n.Required, name); required == optional {
			found = append(found, fmt.Sprintf("%s.%s: required is %v, Go's options are %q", at, name, required, options))
		}
		found = append(found, b.faults(at+"."+name, p, f.Type, constants)...)
	}
	for name := range left {
		found = append(found, fmt.Sprintf("%s: Go's %s has no field for property %q", at, t, name))
	}
	return found
}

// jsonType is what encoding/json makes of a Go type.
func jsonType(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Time](), t == reflect.TypeFor[[]byte](), t.Kind() == reflect.String:
		return "string"
	case t.Kind() == reflect.Bool:
		return "boolean"
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Uint64:
		return "integer"
	case t.Kind() == reflect.Slice:
		return "array"
	}
	return "object" // structs and maps
}
