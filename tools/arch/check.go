package arch

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/netrust/netrust/tools/workspace"
)

// Violation is one import, or one folder, that breaks a rule.
type Violation struct {
	File string
	Line int // 0 when the folder itself is the fault
	// Import is the offending import path; empty when the folder itself is the fault.
	Import string
	Rule   string
}

// String names file and line, the offending import, and the rule, as compilers do.
func (v Violation) String() string {
	where := v.File
	if v.Line > 0 {
		where = fmt.Sprintf("%s:%d", v.File, v.Line)
	}
	if v.Import == "" {
		return where + ": " + v.Rule
	}
	return fmt.Sprintf("%s: imports %q: %s", where, v.Import, v.Rule)
}

// Check reads the workspace at root and returns every violation, ordered by file and line. The error says that the tree
// could not be read; it is no verdict.
func Check(root fs.FS) ([]Violation, error) {
	w, err := workspace.Load(root)
	if err != nil {
		return nil, err
	}
	c := checker{modules: w.Modules, folders: map[string]bool{}}
	for _, m := range w.Modules {
		l, ok := layerOf(m.Folder)
		if !ok {
			c.add(Violation{File: path.Join(m.Folder, "go.mod"), Rule: "this module has no line in tools/arch/rules.go: say who it may import"})
			continue
		}
		files, err := workspace.ReadFiles(root, m)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			c.folder(m, f)
			for _, i := range f.Imports {
				c.imported(m, l, f, i)
			}
		}
	}
	slices.SortStableFunc(c.found, func(a, b Violation) int {
		if n := strings.Compare(a.File, b.File); n != 0 {
			return n
		}
		return a.Line - b.Line
	})
	return c.found, nil
}

type checker struct {
	modules []workspace.Module
	folders map[string]bool // seen
	found   []Violation
}

func (c *checker) add(v Violation) { c.found = append(c.found, v) }

// folder checks where a package lies and what it is called, once per folder.
func (c *checker) folder(m workspace.Module, f workspace.File) {
	if c.folders[f.Folder] {
		return
	}
	c.folders[f.Folder] = true
	if slices.Contains(vagueNames, path.Base(f.Folder)) {
		c.add(Violation{File: f.Name, Rule: fmt.Sprintf("a package called %s can hold anything and soon does; name what it is about", path.Base(f.Folder))})
	}
	if !strings.HasPrefix(m.Folder, "services/") || f.Folder == m.Folder {
		return
	}
	below := strings.TrimPrefix(f.Folder, m.Folder+"/")
	if !covers("cmd", below) && !covers("internal", below) {
		c.add(Violation{File: f.Name, Rule: "a service has a root package, cmd/ and internal/; move this package into internal/"})
	}
}

// imported checks one import of a file against every table.
func (c *checker) imported(m workspace.Module, l layer, f workspace.File, i workspace.Import) {
	fault := func(why string) { c.add(Violation{File: f.Name, Line: i.Line, Import: i.Path, Rule: why}) }
	if target, folder, ok := c.sibling(i.Path); ok {
		c.siblingRules(m, l, f, target, folder, fault)
		return
	}
	for _, rule := range confinements {
		if !coversAny(rule.imports, i.Path) || coversAny(rule.folders, f.Folder) || f.Test && coversAny(rule.inTests, f.Folder) {
			continue
		}
		fault(rule.why)
	}
	for _, rule := range bans {
		if coversAny(rule.folders, f.Folder) && bannedBy(rule.imports, i.Path) && (!f.Test || rule.testsToo) {
			fault(rule.why)
		}
	}
}

func (c *checker) siblingRules(m workspace.Module, l layer, f workspace.File, target workspace.Module, folder string, fault func(string)) {
	if target.Path != m.Path {
		if !coversAny(l.allow, folder) && (!f.Test || !coversAny(l.inTests, folder)) {
			fault(l.why)
		}
		return
	}
	for _, rule := range inner {
		if covers(rule.folder, f.Folder) && !coversAny(rule.allow, folder) {
			fault(rule.why)
		}
	}
}

// sibling returns the module of the workspace that the import path belongs to, and the package's folder.
func (c *checker) sibling(importPath string) (workspace.Module, string, bool) {
	var best workspace.Module
	for _, m := range c.modules {
		if covers(m.Path, importPath) && len(m.Path) > len(best.Path) {
			best = m
		}
	}
	return best, best.Folder + strings.TrimPrefix(importPath, best.Path), best.Path != ""
}

func bannedBy(banned []string, importPath string) bool {
	for _, b := range banned {
		if importPath == b || strings.HasSuffix(b, "/") && strings.HasPrefix(importPath, b) {
			return true
		}
	}
	return false
}
