// Command suite does what the Makefile's targets ask for, in every module of the workspace or in one:
//
//	go run -C tools ./cmd/suite -root .. [-module folder] test | verify | build | fmt | lint | arch | generate | tidy | list
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/netrust/netrust/tools/suite"
	"github.com/netrust/netrust/tools/workspace"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "suite:", err)
		if errors.As(err, new(*suite.FailedError)) {
			os.Exit(1)
		}
		os.Exit(2)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("suite", flag.ContinueOnError)
	root := flags.String("root", ".", "folder of go.work")
	only := flags.String("module", "", "one module's folder, such as services/executor; all when empty")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return fmt.Errorf("name one of: test, verify, build, fmt, lint, arch, generate, tidy, list")
	}
	plan, err := load(*root, *only)
	if err != nil {
		return err
	}
	return do(ctx, plan, flags.Arg(0), out)
}

func load(root, only string) (suite.Plan, error) {
	dir, err := filepath.Abs(root)
	if err != nil {
		return suite.Plan{}, err
	}
	w, err := workspace.Load(os.DirFS(dir))
	if err != nil {
		return suite.Plan{}, err
	}
	plan := suite.Plan{Dir: dir, Workspace: w, Modules: w.Modules, Exec: workspace.Exec(dir)}
	if only != "" {
		m, ok := w.ByFolder(only)
		if !ok {
			return suite.Plan{}, fmt.Errorf("no module %q in go.work; `make list` shows them", only)
		}
		plan.Modules = []workspace.Module{m}
	}
	return plan, nil
}

func do(ctx context.Context, plan suite.Plan, verb string, out io.Writer) error {
	switch verb {
	case "list":
		for _, m := range plan.Modules {
			fmt.Fprintln(out, m.Folder)
		}
		return nil
	case "tidy":
		return workspace.Tidy(ctx, plan.Dir, plan.Exec)
	case "test":
		tests, err := plan.Test()
		if err != nil {
			return err
		}
		return suite.Run(ctx, out, append(plan.Verify(), tests...))
	case "verify":
		return suite.Run(ctx, out, plan.Verify())
	case "arch":
		return suite.Run(ctx, out, plan.Architecture())
	case "lint":
		return suite.Run(ctx, out, plan.Lint())
	case "build":
		return suite.Run(ctx, out, plan.Each("go", "build", "./..."))
	case "fmt":
		return suite.Run(ctx, out, plan.Each("go", "fmt", "./..."))
	case "generate":
		return suite.Run(ctx, out, plan.Each("go", "generate", "./..."))
	}
	return fmt.Errorf("unknown verb %q", verb)
}
