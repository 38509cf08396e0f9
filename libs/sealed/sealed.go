// Package sealed encrypts what must be kept and not be read: raw output of devices, which may hold secrets.
//
// It promises that plain text leaves only encrypted with age (https://age-encryption.org/v1) to every recipient of a [Box], and that a
// box is opened only from a file that nobody else can read. Where the result is kept is the caller's.
package sealed

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"
)

// Box encrypts to the keys of its identity file and to other recipients. It is safe for concurrent use.
type Box struct {
	recipients []age.Recipient
	mark       string
}

// Open reads an identity file and adds recipients ("age1…"). It fails when others can read the file.
func Open(identityFile string, others []string) (*Box, error) {
	info, err := os.Stat(identityFile)
	if err != nil {
		return nil, fmt.Errorf("reading the identity file: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("the identity file %s can be read by others (mode %o): chmod 600 %s", identityFile, mode, identityFile)
	}
	text, err := os.ReadFile(identityFile)
	if err != nil {
		return nil, fmt.Errorf("reading the identity file: %w", err)
	}
	identities, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil { // its text may hold the key
		return nil, fmt.Errorf("the identity file %s is not one of age: make one with age-keygen -o FILE", identityFile)
	}
	b := &Box{}
	var names []string
	add := func(r *age.X25519Recipient) {
		if name := r.String(); !slices.Contains(names, name) {
			names, b.recipients = append(names, name), append(b.recipients, r)
		}
	}
	for _, i := range identities {
		x, ok := i.(*age.X25519Identity)
		if !ok {
			return nil, fmt.Errorf("the identity file %s holds a key of another kind than X25519: make one with age-keygen -o FILE", identityFile)
		}
		add(x.Recipient())
	}
	for _, text := range others {
		r, err := age.ParseX25519Recipient(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("the recipient %q is not a public key of age: write it like age1…", text)
		}
		add(r)
	}
	slices.Sort(names)
	sum := sha256.Sum256([]byte(strings.Join(names, "\n")))
	b.mark = hex.EncodeToString(sum[:])
	return b, nil
}

// Mark tells boxes of different recipients apart, and tells nothing else.
func (b *Box) Mark() string { return b.mark }

// Seal encrypts. The same plain text gives another result each time.
func (b *Box) Seal(plain []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := age.Encrypt(&out, b.recipients...)
	if err == nil {
		_, err = w.Write(plain)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("encrypting: %w", err)
	}
	return out.Bytes(), nil
}

// EnsureIdentity makes an identity file that its owner alone can read, unless there is one.
func EnsureIdentity(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil // reading it says what is wrong with it
	}
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return fmt.Errorf("making an identity: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("keeping the identity: %w", err)
	}
	text := fmt.Sprintf("# public key: %s\n%s\n", identity.Recipient(), identity)
	part := path + ".part" // whole or not at all
	err = os.WriteFile(part, []byte(text), 0o600)
	if err == nil {
		err = os.Rename(part, path)
	}
	if err != nil {
		return fmt.Errorf("keeping the identity: %w", err)
	}
	return nil
}
