// Command arch checks the imports of the workspace against the rules of tools/arch, and fails with every offending one.
//
//	go run -C tools ./cmd/arch ..
package main

import (
	"fmt"
	"os"

	"github.com/netrust/netrust/tools/arch"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: arch <root of the workspace>")
		os.Exit(2)
	}
	found, err := arch.Check(os.DirFS(os.Args[1]))
	if err != nil {
		fmt.Fprintln(os.Stderr, "arch:", err)
		os.Exit(2)
	}
	for _, v := range found {
		fmt.Println(v)
	}
	if len(found) > 0 {
		fmt.Fprintf(os.Stderr, "arch: %d violations (the rules are in tools/arch/rules.go)\n", len(found))
		os.Exit(1)
	}
}
