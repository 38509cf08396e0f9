package chain

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// ErrCutOff says that a log ends in the middle of a record.
var ErrCutOff = errors.New("the last line has no end: the file was cut off")

// Lines gives each line of an export to a function, without its line end; the bytes are valid until it returns. It returns
// the function's error, [ErrCutOff], or what failed reading. Instead of a line that is longer than any record it gives as
// many zeros as no verifier takes.
func Lines(r io.Reader, each func(line []byte) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 8<<10), MaxRecord+2)
	lines.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			return i + 1, data[:i], nil
		}
		if atEOF && len(data) > 0 {
			return 0, nil, ErrCutOff
		}
		return 0, nil, nil
	})
	for lines.Scan() {
		if err := each(lines.Bytes()); err != nil {
			return err
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return each(make([]byte, MaxRecord+1))
	case err == nil, errors.Is(err, ErrCutOff):
		return err
	default:
		return fmt.Errorf("reading the log: %w", err)
	}
}
