package workspace_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/mod/modfile"

	"github.com/netrust/netrust/tools/workspace"
)

const (
	goWork = "go 1.26.0\n\nuse (\n\t./cli\n\t./libs\n\t./schemas\n\t./services/gateway\n)\n"
	prefix = "github.com/netrust/netrust/"
)

// tree is a workspace of four modules that agree: cli and gateway import libs, and libs imports schemas.
func tree() fstest.MapFS {
	mod := func(name, rest string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("module " + prefix + name + "\n\ngo 1.26.0\n" + rest)}
	}
	source := func(pkg, imports string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("package " + pkg + "\n" + imports)}
	}
	siblings := func(up string) string {
		return "\nrequire (\n\t" + prefix + "libs v0.0.0\n\t" + prefix + "schemas v0.0.0\n\texample.com/log v1.2.0\n)\n" +
			"\nreplace " + prefix + "libs => " + up + "libs\n\nreplace " + prefix + "schemas => " + up + "schemas\n"
	}
	return fstest.MapFS{
		"go.work":                    {Data: []byte(goWork)},
		"schemas/go.mod":             mod("schemas", ""),
		"schemas/s.go":               source("schemas", ""),
		"libs/go.mod":                mod("libs", "\nrequire "+prefix+"schemas v0.0.0\n\nreplace "+prefix+"schemas => ../schemas\n"),
		"libs/bus/bus.go":            source("bus", ""),
		"libs/bus/bus_test.go":       source("bus_test", `import _ "`+prefix+`schemas"`),
		"cli/go.mod":                 mod("cli", siblings("../")),
		"cli/cli.go":                 source("cli", `import _ "`+prefix+`libs/bus"`),
		"services/gateway/go.mod":    mod("services/gateway", siblings("../../")),
		"services/gateway/g.go":      source("gateway", `import _ "`+prefix+`libs/bus"`),
		"libs/bus/testdata/x/go.mod": mod("libs/bus/testdata/x", ""),
	}
}

func TestModulesThatAgreeHaveNoFaults(t *testing.T) {
	t.Parallel()
	if got := check(t, tree()); len(got) > 0 {
		t.Errorf("faults: %v", got)
	}
}

func TestModulesThatDoNotAgreeAreNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, old, new, want string }{
		"another go line":                {"cli/go.mod", "go 1.26.0", "go 1.25.0", "cli/go.mod: go 1.25.0, but go.work says 1.26.0"},
		"no go line":                     {"cli/go.mod", "\ngo 1.26.0\n", "", "cli/go.mod: no go line; go.work says 1.26.0"},
		"an older third-party version":   {"cli/go.mod", "log v1.2.0", "log v1.1.9", "cli/go.mod: example.com/log at v1.1.9, but another module has v1.2.0"},
		"a newer third-party version":    {"cli/go.mod", "log v1.2.0", "log v1.10.0", "services/gateway/go.mod: example.com/log at v1.2.0, but another module has v1.10.0"},
		"a sibling at a version":         {"cli/go.mod", "libs v0.0.0", "libs v0.1.0", "cli/go.mod: sibling " + prefix + "libs at v0.1.0; siblings are required at v0.0.0"},
		"a sibling that is not replaced": {"libs/go.mod", "replace " + prefix + "schemas => ../schemas\n", "", "libs/go.mod: no line `replace " + prefix + "schemas => ../schemas`"},
		"a sibling of a sibling that is not replaced": {"cli/go.mod", "replace " + prefix + "schemas => ../schemas\n", "",
			"cli/go.mod: no line `replace " + prefix + "schemas => ../schemas`"},
		"a sibling replaced by another folder": {"services/gateway/go.mod", "=> ../../libs", "=> ../libs",
			"services/gateway/go.mod: replaces " + prefix + "libs by ../libs instead of ../../libs"},
		"a stranger replaced": {"schemas/go.mod", "go 1.26.0\n", "go 1.26.0\n\nreplace example.com/log => ../log\n",
			"schemas/go.mod: replaces example.com/log; only siblings are replaced"},
		"a module that go.work does not use": {"go.work", "\t./cli\n", "", "cli/go.mod: go.work does not use this module"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := tree()
			text := string(root[c.file].Data)
			if !strings.Contains(text, c.old) {
				t.Fatalf("%s has no %q", c.file, c.old)
			}
			root[c.file] = &fstest.MapFile{Data: []byte(strings.Replace(text, c.old, c.new, 1))}
			if got := check(t, root); !slices.Contains(got, c.want) {
				t.Errorf("faults: %q\nwant among them: %q", got, c.want)
			}
		})
	}
}

