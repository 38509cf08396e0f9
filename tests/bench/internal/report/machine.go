package report

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
)

// Machine is what the numbers were measured on. It names the kind, never the host.
type Machine struct {
	Cores      int     `json:"cores"`
	Processor  string  `json:"processor"`
	MemoryGiB  float64 `json:"memory_gib"`
	Kernel     string  `json:"kernel"`
	Filesystem string  `json:"filesystem"` // of the streams
	Go         string  `json:"go"`
	// Load is the load average over a minute before the run: above the number of cores the numbers are not worth much.
	Load string `json:"load"`
}

// String is one line.
func (m Machine) String() string {
	return fmt.Sprintf("%d cores (%s), %.0f GiB, Linux %s, %s, %s; load before the run %s",
		m.Cores, m.Processor, m.MemoryGiB, m.Kernel, m.Filesystem, m.Go, m.Load)
}

// ThisMachine describes the machine, and the file system of a directory on it. What cannot be found out is left empty.
func ThisMachine(dir string) Machine {
	m := Machine{Cores: runtime.NumCPU(), Go: runtime.Version()}
	m.Processor = fieldOf("/proc/cpuinfo", "model name")
	var kib float64
	if _, err := fmt.Sscanf(fieldOf("/proc/meminfo", "MemTotal"), "%f kB", &kib); err == nil {
		m.MemoryGiB = kib / (1 << 20)
	}
	release, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	m.Kernel = strings.TrimSpace(string(release))
	m.Filesystem = filesystem(dir)
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.Load, _, _ = strings.Cut(string(load), " ")
	}
	return m
}

func fieldOf(file, name string) string {
	text, _ := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// filesystem names the common ones by their magic numbers (statfs(2)). On tmpfs an fsync costs nothing, so a result from
// there must show it.
func filesystem(dir string) string {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return ""
	}
	names := map[int64]string{0xef53: "ext4", 0x58465342: "xfs", 0x9123683e: "btrfs", 0x01021994: "tmpfs", 0x794c7630: "overlayfs"}
	if name := names[int64(s.Type)]; name != "" {
		return name
	}
	return fmt.Sprintf("file system %#x", s.Type)
}
