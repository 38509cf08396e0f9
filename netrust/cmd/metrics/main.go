// Command metrics writes the reference of all metrics to the file that its argument names.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/netrust/netrust/netrust/internal/catalog"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "metrics:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("name the file to write")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	entries, err := catalog.Metrics(ctx)
	if err != nil {
		return err
	}
	return os.WriteFile(args[0], []byte(catalog.Page(entries)), 0o644)
}