func check(t *testing.T, root fstest.MapFS) []string {
	t.Helper()
	w, err := workspace.Load(root)
	if err != nil {
		t.Fatal(err)
	}
	faults, err := w.Check(root)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, f := range faults {
		lines = append(lines, f.String())
	}
	return lines
}

// Tidy starts from go.mod files that name no sibling and do not agree, and makes what Check accepts.
func TestTidyWritesWhatCheckWants(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	root := tree()
	for name := range root {
		if strings.HasSuffix(name, "go.mod") && !strings.Contains(name, "testdata") {
			folder := filepath.ToSlash(filepath.Dir(name))
			root[name] = &fstest.MapFile{Data: []byte("module " + prefix + folder + "\n\ngo 1.25.0\n\nrequire example.com/log v1." + string('0'+rune(len(folder)%10)) + ".0\n\nreplace " + prefix + "gone => ../gone\n")}
		}
	}
	write(t, dir, root)
	var order []string
	err := workspace.Tidy(t.Context(), dir, func(_ context.Context, c workspace.Command) error {
		if got := strings.Join(c.Args, " "); got != "go mod tidy" {
			t.Errorf("ran %s", got)
		}
		order = append(order, c.Folder)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w, err := workspace.Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	if faults, err := w.Check(os.DirFS(dir)); err != nil || len(faults) > 0 {
		t.Errorf("faults after Tidy: %v (%v)", faults, err)
	}
	if slices.Index(order, "schemas") > slices.Index(order, "libs") || slices.Index(order, "libs") > slices.Index(order, "cli") {
		t.Errorf("tidied in the order %v, want siblings first", order)
	}
	gateway, _ := w.ByFolder("services/gateway")
	if got := requires(gateway.Mod); !slices.Equal(got, []string{"example.com/log v1.7.0", prefix + "libs v0.0.0", prefix + "schemas v0.0.0"}) {
		t.Errorf("the gateway requires %v", got)
	}
}

func TestTidySaysWhichModuleFailed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, tree())
	err := workspace.Tidy(t.Context(), dir, func(_ context.Context, c workspace.Command) error {
		if c.Folder == "libs" {
			return context.DeadlineExceeded
		}
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "tidying libs") {
		t.Errorf("error %v, want one that names libs", err)
	}
}

func TestExecRunsEachModuleAloneAndWithinItsLimit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, tree())
	run := workspace.Exec(dir)
	alone := workspace.Command{Folder: "libs", Args: []string{"sh", "-c", `test "$GOWORK" = off && test "$X" = y && test -f go.mod`}, Env: []string{"X=y"}}
	if err := run(t.Context(), alone); err != nil {
		t.Errorf("%s: %v", alone, err)
	}
	if err := run(t.Context(), workspace.Command{Folder: "libs", Args: []string{"sh", "-c", "exit 3"}}); err == nil || !strings.Contains(err.Error(), "3") {
		t.Errorf("a command that exits 3: %v", err)
	}
	slow := workspace.Command{Folder: "libs", Args: []string{"sleep", "600"}, Limit: 1}
	if err := run(t.Context(), slow); err != context.DeadlineExceeded {
		t.Errorf("a command past its limit: %v", err)
	}
}

func requires(mod *modfile.File) []string {
	var list []string
	for _, r := range mod.Require {
		list = append(list, r.Mod.String())
	}
	for i := range list {
		list[i] = strings.Replace(list[i], "@", " ", 1)
	}
	slices.Sort(list)
	return list
}

func write(t *testing.T, dir string, root fstest.MapFS) {
	t.Helper()
	for name, f := range root {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
