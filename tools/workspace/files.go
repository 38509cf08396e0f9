package workspace

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// File is one Go file with its imports.
type File struct {
	// Name and Folder (that of its package) are below the root.
	Name, Folder string
	// Test is set for files that only `go test` builds.
	Test    bool
	Imports []Import
}

// Import is one import of a file.
type Import struct {
	Path string
	Line int
}

// ReadFiles reads the imports of every Go file of the module, whatever its build tags, without those that the go command
// does not look at (testdata, vendor, hidden folders) and those of modules nested in it.
func ReadFiles(root fs.FS, m Module) ([]File, error) {
	var files []File
	err := fs.WalkDir(root, m.Folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name != m.Folder && skipped(root, name) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		f, err := readFile(root, name)
		if err != nil {
			return err
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading module %s: %w", m.Folder, err)
	}
	return files, nil
}

// skipped reports whether the go command would not look into the folder for packages of this module either.
func skipped(root fs.FS, folder string) bool {
	base := path.Base(folder)
	if base == "testdata" || base == "vendor" || base == "node_modules" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return true
	}
	_, err := fs.Stat(root, path.Join(folder, "go.mod"))
	return err == nil
}

func readFile(root fs.FS, name string) (File, error) {
	data, err := fs.ReadFile(root, name)
	if err != nil {
		return File{}, err
	}
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, name, data, parser.ImportsOnly)
	if err != nil {
		return File{}, err
	}
	f := File{Name: name, Folder: path.Dir(name), Test: strings.HasSuffix(name, "_test.go")}
	for _, spec := range parsed.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return File{}, fmt.Errorf("%s: import %s: %w", name, spec.Path.Value, err)
		}
		f.Imports = append(f.Imports, Import{Path: p, Line: set.Position(spec.Pos()).Line})
	}
	return f, nil
}

func (f File) importsFrom(module string) bool {
	return slices.ContainsFunc(f.Imports, func(i Import) bool { return i.Path == module || strings.HasPrefix(i.Path, module+"/") })
}
