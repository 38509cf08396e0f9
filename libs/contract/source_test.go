package contract_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"testing"
)

// source parses the package's own files, for what reflection does not show: constants and functions.
func source(t testing.TB) []*ast.File {
	t.Helper()
	names, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// readConstants returns the string constants of the package by the name of their type, and untyped ones under "".
func readConstants(t testing.TB) map[string][]string {
	t.Helper()
	constants := map[string][]string{}
	eachConstant(t, func(_, typ, value string) { constants[typ] = append(constants[typ], value) })
	return constants
}

// namedConstants returns the string constants whose name has the prefix, by name.
func namedConstants(t testing.TB, prefix string) map[string]string {
	t.Helper()
	constants := map[string]string{}
	eachConstant(t, func(name, _, value string) {
		if strings.HasPrefix(name, prefix) {
			constants[name] = value
		}
	})
	return constants
}

func eachConstant(t testing.TB, do func(name, typ, value string)) {
	t.Helper()
	for _, f := range source(t) {
		for _, d := range f.Decls {
			group, ok := d.(*ast.GenDecl)
			if !ok || group.Tok != token.CONST {
				continue
			}
			for _, s := range group.Specs {
				constant := s.(*ast.ValueSpec)
				typ := ""
				if id, ok := constant.Type.(*ast.Ident); ok {
					typ = id.Name
				}
				for i, v := range constant.Values {
					if lit, ok := v.(*ast.BasicLit); ok && lit.Kind == token.STRING {
						value, err := strconv.Unquote(lit.Value)
						if err != nil {
							t.Fatal(err)
						}
						do(constant.Names[i].Name, typ, value)
					}
				}
			}
		}
	}
}

// builders returns the exported functions and methods that build a subject or a key: those whose name ends so and that
// return one string.
func builders(t testing.TB) []string {
	t.Helper()
	var names []string
	for _, f := range source(t) {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || !fn.Name.IsExported() || fn.Type.Results == nil || len(fn.Type.Results.List) != 1 {
				continue
			}
			result, ok := fn.Type.Results.List[0].Type.(*ast.Ident)
			if !ok || result.Name != "string" {
				continue
			}
			name := fn.Name.Name
			if fn.Recv != nil {
				if id, ok := fn.Recv.List[0].Type.(*ast.Ident); ok {
					name = id.Name + "." + name
				}
			}
			if strings.HasSuffix(name, "Subject") || strings.HasSuffix(name, "Key") {
				names = append(names, name)
			}
		}
	}
	return names
}
