package arch_test

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"

	"github.com/netrust/netrust/tools/arch"
)

// Each file in testdata is a small workspace and, in its part "want", every violation that the check must report of it.
func TestEachRuleFindsWhatBreaksIt(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no fixtures in testdata (%v)", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			root, want := readTree(t, name)
			found, err := arch.Check(root)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, v := range found {
				got.WriteString(v.String() + "\n")
			}
			if got.String() != want {
				t.Errorf("violations:\n%s\nwant:\n%s", got.String(), want)
			}
		})
	}
}

func TestATreeThatCannotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	const mod = "module github.com/netrust/netrust/cli\n"
	for name, root := range map[string]fstest.MapFS{
		"no workspace":              {},
		"a workspace that is wrong": {"go.work": {Data: []byte("use (\n")}},
		"a module without go.mod":   {"go.work": {Data: []byte("go 1.26.0\n\nuse ./cli\n")}},
		"a go.mod without a name":   {"go.work": {Data: []byte("go 1.26.0\n\nuse ./cli\n")}, "cli/go.mod": {Data: []byte("go 1.26.0\n")}},
		"a file that is not Go": {"go.work": {Data: []byte("go 1.26.0\n\nuse ./cli\n")},
			"cli/go.mod": {Data: []byte(mod)}, "cli/cli.go": {Data: []byte("import first\n")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if found, err := arch.Check(root); err == nil {
				t.Errorf("no error; violations: %v", found)
			}
		})
	}
}

// readTree returns the workspace of a fixture and the violations that it wants.
func readTree(t *testing.T, name string) (fs.FS, string) {
	t.Helper()
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	root, err := txtar.FS(archive)
	if err != nil {
		t.Fatal(err)
	}
	want, err := fs.ReadFile(root, "want")
	if err != nil {
		t.Fatal(err)
	}
	return root, string(want)
}
