package credential

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"
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
//	    agent: true                     # an SSH agent keeps the key; agent_key: chooses one of several
//	    token: …                        # for HTTP APIs, which need no username
type FileProvider struct {
	path string
	now  func() time.Time

	mu      sync.Mutex
	read    fs.FileInfo // of what entries were read from; nil when they may not be kept
	entries map[string]Entry
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
		return Credential{}, NoEntry(ref, entries, "add it under credentials: in "+p.path)
	}
	return found.Complete(p.path)
}

// Stamp implements [Stamper]: it changes when the file does.
func (p *FileProvider) Stamp(string) string { return StampOf(p.path) }

// StampOf tells one state of a file from another by what the system says about it, without reading it.
func StampOf(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	return fmt.Sprint(info.ModTime().UnixNano(), info.Size(), info.Mode())
}

// load returns the entries of the file as it is now.
func (p *FileProvider) load() (map[string]Entry, error) {
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
	data, info, err := ReadPrivate(p.path)
	if err != nil {
		return nil, err
	}
	entries, err := ParseEntries(p.path, data)
	if err != nil {
		return nil, err
	}
	if p.now().Sub(info.ModTime()) > settled {
		p.read, p.entries = info, entries
	}
	return entries, nil
}
