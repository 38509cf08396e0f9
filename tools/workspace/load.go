package workspace

import (
	"fmt"
	"io/fs"
	"path"

	"golang.org/x/mod/modfile"
)

// SiblingVersion is the version at which modules of the workspace require each other.
const SiblingVersion = "v0.0.0"

// Module is one folder with a go.mod.
type Module struct {
	// Folder is where it lies, below the root, with slashes.
	Folder string
	// Path is its import path.
	Path string
	// Mod is its parsed go.mod.
	Mod *modfile.File
}

// Workspace is what go.work names, in its order.
type Workspace struct {
	Go      string // the go line of go.work
	Modules []Module
}

// Load reads go.work and every go.mod that it uses.
func Load(root fs.FS) (*Workspace, error) {
	data, err := fs.ReadFile(root, "go.work")
	if err != nil {
		return nil, fmt.Errorf("reading the workspace: %w", err)
	}
	work, err := modfile.ParseWork("go.work", data, nil)
	if err != nil {
		return nil, fmt.Errorf("parsing the workspace: %w", err)
	}
	w := &Workspace{}
	if work.Go != nil {
		w.Go = work.Go.Version
	}
	for _, use := range work.Use {
		m, err := loadModule(root, path.Clean(use.Path))
		if err != nil {
			return nil, err
		}
		w.Modules = append(w.Modules, m)
	}
	return w, nil
}

func loadModule(root fs.FS, folder string) (Module, error) {
	name := path.Join(folder, "go.mod")
	data, err := fs.ReadFile(root, name)
	if err != nil {
		return Module{}, fmt.Errorf("reading module %s: %w", folder, err)
	}
	mod, err := modfile.Parse(name, data, nil)
	if err != nil {
		return Module{}, fmt.Errorf("parsing module %s: %w", folder, err)
	}
	if mod.Module == nil {
		return Module{}, fmt.Errorf("reading module %s: its go.mod names no module", folder)
	}
	return Module{Folder: folder, Path: mod.Module.Mod.Path, Mod: mod}, nil
}

// ByFolder returns the module of a folder.
func (w *Workspace) ByFolder(folder string) (Module, bool) {
	for _, m := range w.Modules {
		if m.Folder == path.Clean(folder) {
			return m, true
		}
	}
	return Module{}, false
}

// byPath returns the module with the import path.
func (w *Workspace) byPath(importPath string) (Module, bool) {
	for _, m := range w.Modules {
		if m.Path == importPath {
			return m, true
		}
	}
	return Module{}, false
}

// siblingsOf returns the modules that m reaches by its require lines, directly or through siblings.
func (w *Workspace) siblingsOf(m Module) []Module {
	seen := map[string]bool{m.Path: true}
	var found []Module
	for queue := []Module{m}; len(queue) > 0; queue = queue[1:] {
		for _, r := range queue[0].Mod.Require {
			if s, ok := w.byPath(r.Mod.Path); ok && !seen[s.Path] {
				seen[s.Path] = true
				found = append(found, s)
				queue = append(queue, s)
			}
		}
	}
	return found
}

// relative is the path from one folder of the workspace to another, as a replace line writes it.
func relative(from, to string) string {
	up := ""
	for f := from; f != "."; f = path.Dir(f) {
		up += "../"
	}
	return up + to
}
