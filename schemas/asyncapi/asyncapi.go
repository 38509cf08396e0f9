// Package asyncapi reads schemas/asyncapi.yaml: the subjects and keys that netrust's services use, the messages on each,
// and who publishes and consumes them. It is for tests, generators and whoever derives permissions; services take their
// subjects from libs/contract.
//
// It reads what that file uses of AsyncAPI 3.0, no more, and refuses what it does not know, so that a spelling mistake is
// an error and not a silence.
package asyncapi

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/netrust/netrust/schemas"
)

// Channel is one family of subjects.
type Channel struct {
	// Name is its key in the document.
	Name string
	// Address is the subject, with {parameters} in place of tokens.
	Address            string
	Title, Description string
	// Home says what holds the messages, such as "stream JOBS" or "bucket exec".
	Home string
	// MadeBy are the services that make the stream anew when the server has lost it; none for a stream that is on disk.
	MadeBy     []string
	Parameters map[string]Parameter
	Messages   []Message // by name in the document
	// Publishers and Consumers are services, sorted.
	Publishers, Consumers []string
	Operations            []Operation // sorted by service, then action
}

// Operation is what one service does with a channel.
type Operation struct {
	Service string
	// Send says that the service publishes; otherwise it consumes.
	Send bool
	// Acks says that the service acknowledges what it consumes, to a consumer that all of its processes share.
	Acks bool
	// Purges says that the service removes messages of the channel from its stream.
	Purges bool
}

// Parameter is one token of an address.
type Parameter struct {
	Description string   `yaml:"description"`
	Enum        []string `yaml:"enum"`
	Examples    []string `yaml:"examples"`
}

// Message is what travels in a channel.
type Message struct {
	// Type is the CloudEvents type; empty for values of buckets and objects, which are not events.
	Type string
	// Schema is the name of its schema, as package schemas takes it: "task.v1".
	Schema string
	// Headers are the names of its headers, sorted; empty without a type.
	Headers []string
	// Publishers and Consumers are those of the channel that send and receive this message.
	Publishers, Consumers []string
}

// Read returns the channels of the embedded document, by name.
func Read() ([]Channel, error) { return Parse(schemas.AsyncAPI()) }

// Parse reads a document. Errors name the channel or operation.
func Parse(data []byte) ([]Channel, error) {
	var doc document
	decoder := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict())
	if err := decoder.Decode(&doc); err != nil {
		return nil, fmt.Errorf("reading asyncapi.yaml: %w", err)
	}
	var channels []Channel
	for name, raw := range doc.Channels {
		c, err := doc.channel(name, raw)
		if err != nil {
			return nil, fmt.Errorf("channel %s: %w", name, err)
		}
		channels = append(channels, c)
	}
	slices.SortFunc(channels, func(a, b Channel) int { return strings.Compare(a.Name, b.Name) })
	return channels, doc.checkOperations()
}

// Subject returns the channel's subject with every parameter replaced by its first example.
func (c Channel) Subject() string {
	subject := c.Address
	for name, p := range c.Parameters {
		subject = strings.ReplaceAll(subject, "{"+name+"}", p.Examples[0])
	}
	return subject
}

// Matches reports whether the subject is one of the channel's.
func (c Channel) Matches(subject string) bool {
	want, got := strings.Split(c.Address, "."), strings.Split(subject, ".")
	for i, token := range want {
		switch {
		case token == ">":
			return len(got) > i
		case i >= len(got) || got[i] == "":
			return false
		case strings.HasPrefix(token, "{"):
			p := c.Parameters[strings.Trim(token, "{}")]
			if len(p.Enum) > 0 && !slices.Contains(p.Enum, got[i]) {
				return false
			}
		case token != got[i]:
			return false
		}
	}
	return len(got) == len(want)
}
