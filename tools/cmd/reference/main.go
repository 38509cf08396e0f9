// Command reference writes docs/reference/subjects.md from schemas/asyncapi.yaml:
//
//	go run ./cmd/reference -o ../docs/reference/subjects.md
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/netrust/netrust/schemas/asyncapi"
	"github.com/netrust/netrust/tools/reference"
)

func main() {
	out := flag.String("o", "", "file to write")
	flag.Parse()
	if *out == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := write(*out); err != nil {
		fmt.Fprintln(os.Stderr, "reference:", err)
		os.Exit(1)
	}
}

func write(file string) error {
	channels, err := asyncapi.Read()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("writing the reference: %w", err)
	}
	if err := os.WriteFile(file, []byte(reference.Subjects(channels)), 0o644); err != nil {
		return fmt.Errorf("writing the reference: %w", err)
	}
	return nil
}
