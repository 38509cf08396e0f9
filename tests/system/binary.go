// Package system runs the netrust binary as its users do: every service a process of its own, on loopback, on free ports,
// in temporary folders. Tests kill, restart and question the processes from outside.
package system

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

var binary struct {
	once sync.Once
	path string
	err  error
	out  []byte
}

// Binary builds the netrust binary once for all tests of a package, and returns its path.
func Binary(t testing.TB) string {
	t.Helper()
	binary.once.Do(func() {
		dir, err := os.MkdirTemp("", "netrust-bin-")
		if err != nil {
			binary.err = err
			return
		}
		binary.path = filepath.Join(dir, "netrust")
		cmd := exec.Command("go", "build", "-o", binary.path, ".")
		cmd.Dir = filepath.Join("..", "..", "netrust") // tests run in the folder of their package
		binary.out, binary.err = cmd.CombinedOutput()
	})
	if binary.err != nil {
		t.Fatalf("building netrust: %v\n%s", binary.err, binary.out)
	}
	return binary.path
}

// Cleanup removes the binary; a package's TestMain calls it last.
func Cleanup() {
	if binary.path != "" {
		_ = os.RemoveAll(filepath.Dir(binary.path)) // a temporary folder
	}
}
