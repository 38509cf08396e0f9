package torture

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"
)

// LineKind is what a line of a device's record says.
type LineKind string

// The kinds of lines, in the order of a session.
const (
	LineBegin  LineKind = "begin"  // a holder begins to touch the device
	LineEffect LineKind = "effect" // a command reaches it
	LineAnswer LineKind = "answer" // it has answered
	LineEnd    LineKind = "end"    // the holder has left it
)

// Line is one thing that a device saw.
type Line struct {
	Kind    LineKind `json:"kind"`
	PID     int      `json:"pid"`
	Session uint64   `json:"session"` // of the process
	Job     string   `json:"job"`
	Device  string   `json:"device"`
	Command int      `json:"command"`
	// Asked is when the holder asked for the last time whether it still may, and At when it was: on the clock that all
	// processes share. Wall is At by the calendar, to compare with the ledger's times.
	Asked time.Duration `json:"asked,omitempty"`
	At    time.Duration `json:"at"`
	Wall  time.Time     `json:"wall"`
}

// recorder appends lines to the file of one process, each by one write: what was written before a kill stands.
type recorder struct {
	file     *os.File
	pid      int
	sessions atomic.Uint64
}

func newRecorder(dir, process string) (*recorder, error) {
	pid := os.Getpid()
	f, err := os.OpenFile(filepath.Join(dir, fmt.Sprintf("%s-%d.jsonl", process, pid)), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the record of effects: %w", err)
	}
	return &recorder{file: f, pid: pid}, nil
}

// write writes a line. asked is kept as given; the times are taken here, last.
func (r *recorder) write(l Line) error {
	l.PID = r.pid
	l.At, l.Wall = monotonic(), time.Now().UTC()
	data, err := json.Marshal(l)
	if err == nil {
		_, err = r.file.Write(append(data, '\n'))
	}
	if err != nil {
		return fmt.Errorf("recording an effect: %w", err)
	}
	return nil
}

// readLines reads what all processes recorded, in order of time.
func readLines(dir string) ([]Line, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		return nil, err
	}
	var all []Line
	for _, name := range names {
		lines, err := readFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		all = append(all, lines...)
	}
	slices.SortStableFunc(all, func(a, b Line) int { return int(a.At - b.At) })
	return all, nil
}

func readFile(name string) ([]Line, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	var lines []Line
	for r := bufio.NewReader(f); ; {
		text, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(text) == 0 {
			return lines, nil
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", len(lines)+1, err)
		}
		var l Line
		if err := json.Unmarshal(text, &l); err != nil {
			return nil, fmt.Errorf("line %d: %w", len(lines)+1, err)
		}
		lines = append(lines, l)
	}
}
