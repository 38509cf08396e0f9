package suite_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/netrust/netrust/tools/suite"
	"github.com/netrust/netrust/tools/workspace"
)

func TestAllStepsRunAndTheFailedOnesAreNamed(t *testing.T) {
	t.Parallel()
	var ran []string
	step := func(name string, err error) suite.Step {
		return suite.Step{Name: name, Run: func(context.Context) error { ran = append(ran, name); return err }}
	}
	var out strings.Builder
	err := suite.Run(t.Context(), &out, []suite.Step{
		step("one", nil), step("two", errors.New("broken\nwith details")), step("three", nil), step("four", context.DeadlineExceeded),
	})
	var failed *suite.FailedError
	if !errors.As(err, &failed) {
		t.Fatalf("error %v", err)
	}
	if want := []string{"two: broken", "four: took longer than its limit"}; !slices.Equal(failed.Steps, want) {
		t.Errorf("failed: %q, want %q", failed.Steps, want)
	}
	if !slices.Equal(ran, []string{"one", "two", "three", "four"}) {
		t.Errorf("ran %v", ran)
	}
	if !strings.Contains(out.String(), "==> one\n==> two\n==> two: broken\nwith details\n") {
		t.Errorf("output:\n%s", out.String())
	}
	if err := suite.Run(t.Context(), &out, []suite.Step{step("one", nil)}); err != nil {
		t.Errorf("a run in which all holds: %v", err)
	}
}

func TestStepsThatDidNotRunCountAsFailed(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	err := suite.Run(ctx, &strings.Builder{}, []suite.Step{
		{Name: "one", Run: func(context.Context) error { stop(); return nil }},
		{Name: "two", Run: func(context.Context) error { t.Error("two ran after the end"); return nil }},
	})
	if err == nil || !strings.Contains(err.Error(), "two: not run") {
		t.Errorf("error %v", err)
	}
}

// plan is a workspace on disk, and the commands that its steps run.
type plan struct {
	suite.Plan
	commands []string
	// onRun is called with each command.
	onRun func(string) error
}

func newPlan(t *testing.T, files map[string]string) *plan {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, files)
	w, err := workspace.Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	p := &plan{onRun: func(string) error { return nil }}
	p.Plan = suite.Plan{Dir: dir, Workspace: w, Modules: w.Modules, Exec: func(_ context.Context, c workspace.Command) error {
		command := c.Folder + ": " + strings.ReplaceAll(strings.Join(c.Args, " "), dir+string(filepath.Separator), "")
		p.commands = append(p.commands, command)
		if c.Limit == 0 {
			t.Errorf("%s has no limit", command)
		}
		return p.onRun(command)
	}}
	return p
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// sources is a small workspace: a library with a pure and a concurrent package, and the system tests.
func sources() map[string]string {
	return map[string]string{
		"go.work":                   "go 1.26.0\n\nuse (\n\t./libs\n\t./tests\n)\n",
		"libs/go.mod":               "module github.com/netrust/netrust/libs\n\ngo 1.26.0\n",
		"libs/contract/c.go":        "// Package contract is sound.\npackage contract\n",
		"libs/contract/c_test.go":   "// Package contract_test is sound.\npackage contract_test\n",
		"libs/bus/b.go":             "// Package bus is sound.\npackage bus\n",
		"libs/bus/bustest/b.go":     "// Package bustest is sound.\npackage bustest\n",
		"libs/bus/testdata/x/x.go":  "// Package x is sound.\npackage x\n",
		"tests/go.mod":              "module github.com/netrust/netrust/tests\n\ngo 1.26.0\n",
		"tests/counts/c_test.go":    "// Package counts_test is sound.\npackage counts_test\n",
		"tests/e2e/e2e_test.go":     "// Package e2e_test is sound.\npackage e2e_test\n",
		"tests/bench/bench_main.go": "// Package main is sound.\npackage main\n",
	}
}

func TestConcurrentPackagesButThoseThatCountAllocationsAreTestedUnderTheRaceDetector(t *testing.T) {
	t.Parallel()
	p := newPlan(t, sources())
	steps, err := p.Test()
	if err != nil {
		t.Fatal(err)
	}
	if err := suite.Run(t.Context(), &strings.Builder{}, steps); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"libs: go build ./...",
		"libs: go test -count=1 -vet=off -timeout=8m0s ./contract",
		"libs: go test -count=1 -vet=off -timeout=8m0s -race ./bus ./bus/bustest",
		"tests: go build ./...",
		"tests: go test -count=1 -vet=off -timeout=8m0s -p=1 ./counts",
		"tests: go test -count=1 -vet=off -timeout=8m0s -p=1 -race ./bench ./e2e",
	}
	if !slices.Equal(p.commands, want) {
		t.Errorf("commands:\n%s\nwant:\n%s", strings.Join(p.commands, "\n"), strings.Join(want, "\n"))
	}
}

func TestVerifyRunsEveryCheckInEveryModule(t *testing.T) {
	t.Parallel()
	p := newPlan(t, sources())
	if err := suite.Run(t.Context(), &strings.Builder{}, p.Verify()); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"go mod tidy -diff", "go vet ./...", filepath.Join("bin", "staticcheck") + " ./...", "go generate ./..."} {
		for _, m := range []string{"libs", "tests"} {
			if !slices.Contains(p.commands, m+": "+command) {
				t.Errorf("%s did not run in %s; ran:\n%s", command, m, strings.Join(p.commands, "\n"))
			}
		}
	}
}

func TestVerifyFindsWhatNoCommandFinds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file, text string
		want       string
	}{
		"a file that is not formatted":       {"libs/bus/b.go", "// Package bus is sound.\npackage bus\nvar  x = 1\n", "libs: gofmt"},
		"an import that is not allowed":      {"libs/bus/b.go", "// Package bus is sound.\npackage bus\n\nimport _ \"github.com/netrust/netrust/tests/e2e\"\n", "architecture"},
		"an exported name without a comment": {"libs/bus/b.go", "// Package bus is sound.\npackage bus\n\nvar X int\n", "libs: style"},
		"modules that do not agree":          {"libs/go.mod", "module github.com/netrust/netrust/libs\n\ngo 1.25.0\n", "go.mod files agree"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := sources()
			files[c.file] = c.text
			p := newPlan(t, files)
			err := suite.Run(t.Context(), &strings.Builder{}, p.Verify())
			var failed *suite.FailedError
			if !errors.As(err, &failed) || len(failed.Steps) != 1 || !strings.HasPrefix(failed.Steps[0], c.want) {
				t.Errorf("failed: %v, want %s alone", err, c.want)
			}
		})
	}
}

func TestAGeneratedFileThatIsOutOfDateIsNamed(t *testing.T) {
	t.Parallel()
	const mark = "// Code generated by a test; DO NOT EDIT.\n"
	files := sources()
	files["libs/bus/names_gen.go"] = mark + "package bus\n"
	p := newPlan(t, files)
	text := "package bus\n"
	p.onRun = func(command string) error {
		if command == "libs: go generate ./..." {
			write(t, p.Dir, map[string]string{"libs/bus/names_gen.go": mark + text, "libs/bus/hand.txt": text})
		}
		return nil
	}
	if err := suite.Run(t.Context(), &strings.Builder{}, p.Verify()); err != nil {
		t.Errorf("the generator writes what is there: %v", err)
	}
	text = "package bus\n\nvar names []string\n"
	err := suite.Run(t.Context(), &strings.Builder{}, p.Verify())
	if err == nil || !strings.Contains(err.Error(), "libs/bus/names_gen.go") {
		t.Errorf("the generator writes something else: %v", err)
	}
}
