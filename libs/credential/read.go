package credential

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// maxFile bounds a file with secrets, in bytes.
const maxFile = 1 << 20

// ReadKey reads a private key in PEM form from a file that only its owner can read; others are refused with a
// *[FileError]. It checks that the file holds one, not that the key is good: that is the driver's part.
func ReadKey(path string) (Secret, error) {
	data, _, err := ReadPrivate(path)
	if err != nil {
		return Secret{}, err
	}
	if !strings.Contains(string(data), "-----BEGIN ") || !strings.Contains(string(data), "PRIVATE KEY-----") {
		return Secret{}, &FileError{Path: path, Message: "holds no private key in PEM form",
			Remedy: "give the file that ssh-keygen wrote, not the one that ends in .pub"}
	}
	return NewSecret(string(data)), nil
}

// ReadPrivate reads a regular file of at most 1 MiB that only its owner can read: one that is open to group or others is
// refused, since its secret must be taken for known. The error is a *[FileError].
func ReadPrivate(path string) ([]byte, fs.FileInfo, error) {
	// Asked before opening: opening a pipe would wait for its writer.
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, osError(path, err)
	}
	if err := checkPrivate(path, info); err != nil {
		return nil, nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, osError(path, err)
	}
	defer file.Close()
	// Asked again of what was opened: the name may have changed its meaning.
	if info, err = file.Stat(); err != nil {
		return nil, nil, osError(path, err)
	}
	if err := checkPrivate(path, info); err != nil {
		return nil, nil, err
	}
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, nil, osError(path, err)
	}
	if len(data) > maxFile {
		return nil, nil, &FileError{Path: path, Message: "is larger than 1 MiB", Remedy: "check that it is the right file"}
	}
	return data, info, nil
}

func checkPrivate(path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return &FileError{Path: path, Message: "is not a regular file", Remedy: "give the path of a file"}
	}
	if open := info.Mode().Perm() & 0o077; open != 0 {
		return &FileError{Path: path, Message: fmt.Sprintf("holds secrets and is open to group or others (mode %04o)", info.Mode().Perm()),
			Remedy: "run: chmod 600 " + path}
	}
	return nil
}

func osError(path string, err error) error {
	cause := err
	if e, ok := err.(*fs.PathError); ok {
		cause = e.Err
	}
	return &FileError{Path: path, Message: "cannot be read: " + cause.Error(),
		Remedy: "check the path and that the service's user may read it", Err: err}
}
