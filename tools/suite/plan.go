package suite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/netrust/netrust/tools/arch"
	"github.com/netrust/netrust/tools/style"
	"github.com/netrust/netrust/tools/workspace"
)

// Limits of one step, and of one test binary within it. A whole run takes a few minutes on two cores; a step that
// reaches its limit hangs.
const (
	stepLimit   = 12 * time.Minute
	binaryLimit = 8 * time.Minute
)

// raced lists the folders whose tests run under the race detector: what starts goroutines that share memory.
var raced = []string{"libs/bus", "libs/ledger", "libs/kvstore", "libs/audit", "libs/driver", "libs/servicekit", "services", "lab", "tests"}

// plain lists the folders below those whose tests run without it: they count allocations, and the detector makes its own.
// What they test
// of what goroutines share is tested under it elsewhere.
var plain = []string{"services/scheduler/internal/job", "tests/counts"}

// alone lists the modules whose packages are tested one after the other, because each starts many processes.
var alone = []string{"tests"}

// Plan makes the steps for some modules of a workspace.
type Plan struct {
	// Dir is the root of the workspace.
	Dir       string
	Workspace *workspace.Workspace
	// Modules are those that per-module steps run in.
	Modules []workspace.Module
	// Exec runs commands below Dir.
	Exec workspace.Runner
}

// Verify is all that can be said without running a test: the architecture, the go.mod files, format, vet, staticcheck,
// and that generated files are up to date.
func (p Plan) Verify() []Step {
	root := os.DirFS(p.Dir)
	steps := append(p.Architecture(), Step{"go.mod files agree", func(context.Context) error { return p.agreement(root) }})
	for _, m := range p.Modules {
		steps = append(steps, Step{m.Folder + ": go mod tidy", p.command(m.Folder, "go", "mod", "tidy", "-diff")})
	}
	return append(append(steps, p.Lint()...), Step{"generated files are up to date", p.generated})
}

// Architecture is the check of who imports whom.
func (p Plan) Architecture() []Step {
	return []Step{{"architecture", func(context.Context) error { return p.architecture(os.DirFS(p.Dir)) }}}
}

// Lint is format, vet, staticcheck, and the rules of package style.
func (p Plan) Lint() []Step {
	static := filepath.Join(p.Dir, "bin", "staticcheck")
	steps := []Step{{"staticcheck is built", p.command("tools", "go", "build", "-o", static, "honnef.co/go/tools/cmd/staticcheck")}}
	for _, m := range p.Modules {
		steps = append(steps,
			Step{m.Folder + ": gofmt", func(context.Context) error { return formatted(os.DirFS(p.Dir), m) }},
			Step{m.Folder + ": vet", p.command(m.Folder, "go", "vet", "./...")},
			Step{m.Folder + ": staticcheck", p.command(m.Folder, static, "./...")},
			Step{m.Folder + ": style", func(context.Context) error { return styled(os.DirFS(p.Dir), m) }},
		)
	}
	return steps
}

// Test builds and tests each module on its own.
func (p Plan) Test() ([]Step, error) {
	var steps []Step
	for _, m := range p.Modules {
		without, race, err := p.packages(m)
		if err != nil {
			return nil, err
		}
		steps = append(steps, Step{m.Folder + ": build", p.command(m.Folder, "go", "build", "./...")})
		test := []string{"go", "test", "-count=1", "-vet=off", "-timeout=" + binaryLimit.String()}
		if slices.Contains(alone, m.Folder) {
			test = append(test, "-p=1")
		}
		if len(without) > 0 {
			steps = append(steps, Step{m.Folder + ": test", p.command(m.Folder, append(slices.Clone(test), without...)...)})
		}
		if len(race) > 0 {
			steps = append(steps, Step{m.Folder + ": test with the race detector",
				p.command(m.Folder, append(append(slices.Clone(test), "-race"), race...)...)})
		}
	}
	return steps, nil
}

// Each runs one command in every module.
func (p Plan) Each(args ...string) []Step {
	var steps []Step
	for _, m := range p.Modules {
		steps = append(steps, Step{m.Folder + ": " + strings.Join(args, " "), p.command(m.Folder, args...)})
	}
	return steps
}

func (p Plan) command(folder string, args ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		return p.Exec(ctx, workspace.Command{Folder: folder, Args: args, Limit: stepLimit})
	}
}

// packages lists the module's packages, as go test takes them, without and with the race detector.
func (p Plan) packages(m workspace.Module) (without, race []string, err error) {
	files, err := workspace.ReadFiles(os.DirFS(p.Dir), m)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range files {
		list := &without
		if below(f.Folder, raced) && !below(f.Folder, plain) {
			list = &race
		}
		if pkg := "." + strings.TrimPrefix(f.Folder, m.Folder); !slices.Contains(*list, pkg) {
			*list = append(*list, pkg)
		}
	}
	return without, race, nil
}

// below reports whether a folder is one of some, or inside one.
func below(folder string, some []string) bool {
	return slices.ContainsFunc(some, func(s string) bool { return folder == s || strings.HasPrefix(folder, s+"/") })
}

func (p Plan) architecture(root fs.FS) error {
	found, err := arch.Check(root)
	if err != nil {
		return err
	}
	return listed(found, "violations; the rules are in tools/arch/rules.go")
}

func (p Plan) agreement(root fs.FS) error {
	found, err := p.Workspace.Check(root)
	if err != nil {
		return err
	}
	return listed(found, "faults; `make tidy` mends them")
}

func styled(root fs.FS, m workspace.Module) error {
	found, err := style.Check(root, m)
	if err != nil {
		return err
	}
	return listed(found, "faults; the rules are in tools/style")
}

// listed makes one error of what was found: the count first, then one per line.
func listed[T fmt.Stringer](found []T, what string) error {
	if len(found) == 0 {
		return nil
	}
	text := fmt.Sprintf("%d %s", len(found), what)
	for _, f := range found {
		text += "\n  " + f.String()
	}
	return errors.New(text)
}
