package inventory_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/inventory"
)

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"devices:\n" + good, "devices:\n- id: a\n  platform: frr\n", "{}", `{"devices":[{"id":"a"},7]}`, "devices: [a, {b: [}]\n",
		"defaults:\n  tags: [a]\ndevices:\n  - id: 'x\n    y'\n---\n", "a: &b c\ndevices: *b\n", "devices:\n  - |\n   - a\n  - >\n", "\ufeffdevices:\r\n- {}\r\n",
		`{"devices":[],"devices":[1]}`, "devices:\n  - id: a\n defaults: x\n", "? a\n: b\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		devices, err := inventory.Parse(data)
		if err != nil {
			var faults *inventory.Faults
			if !errors.As(err, &faults) || len(faults.List) == 0 || devices != nil {
				t.Fatalf("%v with %d devices", err, len(devices))
			}
			for _, fault := range faults.List {
				if fault.Message == "" || fault.Line < 0 {
					t.Fatalf("fault %+v", fault)
				}
			}
			return
		}
		seen := map[string]bool{}
		for i := range devices {
			d := &devices[i]
			if d.ID == "" || d.Name == "" || d.Address == "" || d.Credential == "" || d.Port < 1 || d.Port > 65535 || d.Site == "" || seen[d.ID] || !slices.IsSorted(d.Tags) {
				t.Fatalf("device %+v", d)
			}
			seen[d.ID] = true
			if token, err := contract.UnescapeToken(contract.EscapeToken(d.ID)); err != nil || token != d.ID {
				t.Fatalf("id %q as a token: %v", d.ID, err)
			}
		}
	})
}

func FuzzCompile(f *testing.F) {
	for _, seed := range []string{"role=core", "a in (b, 'c d'), !e or not (f && g)", "x not in (y)", "((a", "a==\"", "!a=b||c", "in", "\x80"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		e, err := inventory.Compile(source)
		if err == nil {
			e.Match(&router)
			e.Match(&contract.Device{})
			return
		}
		var at *inventory.ExpressionError
		if !errors.As(err, &at) || at.Column < 1 || at.Column > len(source)+1 || at.Message == "" {
			t.Fatalf("%q: %+v", source, at)
		}
		// Whatever is wrong with it, looking for what it may have meant must not fail.
		fleet().Resolve(contract.TargetSelector{Labels: source})
	})
}

func TestExamplesAreInventories(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../examples/inventories/*.*")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d examples, %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		devices, err := inventory.Parse(data)
		if err != nil || len(devices) < 2 {
			t.Errorf("%s: %d devices, %v", file, len(devices), err)
		}
	}
}
