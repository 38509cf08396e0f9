package lock_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netrust/netrust/netrust/internal/lock"
)

func TestADirectoryHasOneHolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "data")
	first, err := lock.Take(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = lock.Take(dir)
	var held *lock.HeldError
	if !errors.As(err, &held) || held.PID != os.Getpid() || !strings.Contains(err.Error(), "--data-dir") {
		t.Fatalf("a second holder got %v", err)
	}
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	second, err := lock.Take(dir)
	if err != nil {
		t.Fatalf("after the release: %v", err)
	}
	if err := second.Release(); err != nil {
		t.Fatal(err)
	}
}

func TestADirectoryThatCannotBeMadeSaysWhatToDo(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := lock.Take(filepath.Join(file, "data"))
	if !errors.As(err, new(*lock.DirError)) || !strings.Contains(err.Error(), "--data-dir") {
		t.Fatalf("got %v", err)
	}
}
