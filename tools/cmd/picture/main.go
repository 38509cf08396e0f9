// Command picture draws the screen that it reads from standard input. docs/demo.svg is made by
//
//	go test ./docs -run TestWhatTheDocumentsShowIsTrue -screen /tmp/screen   # in tests: a real run, at 100 columns
//	go run ./cmd/picture -title 'make demo' -o ../docs/demo.svg < /tmp/screen
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/netrust/netrust/tools/picture"
)

func main() {
	title := flag.String("title", "", "what it shows, for those who cannot see it")
	out := flag.String("o", "", "file to write")
	flag.Parse()
	if *out == "" || *title == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := draw(os.Stdin, *title, *out); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

func draw(screen io.Reader, title, out string) error {
	text, err := io.ReadAll(screen)
	if err != nil {
		return fmt.Errorf("reading the screen: %w", err)
	}
	svg, err := picture.SVG(title, strings.Split(strings.TrimRight(string(text), "\n"), "\n"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(out, []byte(svg), 0o644); err != nil {
		return fmt.Errorf("writing the picture: %w", err)
	}
	return nil
}
