package child

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Usage is what a process has used.
type Usage struct {
	CPU time.Duration // user and system, since its start
	RSS int64         // bytes now
	// Peak is the highest RSS since [Child.ResetPeak], in bytes.
	Peak int64
}

// clockTick is the unit of processor times in /proc: USER_HZ, 100 on every Linux that Go runs on.
const clockTick = 10 * time.Millisecond

// UsageOf reads /proc of a process.
func UsageOf(pid int) (Usage, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Usage{}, fmt.Errorf("reading the processor time of process %d: %w (the benchmark needs Linux)", pid, err)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return Usage{}, fmt.Errorf("reading the memory of process %d: %w", pid, err)
	}
	cpu, err := ParseStat(stat)
	if err != nil {
		return Usage{}, err
	}
	rss, peak, err := ParseStatus(status)
	return Usage{CPU: cpu, RSS: rss, Peak: peak}, err
}

// resetPeak makes the kernel forget the peak of a process (proc(5), clear_refs).
func resetPeak(pid int) error {
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5\n"), 0); err != nil {
		return fmt.Errorf("resetting the peak memory of process %d: %w", pid, err)
	}
	return nil
}

// ParseStat reads the processor time from the text of /proc/<pid>/stat: fields 14 and 15. The second field is the
// program's name in brackets, and may itself hold blanks and brackets.
func ParseStat(text []byte) (time.Duration, error) {
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	const user, system = 11, 12 // counted after the name
	if len(fields) <= system {
		return 0, fmt.Errorf("/proc/<pid>/stat is too short: %q", text)
	}
	var ticks int64
	for _, f := range fields[user : system+1] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("the times in /proc/<pid>/stat: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * clockTick, nil
}

// ParseStatus reads VmRSS and VmHWM from the text of /proc/<pid>/status, in bytes.
func ParseStatus(text []byte) (rss, peak int64, err error) {
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		switch name {
		case "VmRSS":
			rss, err = kibibytes(value)
		case "VmHWM":
			peak, err = kibibytes(value)
		}
		if err != nil {
			return 0, 0, fmt.Errorf("%s in /proc/<pid>/status: %w", name, err)
		}
	}
	if rss == 0 || peak == 0 {
		return 0, 0, errors.New("/proc/<pid>/status has no VmRSS or no VmHWM: the process has ended")
	}
	return rss, peak, nil
}

func kibibytes(value string) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
	return n << 10, err
}
