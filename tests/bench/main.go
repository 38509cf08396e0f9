// Command bench measures netrust beside bare SSH loops on simulated devices, and says what meets its aims and what does
// not (docs/benchmarks.md).
//
// Everything is of one run. The lab, each service, NATS and the bare loops are processes of their own: this program
// again, in a role. It needs Linux, for /proc, and strace.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/netrust/netrust/tests/bench/internal/child"
	"github.com/netrust/netrust/tests/bench/internal/measure"
	"github.com/netrust/netrust/tests/bench/internal/report"
	"github.com/netrust/netrust/tests/bench/internal/role"
)

func main() {
	if code, isChild := child.Main(os.Args[1:], role.All()); isChild {
		os.Exit(code)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	cfg := measure.Config{Progress: os.Stderr}
	var parts, file, under string
	var keep bool
	flag.IntVar(&cfg.Many, "devices", 10_000, "devices of a large job")
	flag.IntVar(&cfg.Some, "some", 1000, "devices of a small job, and sessions held open")
	flag.IntVar(&cfg.Rounds, "rounds", 3, "rounds of each comparison")
	flag.IntVar(&cfg.Latency, "latency", 20, "jobs whose latency is measured")
	flag.IntVar(&cfg.Urgent, "urgent", 10, "urgent jobs, alone and behind a large one")
	flag.StringVar(&cfg.Profiles, "profile", "", "directory for profiles of every process")
	flag.StringVar(&parts, "parts", "", "only these: "+strings.Join(measure.Parts, ","))
	flag.StringVar(&file, "json", "bench/results.json", "file for the results")
	flag.StringVar(&under, "dir", "", "directory on the disk to measure (default: the system's temporary one)")
	flag.BoolVar(&keep, "keep", false, "keep streams, views and logs")
	flag.Parse()
	if parts != "" {
		cfg.Parts = strings.Split(parts, ",")
	}
	if cfg.Profiles != "" {
		if err := os.MkdirAll(cfg.Profiles, 0o755); err != nil {
			return fmt.Errorf("making the directory of profiles: %w", err)
		}
	}
	dir, err := os.MkdirTemp(under, "netrust-bench-")
	if err != nil {
		return fmt.Errorf("making a directory: %w; name another with -dir", err)
	}
	if keep {
		fmt.Fprintf(os.Stderr, "streams, views and logs stay in %s\n", dir)
	} else {
		defer os.RemoveAll(dir) //nolint:errcheck // at the end of the process nothing can be done about it
	}
	if cfg.Dir, err = filepath.Abs(dir); err != nil {
		return fmt.Errorf("finding the directory: %w", err)
	}
	r := &report.Report{At: time.Now().UTC().Truncate(time.Second), Machine: report.ThisMachine(dir)}
	if err := measure.Run(ctx, cfg, r); err != nil {
		return err
	}
	r.Took = time.Since(r.At).Round(time.Second).String()
	if err := r.Print(os.Stdout); err != nil {
		return err
	}
	if err := r.Write(file); err != nil {
		return err
	}
	fmt.Printf("\n%d of the aims are not met. All numbers: %s\n", len(r.Short()), file)
	return nil
}
