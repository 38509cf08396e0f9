package agefile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"

	"github.com/netrust/netrust/libs/credential"
)

// Made says what [File.Update] has made besides changing the file.
type Made struct {
	File bool
	// Identity is where a new identity was put, as an Unlock; empty when none was made.
	Identity string
}

// Update changes the entries: change gets a copy of them, and what it leaves there is written, unless it returns an error.
// A file that does not exist is made, and with it the identity that opens it, where the unlock names one that does not exist
// either. One process writes at a time: others wait, until ctx ends. The new file replaces the old one whole, for its owner
// alone, and is on the disk when Update returns.
func (f *File) Update(ctx context.Context, change func(map[string]credential.Entry) error) (Made, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	path, err := f.real()
	if err != nil {
		return Made{}, err
	}
	release, err := exclusive(ctx, path+".lock")
	if err != nil {
		return Made{}, err
	}
	defer release()
	var made Made
	entries := map[string]credential.Entry{}
	sealed, _, err := readSealed(path)
	made.File = errors.Is(err, fs.ErrNotExist)
	if err != nil && !made.File {
		return Made{}, err
	}
	l, err := f.opener.open(made.File)
	if absent := (*missingError)(nil); errors.As(err, &absent) && made.File {
		l, err = nil, nil // it is made when it is known that there is something to write
	}
	if err != nil {
		return Made{}, err
	}
	if !made.File {
		old, err := f.unseal(sealed, l)
		if err != nil {
			return Made{}, err
		}
		maps.Copy(entries, old)
	}
	if err := change(entries); err != nil {
		return Made{}, err
	}
	if l == nil {
		if l, err = f.opener.makeIdentity(f.now()); err != nil {
			return Made{}, err
		}
		made.Identity = f.opener.Unlock.String()
	}
	f.read, f.entries = "", nil
	return made, f.seal(path, entries, l)
}

// real follows links, so that the file they point to is replaced and not the link, and makes the folder of a new file.
func (f *File) real() (string, error) {
	path, err := filepath.EvalSymlinks(f.path)
	if err == nil {
		return path, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", &credential.FileError{Path: f.path, Message: "cannot be found: " + plain(err), Remedy: "check the path", Err: err}
	}
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return "", &credential.FileError{Path: f.path, Message: "cannot be made: " + plain(err), Remedy: "choose a folder that this user may write", Err: err}
	}
	return f.path, nil
}

// seal encrypts and writes.
func (f *File) seal(path string, entries map[string]credential.Entry, l *lock) error {
	text, err := credential.MarshalEntries(entries)
	if err != nil {
		return fmt.Errorf("writing the entries: %w", err)
	}
	// What is written must be readable again: nobody could repair it.
	if _, err := credential.ParseEntries(f.path, text); err != nil {
		return fmt.Errorf("nothing was written: %w", err)
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, l.recipients...)
	if err == nil {
		if _, err = w.Write(text); err == nil {
			err = w.Close()
		}
	}
	if err != nil {
		return fmt.Errorf("encrypting %s: %w", f.path, err)
	}
	return replace(path, sealed.Bytes())
}

// makeIdentity makes an identity where the unlock says that one is.
func (o *Opener) makeIdentity(now time.Time) (*lock, error) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, fmt.Errorf("making an age identity: %w", err)
	}
	switch o.Unlock.By {
	case ByIdentity:
		text := fmt.Sprintf("# created: %s by netrust\n# public key: %s\n%s\n", now.UTC().Format(time.RFC3339), identity.Recipient(), identity)
		if err := create(o.Unlock.Name, []byte(text)); err != nil {
			return nil, err
		}
	case ByKeyring:
		if err := o.Keyring.Set(KeyringService, o.Unlock.Name, identity.String()); err != nil {
			return nil, fault(o.Unlock, "cannot be written: "+err.Error(), "unlock the keyring, or use "+ByIdentity+":PATH")
		}
	}
	return &lock{identities: []age.Identity{identity}, recipients: []age.Recipient{identity.Recipient()}}, nil
}

// replace writes the file beside itself and renames it, so that a reader finds the old one or the new one.
func replace(path string, data []byte) (err error) {
	fail := func(err error) error {
		return &credential.FileError{Path: path, Message: "cannot be written: " + plain(err), Remedy: "make its folder writable for this user, with room on the disk", Err: err}
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return fail(err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	if err := writeAll(file, data); err != nil {
		return fail(err)
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return fail(err)
	}
	if err := syncFolder(path); err != nil {
		return fail(err)
	}
	return nil
}

// create writes a file that must not exist, for its owner alone.
func create(path string, data []byte) error {
	fail := func(err error) error {
		return &credential.FileError{Path: path, Message: "cannot be made: " + plain(err), Remedy: "choose a folder that this user may write", Err: err}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fail(err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fail(err)
	}
	if err := writeAll(file, data); err != nil {
		_ = os.Remove(path)
		return fail(err)
	}
	if err := syncFolder(path); err != nil {
		return fail(err)
	}
	return nil
}

// writeAll writes, and returns when it is on the disk. The file is closed in any case.
func writeAll(file *os.File, data []byte) error {
	_, err := file.Write(data)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

func syncFolder(path string) error {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
