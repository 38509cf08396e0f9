package world

import (
	"fmt"
	"io"
	"os"
)

// maxInput bounds what is read of one file that a command is given.
const maxInput = 64 << 20

// Input reads a file that a command is given; "-" is standard input. A file over 64 MiB is an error.
func (w World) Input(name string) (string, error) {
	from := w.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return "", err
		}
		defer f.Close() //nolint:errcheck // it was only read
		from = f
	}
	data, err := io.ReadAll(io.LimitReader(from, maxInput+1))
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", name, err)
	}
	if len(data) > maxInput {
		return "", fmt.Errorf("%s is larger than %d bytes", name, maxInput)
	}
	return string(data), nil
}
