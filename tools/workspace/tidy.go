package workspace

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// tidyRounds bounds how often Tidy repeats itself: a version that one module raises may raise another's.
const tidyRounds = 5

// Tidy makes the go.mod of every module agree with what its packages import, with its siblings and with the other
// modules, and runs `go mod tidy` in each, siblings first. It writes files below dir and needs the module proxy.
func Tidy(ctx context.Context, dir string, run Runner) error {
	for range tidyRounds {
		before, err := manifest(dir)
		if err != nil {
			return err
		}
		if err := tidyOnce(ctx, dir, run); err != nil {
			return err
		}
		after, err := manifest(dir)
		if err != nil {
			return err
		}
		if before == after {
			return nil
		}
	}
	return fmt.Errorf("the modules still change each other after %d rounds of go mod tidy", tidyRounds)
}

func tidyOnce(ctx context.Context, dir string, run Runner) error {
	root := os.DirFS(dir)
	w, err := Load(root)
	if err != nil {
		return err
	}
	imports := map[string][]Module{}
	for _, m := range w.Modules {
		if imports[m.Folder], err = w.importedSiblings(root, m); err != nil {
			return err
		}
	}
	newest := w.newest()
	for _, m := range layered(w.Modules, imports) {
		if err := w.write(dir, m, closure(m, imports), newest); err != nil {
			return err
		}
		if err := run(ctx, Command{Folder: m.Folder, Args: []string{"go", "mod", "tidy"}}); err != nil {
			return fmt.Errorf("tidying %s: %w", m.Folder, err)
		}
	}
	return nil
}

// write gives the go.mod its go line, its siblings and the newest versions of what it requires.
func (w *Workspace) write(dir string, m Module, siblings []Module, newest map[string]string) error {
	mod := m.Mod
	if err := mod.AddGoStmt(w.Go); err != nil {
		return fmt.Errorf("module %s: %w", m.Folder, err)
	}
	for _, r := range slices.Clone(mod.Replace) {
		if err := mod.DropReplace(r.Old.Path, r.Old.Version); err != nil {
			return fmt.Errorf("module %s: %w", m.Folder, err)
		}
	}
	for _, r := range slices.Clone(mod.Require) {
		var err error
		if s, ok := w.byPath(r.Mod.Path); !ok {
			err = mod.AddRequire(r.Mod.Path, newest[r.Mod.Path])
		} else if !slices.ContainsFunc(siblings, func(m Module) bool { return m.Path == s.Path }) {
			err = mod.DropRequire(r.Mod.Path)
		}
		if err != nil {
			return fmt.Errorf("module %s: %w", m.Folder, err)
		}
	}
	for _, s := range siblings {
		if err := mod.AddRequire(s.Path, SiblingVersion); err != nil {
			return fmt.Errorf("module %s: %w", m.Folder, err)
		}
		if err := mod.AddReplace(s.Path, "", relative(m.Folder, s.Folder), ""); err != nil {
			return fmt.Errorf("module %s: %w", m.Folder, err)
		}
	}
	mod.Cleanup()
	data, err := mod.Format()
	if err != nil {
		return fmt.Errorf("module %s: %w", m.Folder, err)
	}
	if err := os.WriteFile(filepath.Join(dir, m.Folder, "go.mod"), data, 0o644); err != nil {
		return fmt.Errorf("module %s: %w", m.Folder, err)
	}
	return nil
}

// importedSiblings lists the modules whose packages m imports, tests included.
func (w *Workspace) importedSiblings(root fs.FS, m Module) ([]Module, error) {
	files, err := ReadFiles(root, m)
	if err != nil {
		return nil, err
	}
	var found []Module
	for _, s := range w.Modules {
		if s.Path != m.Path && slices.ContainsFunc(files, func(f File) bool { return f.importsFrom(s.Path) }) {
			found = append(found, s)
		}
	}
	return found, nil
}

// closure returns the siblings that m reaches through imports of modules.
func closure(m Module, imports map[string][]Module) []Module {
	var found []Module
	var visit func(Module)
	visit = func(m Module) {
		for _, s := range imports[m.Folder] {
			if !slices.ContainsFunc(found, func(f Module) bool { return f.Path == s.Path }) {
				found = append(found, s)
				visit(s)
			}
		}
	}
	visit(m)
	slices.SortFunc(found, func(a, b Module) int { return strings.Compare(a.Path, b.Path) })
	return found
}

// layered orders modules so that each comes after those it imports.
func layered(modules []Module, imports map[string][]Module) []Module {
	ordered := slices.Clone(modules)
	slices.SortStableFunc(ordered, func(a, b Module) int { return len(closure(a, imports)) - len(closure(b, imports)) })
	return ordered
}

// manifest is the text of all go.mod files, to see whether anything changed.
func manifest(dir string) (string, error) {
	w, err := Load(os.DirFS(dir))
	if err != nil {
		return "", err
	}
	var all strings.Builder
	for _, m := range w.Modules {
		data, err := m.Mod.Format()
		if err != nil {
			return "", fmt.Errorf("module %s: %w", m.Folder, err)
		}
		all.Write(data)
	}
	return all.String(), nil
}
