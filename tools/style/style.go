// Package style checks the rules of CONTRIBUTING.md that a program can decide and that vet and staticcheck do not: files
// of one subject, comments on packages and exported names, tests that neither sleep nor skip, subjects built in
// libs/contract alone, and no work left undone in the text.
//
// Generated files (`_gen.go`, or marked as such) are exempt.
package style

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/netrust/netrust/tools/workspace"
)

// maxLines is the length past which a file has surely taken in a second subject.
const maxLines = 500

// Fault is one place that breaks a rule.
type Fault struct {
	File string
	Line int
	What string
}

// String names file and line, as compilers do.
func (f Fault) String() string { return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.What) }

// Check reads every Go file of the module and returns all faults, by file and line.
func Check(root fs.FS, m workspace.Module) ([]Fault, error) {
	files, err := workspace.ReadFiles(root, m)
	if err != nil {
		return nil, err
	}
	var faults []Fault
	packages := map[string]*commented{}
	for _, f := range files {
		found, err := checkFile(root, f, packages)
		if err != nil {
			return nil, err
		}
		faults = append(faults, found...)
	}
	for _, p := range packages {
		if !p.yes {
			faults = append(faults, Fault{p.first, 1, "no file of the package has a package comment: what is it for, what does it promise?"})
		}
	}
	slices.SortStableFunc(faults, func(a, b Fault) int {
		if n := strings.Compare(a.File, b.File); n != 0 {
			return n
		}
		return a.Line - b.Line
	})
	return faults, nil
}

// commented says whether any file of a package has a package comment.
type commented struct {
	first string
	yes   bool
}

func checkFile(root fs.FS, f workspace.File, packages map[string]*commented) ([]Fault, error) {
	data, err := fs.ReadFile(root, f.Name)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", f.Name, err)
	}
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, f.Name, data, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("parsing: %w", err)
	}
	if ast.IsGenerated(parsed) || strings.HasSuffix(f.Name, "_gen.go") {
		return nil, nil
	}
	c := &checker{file: f, set: set, fakeTime: slices.ContainsFunc(f.Imports, func(i workspace.Import) bool { return i.Path == "testing/synctest" })}
	if lines := strings.Count(string(data), "\n"); lines > maxLines {
		c.add(parsed.Pos(), fmt.Sprintf("%d lines; has a second subject moved in?", lines))
	}
	c.undone(parsed)
	ast.Inspect(parsed, c.visit)
	if !f.Test {
		p := packages[f.Folder]
		if p == nil {
			p = &commented{first: f.Name}
			packages[f.Folder] = p
		}
		p.yes = p.yes || parsed.Doc != nil
		if parsed.Name.Name != "main" {
			c.undocumented(parsed)
		}
	}
	return c.found, nil
}

type checker struct {
	file workspace.File
	set  *token.FileSet
	// fakeTime says that the file runs in bubbles of testing/synctest, where sleeping takes no time.
	fakeTime bool
	found    []Fault
}

func (c *checker) add(at token.Pos, what string) {
	c.found = append(c.found, Fault{c.file.Name, c.set.Position(at).Line, what})
}

var undone = regexp.MustCompile(`\b(TODO|FIXME|XXX|[Nn]ot implemented|[Uu]nimplemented)\b`)

func (c *checker) undone(f *ast.File) {
	for _, group := range f.Comments {
		for _, comment := range group.List {
			if word := undone.FindString(comment.Text); word != "" {
				c.add(comment.Pos(), "the comment says "+word+": do it, or open an issue")
			}
		}
	}
}

// byHand is a format string that makes a subject of ours.
var byHand = regexp.MustCompile(`^"((tasks|task|gate|executor|dlq|job|\$KV)\.[^ ]*%|dev\.%[a-z]\.%)`)

// visit looks at calls: sleeping and skipping in tests, and subjects put together outside libs/contract.
func (c *checker) visit(n ast.Node) bool {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return true
	}
	fn, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return true
	}
	on, _ := fn.X.(*ast.Ident)
	switch name := fn.Sel.Name; {
	case c.file.Test && !c.fakeTime && name == "Sleep" && on != nil && on.Name == "time":
		c.add(call.Pos(), "a test that sleeps; wait for a condition with a deadline")
	case c.file.Test && on != nil && slices.Contains([]string{"t", "b", "tb", "f"}, on.Name) && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, name):
		c.add(call.Pos(), "a test that can skip; let it fail and say how to install what is missing")
	case name == "Sprintf" && len(call.Args) > 0 && !strings.HasPrefix(c.file.Folder, "libs/contract"):
		if format, ok := call.Args[0].(*ast.BasicLit); ok && byHand.MatchString(format.Value) {
			c.add(call.Pos(), "a subject or key put together by hand; libs/contract has the functions")
		}
	}
	return true
}

// undocumented finds exported names without a comment, in internal packages too: colleagues read those.
func (c *checker) undocumented(f *ast.File) {
	missing := func(at token.Pos, name string) { c.add(at, name+" is exported and has no comment") }
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
				missing(d.Pos(), d.Name.Name)
			}
		case *ast.GenDecl:
			if d.Tok == token.IMPORT || d.Doc != nil && (d.Tok != token.TYPE || !d.Lparen.IsValid()) {
				continue
			}
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					if s.Name.IsExported() && s.Doc == nil && s.Comment == nil {
						missing(s.Pos(), s.Name.Name)
					}
				case *ast.ValueSpec:
					if s.Names[0].IsExported() && s.Doc == nil && s.Comment == nil {
						missing(s.Pos(), s.Names[0].Name)
					}
				}
			}
		}
	}
}

// exportedReceiver reports whether d is a function, or a method that can be called from elsewhere by its type's name.
// Methods that only satisfy a well-known interface need no words.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if index, ok := typ.(*ast.IndexExpr); ok {
		typ = index.X
	}
	id, ok := typ.(*ast.Ident)
	return ok && id.IsExported() && !slices.Contains(wellKnown, d.Name.Name)
}

// wellKnown are methods whose meaning the standard library gives.
var wellKnown = []string{"Error", "String", "Unwrap", "Is", "As", "Len", "Less", "Swap", "MarshalJSON", "UnmarshalJSON", "MarshalText", "UnmarshalText",
	"MarshalYAML", "UnmarshalYAML", "Read", "Write", "Close", "ServeHTTP", "Format", "GoString", "MarshalZerologObject", "Scan", "Value"}
