// Package schemas holds the truth about what netrust's services say to each other: one JSON Schema (2020-12) per message
// and version, golden samples of each, and asyncapi.yaml, which says who publishes and who consumes what, and where.
//
// The Go types of libs/contract are held against it by a test in both directions. Within a major version only optional
// fields are added; a new major is a new file beside the old one, and a new subject.
//
// Everything is embedded: the package reads no file and needs no error handling beyond a name that does not exist. All
// functions are safe for concurrent use.
package schemas

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:embed messages/*.json samples asyncapi.yaml
var files embed.FS

// Base is the $id below which every schema lies; a $ref between them is relative to it.
const Base = "https://github.com/netrust/netrust/schemas/messages/"

// Definitions is the schema that others refer to, and no message by itself.
const Definitions = "definitions.v1"

// Messages returns the names of all messages with their major version, such as "task.v1", sorted.
func Messages() []string {
	entries, _ := fs.ReadDir(files, "messages") // embedded: cannot fail
	var names []string
	for _, e := range entries {
		if name := strings.TrimSuffix(e.Name(), ".json"); name != Definitions {
			names = append(names, name)
		}
	}
	return names
}

// Schema returns the JSON Schema of a message, or of [Definitions]. Its $id is [Base] and the file's name.
func Schema(name string) ([]byte, error) {
	data, err := files.ReadFile(path.Join("messages", name+".json"))
	if err != nil {
		return nil, fmt.Errorf("no schema %q: %w", name, err)
	}
	return data, nil
}

// Sample is one golden message.
type Sample struct {
	// Name says what the message states, such as "retry_after_unreachable".
	Name string
	JSON []byte
}

// Samples returns the golden messages of a message's name, such as "task.v1", sorted by name. Every consumer decodes them
// all in a test.
func Samples(name string) ([]Sample, error) {
	dir := path.Join("samples", name)
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		return nil, fmt.Errorf("no samples of %q: %w", name, err)
	}
	var samples []Sample
	for _, e := range entries {
		data, err := files.ReadFile(path.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("sample %s of %q: %w", e.Name(), name, err)
		}
		samples = append(samples, Sample{Name: strings.TrimSuffix(e.Name(), ".json"), JSON: data})
	}
	return samples, nil
}

// AsyncAPI returns asyncapi.yaml. Package asyncapi reads it.
func AsyncAPI() []byte {
	data, _ := files.ReadFile("asyncapi.yaml") // embedded: cannot fail
	return data
}
