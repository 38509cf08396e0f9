package textfsm

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"github.com/netrust/netrust/libs/driver/platform"
)

// indexFile is the name of the index in a directory of templates.
const indexFile = "index"

// Library is a directory of templates with its index. Templates are compiled when they are first used, and kept. It is
// safe for concurrent use.
type Library struct {
	files fs.FS
	index *index

	mu       sync.Mutex
	compiled map[string]*Template
}

// Open reads the index of a directory. Errors are *[TemplateError], or say that there is no index.
func Open(files fs.FS) (*Library, error) {
	data, err := fs.ReadFile(files, indexFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the directory of templates has no file index: %w; name the directory ntc_templates/templates of ntc-templates", err)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the index of templates: %w", err)
	}
	x, err := parseIndex(indexFile, string(data))
	if err != nil {
		return nil, err
	}
	return &Library{files: files, index: x, compiled: map[string]*Template{}}, nil
}

// names maps our platforms to the library's where they differ.
var names = map[string]string{platform.GenericSSH: "linux"}

// Parse finds the templates of a command and reads what the device printed for it. The platform is one of ours, an alias of it, or a
// name that only the library knows. Errors: *[NoTemplateError], *[TemplateError], *[ParseError], or the context's.
func (l *Library) Parse(ctx context.Context, platformName, command, text string) (*Table, error) {
	if p, err := platform.Lookup(platformName); err == nil && platformName != "linux" {
		platformName = p.Name
		if other, ok := names[p.Name]; ok {
			platformName = other
		}
	}
	command = strings.TrimSpace(command)
	files, err := l.index.find(map[string]string{"platform": platformName, "command": command})
	if err != nil {
		return nil, fmt.Errorf("looking for the template of %q: %w", command, err)
	}
	if files == nil {
		return nil, &NoTemplateError{Platform: platformName, Command: command}
	}
	var table *Table
	var keys []string
	for _, file := range files {
		t, err := l.template(file)
		if err != nil {
			return nil, err
		}
		part, err := t.Parse(ctx, text)
		if err != nil {
			return nil, err
		}
		if table == nil {
			table, keys = part, t.Keys()
		} else if err := table.extend(part, keys); err != nil {
			return nil, &TemplateError{File: file, Message: "it does not go with the template before it", Err: err}
		}
	}
	return table, nil
}

// template gives a compiled template.
func (l *Library) template(file string) (*Template, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t := l.compiled[file]; t != nil {
		return t, nil
	}
	data, err := fs.ReadFile(l.files, file)
	if err != nil {
		return nil, &TemplateError{File: file, Message: "the index names a template that cannot be read", Err: err}
	}
	t, err := Compile(file, string(data))
	if err != nil {
		return nil, err
	}
	l.compiled[file] = t
	return t, nil
}
