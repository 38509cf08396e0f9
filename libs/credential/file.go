package credential

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/netrust/netrust/libs/internal/document"
	"github.com/netrust/netrust/libs/internal/nearest"
)

// settled is how old a file's time of change must be before an equal time means equal content: some file systems count
// in seconds.
const settled = 2 * time.Second

// FileProvider resolves file:NAME from the entry NAME of one YAML file:
//
//	credentials:
//	  core-routers:
//	    username: netrust
//	    password: …
//	    enable: …                       # where the platform asks for it
//	    private_key_file: keys/netrust  # relative to this file; or private_key: with the key itself
//	    passphrase: …
type FileProvider struct {
	path string
	now  func() time.Time

	mu      sync.Mutex
	read    fs.FileInfo // of what entries were read from; nil when they may not be kept
	entries map[string]entry
}

type entry struct {
	Credential
	keyFile string
}

// File makes a provider over the file. It reads nothing yet.
func File(path string) *FileProvider { return &FileProvider{path: path, now: time.Now} }

// Resolve returns the entry, reading the file if it has changed since the last time.
func (p *FileProvider) Resolve(ctx context.Context, reference string) (Credential, error) {
	ref, err := referenceOf(ctx, reference, SchemeFile)
	if err != nil {
		return Credential{}, err
	}
	entries, err := p.load()
	if err != nil {
		return Credential{}, err
	}
	found, ok := entries[ref.Name]
	if !ok {
		remedy := "add it under credentials: in " + p.path
		if near := nearest.Question(nearest.To(ref.Name, maps.Keys(entries), 3)); near != "" {
			remedy += "; " + near
		}
		return Credential{}, &MissingError{Reference: ref, Missing: []string{"entry " + ref.Name}, Remedy: remedy}
	}
	if found.keyFile != "" {
		if found.PrivateKey, err = readKey(p.relative(found.keyFile)); err != nil {
			return Credential{}, err
		}
	}
	return found.Credential, nil
}

func (p *FileProvider) relative(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(p.path), path)
}

// load returns the entries of the file as it is now.
func (p *FileProvider) load() (map[string]entry, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.read != nil {
		info, err := os.Stat(p.path)
		if err == nil && os.SameFile(info, p.read) && info.ModTime().Equal(p.read.ModTime()) &&
			info.Size() == p.read.Size() && info.Mode() == p.read.Mode() {
			return p.entries, nil
		}
	}
	p.read, p.entries = nil, nil
	data, info, err := readPrivate(p.path)
	if err != nil {
		return nil, err
	}
	entries, err := parseFile(p.path, data)
	if err != nil {
		return nil, err
	}
	if p.now().Sub(info.ModTime()) > settled {
		p.read, p.entries = info, entries
	}
	return entries, nil
}

// parseFile reads the entries. Its errors name lines and known fields, and repeat nothing of the file but entry names:
// a slip of indentation makes a field name of a password.
func parseFile(path string, data []byte) (map[string]entry, error) {
	fail := func(line int, message, remedy string) (map[string]entry, error) {
		return nil, &FileError{Path: path, Line: line, Message: message, Remedy: remedy}
	}
	root, err := document.YAML(data, maxFile)
	if err != nil {
		var fault document.Fault
		errors.As(err, &fault)
		return fail(fault.Line, "is not YAML as it is read here", "correct the line, or the one before it")
	}
	if root.Kind != document.Map || len(root.Fields) != 1 || root.Fields[0].Name != "credentials" || root.Fields[0].Value.Kind != document.Map {
		return fail(root.Line, "must hold one field, credentials, with a map of entries", "write credentials: and indent the entries under it")
	}
	entries := map[string]entry{}
	for _, f := range root.Fields[0].Value.Fields {
		if checkFileName(f.Name) != nil {
			return fail(f.Line, "has an entry with a name that cannot be referred to", "use letters, digits, dots, _ and -")
		}
		if _, twice := entries[f.Name]; twice {
			return fail(f.Line, "has the entry "+f.Name+" twice", "remove one")
		}
		e, fault := parseEntry(f)
		if fault != nil {
			return fail(fault.Line, fault.Message, fault.Remedy)
		}
		entries[f.Name] = e
	}
	return entries, nil
}

// entryFields are the fields of an entry.
var entryFields = []string{"username", "password", "enable", "private_key", "private_key_file", "passphrase"}

func parseEntry(f document.Field) (entry, *document.Fault) {
	fault := func(n *document.Node, message, remedy string) (entry, *document.Fault) {
		at := document.At(n, "", "entry "+f.Name+" "+message, remedy)
		return entry{}, &at
	}
	if f.Value.Kind != document.Map {
		return fault(f.Value, "has no fields", "indent username and password under it")
	}
	values := map[string]string{}
	for _, field := range f.Value.Fields {
		at := &document.Node{Line: field.Line}
		if !slices.Contains(entryFields, field.Name) {
			return fault(at, "has a field that is not known", "the fields are "+strings.Join(entryFields, ", "))
		}
		if _, twice := values[field.Name]; twice {
			return fault(at, "has "+field.Name+" twice", "remove one")
		}
		if k := field.Value.Kind; k == document.Null || k == document.List || k == document.Map || field.Value.Text == "" {
			return fault(at, "has no text in "+field.Name, "write the value in single quotes, or remove the field")
		}
		values[field.Name] = field.Value.Text
	}
	at := &document.Node{Line: f.Line}
	switch {
	case values["username"] == "":
		return fault(at, "has no username", "add username")
	case values["private_key"] != "" && values["private_key_file"] != "":
		return fault(at, "has both private_key and private_key_file", "keep one")
	case values["password"] == "" && values["private_key"] == "" && values["private_key_file"] == "":
		return fault(at, "has neither password nor private key", "add password or private_key_file")
	}
	return entry{keyFile: values["private_key_file"], Credential: Credential{
		Username: values["username"], Password: NewSecret(values["password"]), EnableSecret: NewSecret(values["enable"]),
		PrivateKey: NewSecret(values["private_key"]), Passphrase: NewSecret(values["passphrase"]),
	}}, nil
}
