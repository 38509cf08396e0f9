// Package syncs counts how often a process makes the disk keep what it wrote, and for which files, by running it under
// strace with a filter in the kernel, so that its other system calls cost nothing.
//
// It counts calls of fsync and fdatasync, and files opened with O_SYNC (what is written to those is synced too). A counted
// run is a run of its own: strace makes each counted call a little slower.
package syncs

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Command is what a process is run under, so that file holds its trace. It fails when strace is not installed.
func Command(file string) ([]string, error) {
	path, err := exec.LookPath("strace")
	if err != nil {
		return nil, fmt.Errorf("counting fsyncs: %w; install the package strace", err)
	}
	return []string{path, "-f", "--seccomp-bpf", "-qq", "-ttt", "-y", "-s", "300", "-e", "trace=fsync,fdatasync,openat", "-o", file}, nil
}

// Count is what was counted in a span of time.
type Count struct {
	Calls  int // fsync and fdatasync
	Opened int // files opened with O_SYNC
	// ByPlace are calls and opened files by the stream or consumer that they are about.
	ByPlace map[string]int
}

// Read counts what a trace holds between two moments. The traced process may still be running.
func Read(file string, from, to time.Time) (Count, error) {
	f, err := os.Open(file)
	if err != nil {
		return Count{}, fmt.Errorf("reading the trace: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was read
	return Parse(f, from, to)
}

// Parse counts in the text of a trace.
func Parse(trace io.Reader, from, to time.Time) (Count, error) {
	c := Count{ByPlace: map[string]int{}}
	lines := bufio.NewScanner(trace)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		at, call, ok := split(lines.Text())
		if !ok || at.Before(from) || at.After(to) {
			continue
		}
		switch {
		case strings.HasPrefix(call, "fsync("), strings.HasPrefix(call, "fdatasync("):
			c.Calls++
			c.ByPlace[place(between(call, "<", ">"))]++
		case strings.HasPrefix(call, "openat(") && strings.Contains(call, "O_SYNC"):
			c.Opened++
			c.ByPlace[place(between(call, `"`, `"`))]++
		}
	}
	if err := lines.Err(); err != nil {
		return Count{}, fmt.Errorf("reading the trace: %w", err)
	}
	return c, nil
}

// split takes a line apart: the thread's number, the time in seconds, the call. The end of a call that was shown before
// ("<... fsync resumed>") is no call.
func split(line string) (at time.Time, call string, ok bool) {
	fields := strings.Fields(line)
	if len(fields) < 3 {
		return at, "", false
	}
	seconds, fraction, _ := strings.Cut(fields[1], ".")
	s, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return at, "", false
	}
	micro, err := strconv.ParseInt((fraction + "000000")[:6], 10, 64)
	if err != nil {
		return at, "", false
	}
	return time.Unix(s, micro*1000), strings.Join(fields[2:], " "), true
}

func between(text, open, end string) string {
	_, rest, _ := strings.Cut(text, open)
	inside, _, _ := strings.Cut(rest, end)
	return inside
}

// place names what a file of JetStream's store belongs to: …/streams/KV_exec/msgs/12.blk is "KV_exec msgs".
func place(path string) string {
	parts := strings.Split(filepath.ToSlash(path), "/")
	for i, p := range parts {
		if p != "streams" || i+1 >= len(parts) {
			continue
		}
		name := parts[i+1]
		if i+2 < len(parts) {
			name += " " + parts[i+2]
		}
		if i+3 < len(parts) && parts[i+2] == "obs" {
			name += " " + parts[i+3]
		}
		return name
	}
	return filepath.Base(path)
}
