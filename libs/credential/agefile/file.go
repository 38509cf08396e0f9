package agefile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/netrust/netrust/libs/credential"
)

// maxFile bounds an encrypted file, in bytes.
const maxFile = 2 << 20

// settled is how old a file's time of change must be before an equal time means equal content: some file systems count in
// seconds.
const settled = 2 * time.Second

// File is a file of credentials, encrypted with age. It is a [credential.Provider] and a [credential.Stamper]. What it
// decrypted stays in memory until the file changes, since opening one with a passphrase takes about a second. It is safe for
// concurrent use.
type File struct {
	path   string
	opener Opener
	now    func() time.Time

	mu      sync.Mutex
	read    string // stamp of what entries were read from; empty when they may not be kept
	entries map[string]credential.Entry
}

// New makes a provider over the file at path. It reads nothing yet.
func New(path string, o Opener) *File { return &File{path: path, opener: o, now: time.Now} }

// Path is where the file is.
func (f *File) Path() string { return f.path }

// Stamp implements [credential.Stamper].
func (f *File) Stamp(string) string { return credential.StampOf(f.path) }

// Resolve implements [credential.Provider] for age:NAME.
func (f *File) Resolve(ctx context.Context, reference string) (credential.Credential, error) {
	if err := ctx.Err(); err != nil {
		return credential.Credential{}, err
	}
	ref, err := credential.ParseReference(reference)
	if err != nil {
		return credential.Credential{}, err
	}
	if ref.Scheme != credential.SchemeAge {
		return credential.Credential{}, &credential.UnknownSchemeError{Scheme: ref.Scheme, Known: []string{credential.SchemeAge}}
	}
	entries, err := f.Entries()
	if err != nil {
		return credential.Credential{}, err
	}
	e, ok := entries[ref.Name]
	if !ok {
		return credential.Credential{}, credential.NoEntry(ref, entries, fmt.Sprintf("set it on the host of the executor: netrust credential set %s (in %s)", ref.Name, f.path))
	}
	return e.Complete(f.path)
}

// Check opens the file, so that a wrong passphrase is found before a device waits for it. A file that does not exist is no
// fault: it may be made later.
func (f *File) Check() error {
	_, err := f.Entries()
	return err
}

// Entries returns all that the file has, by name; nothing where there is no file. The map must not be changed.
func (f *File) Entries() (map[string]credential.Entry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	stamp := credential.StampOf(f.path)
	if stamp != "" && stamp == f.read {
		return f.entries, nil
	}
	f.read, f.entries = "", nil
	sealed, info, err := readSealed(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	l, err := f.opener.open(false)
	if err != nil {
		return nil, err
	}
	entries, err := f.unseal(sealed, l)
	if err != nil {
		return nil, err
	}
	if f.now().Sub(info.ModTime()) > settled && stamp == credential.StampOf(f.path) {
		f.read, f.entries = stamp, entries
	}
	return entries, nil
}

// unseal decrypts and parses.
func (f *File) unseal(sealed []byte, l *lock) (map[string]credential.Entry, error) {
	var in io.Reader = bytes.NewReader(sealed)
	if bytes.HasPrefix(sealed, []byte(armor.Header)) {
		in = armor.NewReader(in)
	}
	plain, err := age.Decrypt(in, l.identities...)
	if err != nil {
		return nil, f.notOpened(err, l)
	}
	text, err := io.ReadAll(io.LimitReader(plain, maxFile+1))
	switch {
	case err != nil:
		return nil, &credential.FileError{Path: f.path, Message: "is damaged: its content was changed or cut off after it was encrypted", Remedy: "restore it from a backup"}
	case len(text) > maxFile:
		return nil, &credential.FileError{Path: f.path, Message: "is larger than 2 MiB", Remedy: "check that it is the right file"}
	}
	return credential.ParseEntries(f.path, text)
}

// notOpened says why the file could not be decrypted. age's own error is not wrapped.
func (f *File) notOpened(err error, l *lock) error {
	var none *age.NoIdentityMatchError
	if !errors.As(err, &none) {
		return &credential.FileError{Path: f.path, Message: "is no file that age has encrypted, or is damaged", Remedy: "check the path, or restore it from a backup"}
	}
	byPassphrase := slices.Contains(none.StanzaTypes, "scrypt")
	u := f.opener.Unlock
	wrong := func(message, remedy string) error {
		return &credential.FileError{Path: f.path, Message: message, Remedy: remedy, Err: ErrWrongKey}
	}
	switch {
	case byPassphrase && !l.passphrase:
		return wrong("is encrypted with a passphrase, and "+u.String()+" is an identity",
			"unlock it with "+ByPassphraseFile+":PATH, "+ByPassphraseEnv+":VARIABLE or "+ByKeyring+":NAME")
	case !byPassphrase && l.passphrase:
		return wrong("is encrypted to an identity, and "+u.String()+" is a passphrase", "unlock it with "+ByIdentity+":PATH")
	case l.passphrase:
		return wrong("is not opened by the passphrase from "+u.String()+": it is the wrong one", "give the passphrase that the file was encrypted with")
	}
	return wrong("is not encrypted to the identity of "+u.String(), "give the identity that it was encrypted to")
}

// ErrWrongKey is inside the error of a file that is as it should be, and was opened with the wrong passphrase or identity.
var ErrWrongKey = errors.New("the wrong passphrase or identity")

// readSealed reads the encrypted file. Others may read it; what nobody else may do is write it.
func readSealed(path string) ([]byte, fs.FileInfo, error) {
	fail := func(message, remedy string, err error) ([]byte, fs.FileInfo, error) {
		return nil, nil, &credential.FileError{Path: path, Message: message, Remedy: remedy, Err: err}
	}
	info, err := os.Stat(path) // before opening: opening a pipe would wait for its writer
	if err != nil {
		return fail("cannot be read: "+plain(err), "check the path and that the service's user may read it", err)
	}
	switch {
	case !info.Mode().IsRegular():
		return fail("is not a regular file", "give the path of a file", nil)
	case info.Mode().Perm()&0o022 != 0:
		return fail(fmt.Sprintf("can be written by group or others (mode %04o)", info.Mode().Perm()), "run: chmod 600 "+path, nil)
	case info.Size() > maxFile:
		return fail("is larger than 2 MiB", "check that it is the right file", nil)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return fail("cannot be read: "+plain(err), "check the path and that the service's user may read it", err)
	}
	return data, info, nil
}

// plain is the system's reason alone, without the path.
func plain(err error) string {
	if e := new(fs.PathError); errors.As(err, &e) {
		return e.Err.Error()
	}
	return strings.TrimSpace(err.Error())
}

func missing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &missingError{err}
	}
	return err
}
