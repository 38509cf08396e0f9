package credential

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/netrust/netrust/libs/internal/document"
	"github.com/netrust/netrust/libs/internal/nearest"
)

// Entry is a credential as a file keeps it.
type Entry struct {
	Credential
	KeyFile string    // where the private key is, when the entry does not hold it; relative to the file with the entry
	SetAt   time.Time // when `netrust credential set` wrote it; zero where a person did
}

// Complete returns the credential, with the private key read from its file. path is that of the file with the entry.
func (e Entry) Complete(path string) (Credential, error) {
	if e.KeyFile == "" {
		return e.Credential, nil
	}
	file := e.KeyFile
	if !filepath.IsAbs(file) {
		file = filepath.Join(filepath.Dir(path), file)
	}
	var err error
	if e.PrivateKey, err = ReadKey(file); err != nil {
		return Credential{}, err
	}
	return e.Credential, nil
}

// NoEntry says that a file has no entry of that name, and which ones it may have been taken for.
func NoEntry(ref Reference, entries map[string]Entry, remedy string) error {
	if near := nearest.Question(nearest.To(ref.Name, maps.Keys(entries), 3)); near != "" {
		remedy += "; " + near
	}
	return &MissingError{Reference: ref, Missing: []string{"entry " + ref.Name}, Remedy: remedy}
}

// ParseEntries reads a credentials file, in YAML or in JSON. Its errors are *[FileError]: they name lines and known fields,
// and repeat nothing of the file but entry names: a slip of indentation makes a field name of a password.
func ParseEntries(path string, data []byte) (map[string]Entry, error) {
	fail := func(line int, message, remedy string) (map[string]Entry, error) {
		return nil, &FileError{Path: path, Line: line, Message: message, Remedy: remedy}
	}
	read := document.YAML
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		read = document.JSON
	}
	root, err := read(data, maxFile)
	if err != nil {
		var fault document.Fault
		errors.As(err, &fault)
		return fail(fault.Line, "is not YAML as it is read here", "correct the line, or the one before it")
	}
	if root.Kind != document.Map || len(root.Fields) != 1 || root.Fields[0].Name != "credentials" || root.Fields[0].Value.Kind != document.Map {
		return fail(root.Line, "must hold one field, credentials, with a map of entries", "write credentials: and indent the entries under it")
	}
	entries := map[string]Entry{}
	for _, f := range root.Fields[0].Value.Fields {
		if !EntryName(f.Name) {
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
var entryFields = []string{"username", "password", "enable", "private_key", "private_key_file", "passphrase", "agent", "agent_key", "token", "set_at"}

func parseEntry(f document.Field) (Entry, *document.Fault) {
	fault := func(n *document.Node, message, remedy string) (Entry, *document.Fault) {
		at := document.At(n, "", "entry "+f.Name+" "+message, remedy)
		return Entry{}, &at
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
	agent, isBool := map[string]bool{"": false, "false": false, "true": true}[strings.ToLower(values["agent"])]
	setAt, timeErr := time.Parse(time.RFC3339, cmp.Or(values["set_at"], time.Time{}.Format(time.RFC3339)))
	switch {
	case !isBool:
		return fault(at, "has an agent that is neither true nor false", "write agent: true, or remove the field")
	case timeErr != nil:
		return fault(at, "has a set_at that is no time", "remove the field")
	case values["username"] == "" && values["token"] == "":
		return fault(at, "has no username", "add username")
	case values["private_key"] != "" && values["private_key_file"] != "":
		return fault(at, "has both private_key and private_key_file", "keep one")
	case values["password"] == "" && values["private_key"] == "" && values["private_key_file"] == "" && !agent && values["token"] == "":
		return fault(at, "has neither password nor private key", "add password or private_key_file")
	}
	return Entry{KeyFile: values["private_key_file"], SetAt: setAt, Credential: Credential{
		Username: values["username"], Password: NewSecret(values["password"]), EnableSecret: NewSecret(values["enable"]),
		PrivateKey: NewSecret(values["private_key"]), Passphrase: NewSecret(values["passphrase"]),
		Agent: agent, AgentKey: values["agent_key"], Token: NewSecret(values["token"]),
	}}, nil
}

// MarshalEntries writes entries in the clear, as JSON that [ParseEntries] reads: only for what encrypts it.
func MarshalEntries(entries map[string]Entry) ([]byte, error) {
	out := map[string]map[string]any{}
	for name, e := range entries {
		fields := map[string]any{}
		set := func(name, value string) {
			if value != "" {
				fields[name] = value
			}
		}
		set("username", e.Username)
		set("password", e.Password.Reveal())
		set("enable", e.EnableSecret.Reveal())
		set("private_key", e.PrivateKey.Reveal())
		set("private_key_file", e.KeyFile)
		set("passphrase", e.Passphrase.Reveal())
		set("agent_key", e.AgentKey)
		set("token", e.Token.Reveal())
		if e.Agent {
			fields["agent"] = true
		}
		if !e.SetAt.IsZero() {
			set("set_at", e.SetAt.UTC().Format(time.RFC3339))
		}
		out[name] = fields
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(map[string]any{"credentials": out})
	return text.Bytes(), err
}
