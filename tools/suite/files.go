package suite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"go/format"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/netrust/netrust/tools/workspace"
)

// formatted reports the files that gofmt would change.
func formatted(root fs.FS, m workspace.Module) error {
	files, err := workspace.ReadFiles(root, m)
	if err != nil {
		return err
	}
	var wrong []string
	for _, f := range files {
		data, err := fs.ReadFile(root, f.Name)
		if err != nil {
			return err
		}
		if want, err := format.Source(data); err != nil {
			return fmt.Errorf("formatting %s: %w", f.Name, err)
		} else if !bytes.Equal(data, want) {
			wrong = append(wrong, f.Name)
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("not formatted (`make fmt` mends it): %s", strings.Join(wrong, ", "))
	}
	return nil
}

// generated runs the generators of the modules and reports the generated files that it changed. They stay changed, ready to commit.
func (p Plan) generated(ctx context.Context) error {
	before, err := generatedFiles(os.DirFS(p.Dir))
	if err != nil {
		return err
	}
	for _, m := range p.Modules {
		if err := p.Exec(ctx, workspace.Command{Folder: m.Folder, Args: []string{"go", "generate", "./..."}, Limit: stepLimit}); err != nil {
			return fmt.Errorf("generating %s: %w", m.Folder, err)
		}
	}
	after, err := generatedFiles(os.DirFS(p.Dir))
	if err != nil {
		return err
	}
	var stale []string
	for name, sum := range after {
		if before[name] != sum {
			stale = append(stale, name)
		}
	}
	if len(stale) > 0 {
		return fmt.Errorf("these were out of date and are now written anew; commit them: %s", strings.Join(stale, ", "))
	}
	return nil
}

// generatedFiles returns the digests of all files that say in their first lines that a program wrote them.
func generatedFiles(root fs.FS) (map[string][sha256.Size]byte, error) {
	sums := map[string][sha256.Size]byte{}
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if base := path.Base(name); name != "." && (strings.HasPrefix(base, ".") || base == "bin" || base == "node_modules" || base == "testdata") {
				return fs.SkipDir
			}
			return nil
		}
		switch path.Ext(name) {
		case ".go", ".md", ".yaml", ".json":
		default:
			return nil
		}
		data, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		if head := data[:min(len(data), 400)]; bytes.Contains(head, []byte("DO NOT EDIT")) {
			sums[name] = sha256.Sum256(data)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking for generated files: %w", err)
	}
	return sums, nil
}
