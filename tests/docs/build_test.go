package docs_test

import (
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

var built = sync.OnceValues(func() ([]byte, error) {
	cmd := exec.Command("make", "-s", "build")
	cmd.Dir = root
	return cmd.CombinedOutput()
})

// build makes bin/netrust, as a user does.
func build(t *testing.T) {
	t.Helper()
	if out, err := built(); err != nil {
		t.Fatalf("make build: %v\n%s", err, out)
	}
}

func absolute(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
