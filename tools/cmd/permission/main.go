// Command permission writes what each service may do on the NATS server, from schemas/asyncapi.yaml: as a Go table for the
// embedded server, and as settings for another.
//
//	go run ./cmd/permission -go ../libs/bus/permissions_gen.go -conf ../deploy/nats/authorization.conf
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/netrust/netrust/schemas/asyncapi"
	"github.com/netrust/netrust/tools/permission"
)

func main() {
	table, conf := flag.String("go", "", "Go file to write"), flag.String("conf", "", "settings file to write")
	flag.Parse()
	if *table == "" || *conf == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := write(*table, *conf); err != nil {
		fmt.Fprintln(os.Stderr, "permission:", err)
		os.Exit(1)
	}
}

func write(table, conf string) error {
	channels, err := asyncapi.Read()
	if err != nil {
		return err
	}
	users := permission.Of(channels)
	text, err := permission.Go(users)
	if err != nil {
		return fmt.Errorf("formatting the table: %w", err)
	}
	for file, data := range map[string][]byte{table: text, conf: permission.Conf(users)} {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return fmt.Errorf("writing permissions: %w", err)
		}
		if err := os.WriteFile(file, data, 0o644); err != nil { //nolint:gosec // a file of the source tree
			return fmt.Errorf("writing permissions: %w", err)
		}
	}
	return nil
}
