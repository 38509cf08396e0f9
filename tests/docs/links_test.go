package docs_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// TestEveryLinkLeadsSomewhere checks links to files and folders of the project. Nothing outside is asked.
func TestEveryLinkLeadsSomewhere(t *testing.T) {
	t.Parallel()
	project := os.DirFS(root)
	checked := 0
	for _, d := range documents(t) {
		for _, l := range d.Links {
			target, _, _ := strings.Cut(l.Text, "#")
			if target == "" || strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			checked++
			file := path.Join(path.Dir(d.Path), filepath.ToSlash(target))
			if _, err := fs.Stat(project, file); err != nil {
				t.Errorf("%s:%d: %s leads nowhere: %v", d.Path, l.Line, l.Text, err)
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d links: are they still found?", checked)
	}
}
