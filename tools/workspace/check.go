package workspace

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/semver"
)

// Fault is one line of one go.mod that does not agree with the rest.
type Fault struct {
	File string
	What string
}

// String names the file, what is wrong, and what mends it.
func (f Fault) String() string { return f.File + ": " + f.What }

// Check reports where the modules do not agree. `make tidy` mends all of it but a module that go.work does not use.
func (w *Workspace) Check(root fs.FS) ([]Fault, error) {
	var faults []Fault
	newest := w.newest()
	for _, m := range w.Modules {
		add := func(format string, args ...any) {
			faults = append(faults, Fault{File: path.Join(m.Folder, "go.mod"), What: fmt.Sprintf(format, args...)})
		}
		switch {
		case m.Mod.Go == nil:
			add("no go line; go.work says %s", w.Go)
		case m.Mod.Go.Version != w.Go:
			add("go %s, but go.work says %s", m.Mod.Go.Version, w.Go)
		}
		for _, r := range m.Mod.Require {
			_, sibling := w.byPath(r.Mod.Path)
			switch {
			case sibling && r.Mod.Version != SiblingVersion:
				add("sibling %s at %s; siblings are required at %s", r.Mod.Path, r.Mod.Version, SiblingVersion)
			case !sibling && r.Mod.Version != newest[r.Mod.Path]:
				add("%s at %s, but another module has %s", r.Mod.Path, r.Mod.Version, newest[r.Mod.Path])
			}
		}
		w.checkReplaces(m, add)
	}
	strays, err := w.strays(root)
	return append(faults, strays...), err
}

func (w *Workspace) checkReplaces(m Module, add func(string, ...any)) {
	replaced := map[string]string{}
	for _, r := range m.Mod.Replace {
		if _, ok := w.byPath(r.Old.Path); !ok {
			add("replaces %s; only siblings are replaced", r.Old.Path)
			continue
		}
		replaced[r.Old.Path] = r.New.Path
	}
	for _, s := range w.siblingsOf(m) {
		want := relative(m.Folder, s.Folder)
		switch got, ok := replaced[s.Path]; {
		case !ok:
			add("no line `replace %s => %s`", s.Path, want)
		case got != want:
			add("replaces %s by %s instead of %s", s.Path, got, want)
		}
	}
}

// newest returns the highest version that any module requires of each third-party module.
func (w *Workspace) newest() map[string]string {
	newest := map[string]string{}
	for _, m := range w.Modules {
		for _, r := range m.Mod.Require {
			if semver.Compare(r.Mod.Version, newest[r.Mod.Path]) > 0 {
				newest[r.Mod.Path] = r.Mod.Version
			}
		}
	}
	return newest
}

// strays finds folders with a go.mod that go.work does not use.
func (w *Workspace) strays(root fs.FS) ([]Fault, error) {
	var faults []Fault
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		if entry.IsDir() && name != "." && (base == "testdata" || base == "node_modules" || strings.HasPrefix(base, ".")) {
			return fs.SkipDir
		}
		if base != "go.mod" || slices.ContainsFunc(w.Modules, func(m Module) bool { return m.Folder == path.Dir(name) }) {
			return nil
		}
		faults = append(faults, Fault{File: name, What: "go.work does not use this module"})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking for modules: %w", err)
	}
	return faults, nil
}
