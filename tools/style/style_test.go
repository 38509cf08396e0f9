package style_test

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/netrust/netrust/tools/style"
	"github.com/netrust/netrust/tools/workspace"
)

// Each file in testdata is a small workspace and, in its part "want", every fault that the check must report of it.
func TestEachRuleFindsWhatBreaksIt(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no fixtures in testdata (%v)", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			root, err := txtar.FS(archive)
			if err != nil {
				t.Fatal(err)
			}
			w, err := workspace.Load(root)
			if err != nil {
				t.Fatal(err)
			}
			found, err := style.Check(root, w.Modules[0])
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, f := range found {
				got.WriteString(f.String() + "\n")
			}
			want, err := fs.ReadFile(root, "want")
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != string(want) {
				t.Errorf("faults:\n%s\nwant:\n%s", got.String(), want)
			}
		})
	}
}
