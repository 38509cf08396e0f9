// Command openapi writes the description of the gateway's API to the file that its argument names.
package main

import (
	"fmt"
	"os"

	"github.com/netrust/netrust/services/gateway/internal/rest"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("name the file to write")
	}
	text, err := rest.Describe()
	if err != nil {
		return err
	}
	return os.WriteFile(args[0], text, 0o644) //nolint:gosec // a file of the source tree
}
