package asyncapi

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// document is asyncapi.yaml as it is written.
type document struct {
	AsyncAPI           string                  `yaml:"asyncapi"`
	Info               map[string]string       `yaml:"info"`
	DefaultContentType string                  `yaml:"defaultContentType"`
	Channels           map[string]rawChannel   `yaml:"channels"`
	Operations         map[string]rawOperation `yaml:"operations"`
	Components         struct {
		Parameters map[string]Parameter  `yaml:"parameters"`
		Messages   map[string]rawMessage `yaml:"messages"`
		Traits     map[string]rawTrait   `yaml:"messageTraits"`
	} `yaml:"components"`
}

type reference struct {
	Ref string `yaml:"$ref"`
}

type rawChannel struct {
	Address     string               `yaml:"address"`
	Title       string               `yaml:"title"`
	Description string               `yaml:"description"`
	Stream      string               `yaml:"x-stream"`
	Bucket      string               `yaml:"x-bucket"`
	Objects     string               `yaml:"x-objects"`
	MadeBy      []string             `yaml:"x-made-by"`
	Parameters  map[string]reference `yaml:"parameters"`
	Messages    map[string]reference `yaml:"messages"`
}

type rawOperation struct {
	Service  string      `yaml:"x-service"`
	Action   string      `yaml:"action"`
	Channel  reference   `yaml:"channel"`
	Messages []reference `yaml:"messages"`
	Acks     bool        `yaml:"x-acks"`
	Purges   bool        `yaml:"x-purges"`
}

type rawMessage struct {
	Name    string      `yaml:"name"`
	Traits  []reference `yaml:"traits"`
	Payload struct {
		Format string    `yaml:"schemaFormat"`
		Schema reference `yaml:"schema"`
	} `yaml:"payload"`
}

type rawTrait struct {
	Headers struct {
		Type       string                    `yaml:"type"`
		Required   []string                  `yaml:"required"`
		Properties map[string]map[string]any `yaml:"properties"`
	} `yaml:"headers"`
}

// schemaFormat is the only one that payloads have.
const schemaFormat = "application/schema+json;version=2020-12"

func (d *document) channel(name string, raw rawChannel) (Channel, error) {
	c := Channel{Name: name, Address: raw.Address, Title: raw.Title, Description: raw.Description, MadeBy: raw.MadeBy, Parameters: map[string]Parameter{}}
	switch {
	case raw.Stream != "":
		c.Home = "stream " + raw.Stream
	case raw.Bucket != "":
		c.Home = "bucket " + raw.Bucket
	case raw.Objects != "":
		c.Home = "objects " + raw.Objects
	default:
		return c, fmt.Errorf("says neither x-stream nor x-bucket nor x-objects")
	}
	for p, ref := range raw.Parameters {
		def, ok := d.Components.Parameters[strings.TrimPrefix(ref.Ref, "#/components/parameters/")]
		if !ok || len(def.Examples) == 0 {
			return c, fmt.Errorf("parameter %s: %q is not defined with an example", p, ref.Ref)
		}
		c.Parameters[p] = def
	}
	for _, token := range strings.Split(raw.Address, ".") {
		if p, ok := strings.CutPrefix(token, "{"); ok {
			if _, ok := raw.Parameters[strings.TrimSuffix(p, "}")]; !ok {
				return c, fmt.Errorf("address has %s, parameters do not", token)
			}
		}
	}
	for _, op := range d.Operations {
		if op.Channel.Ref == "#/channels/"+name {
			c.Operations = append(c.Operations, Operation{Service: op.Service, Send: op.Action == "send", Acks: op.Acks, Purges: op.Purges})
		}
	}
	slices.SortFunc(c.Operations, func(a, b Operation) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.action(), b.action()))
	})
	return c, d.messages(&c, raw)
}

func (o Operation) action() string {
	if o.Send {
		return "send"
	}
	return "receive"
}

func (d *document) messages(c *Channel, raw rawChannel) error {
	for name, ref := range raw.Messages {
		m, err := d.message(ref)
		if err != nil {
			return fmt.Errorf("message %s: %w", name, err)
		}
		for _, op := range d.Operations {
			if op.Channel.Ref != "#/channels/"+c.Name || !op.covers(c.Name, name) {
				continue
			}
			if op.Action == "send" {
				m.Publishers = add(m.Publishers, op.Service)
				c.Publishers = add(c.Publishers, op.Service)
			} else {
				m.Consumers = add(m.Consumers, op.Service)
				c.Consumers = add(c.Consumers, op.Service)
			}
		}
		c.Messages = append(c.Messages, m)
	}
	slices.SortFunc(c.Messages, func(a, b Message) int { return strings.Compare(a.Schema, b.Schema) })
	return nil
}

func (d *document) message(ref reference) (Message, error) {
	def, ok := d.Components.Messages[strings.TrimPrefix(ref.Ref, "#/components/messages/")]
	schema, isSchema := strings.CutPrefix(def.Payload.Schema.Ref, "messages/")
	if !ok || !isSchema || def.Payload.Format != schemaFormat {
		return Message{}, fmt.Errorf("%q is not defined with a payload of format %s", ref.Ref, schemaFormat)
	}
	m := Message{Type: def.Name, Schema: strings.TrimSuffix(schema, ".json")}
	for _, t := range def.Traits {
		trait, ok := d.Components.Traits[strings.TrimPrefix(t.Ref, "#/components/messageTraits/")]
		if !ok {
			return Message{}, fmt.Errorf("trait %q is not defined", t.Ref)
		}
		for header := range trait.Headers.Properties {
			m.Headers = add(m.Headers, header)
		}
	}
	return m, nil
}

// covers reports whether the operation is about the message; one that names none is about all of its channel.
func (o rawOperation) covers(channel, message string) bool {
	return len(o.Messages) == 0 || slices.Contains(o.Messages, reference{"#/channels/" + channel + "/messages/" + message})
}

func (d *document) checkOperations() error {
	for name, op := range d.Operations {
		channel := strings.TrimPrefix(op.Channel.Ref, "#/channels/")
		raw, ok := d.Channels[channel]
		switch {
		case !ok:
			return fmt.Errorf("operation %s: no channel %q", name, op.Channel.Ref)
		case op.Action != "send" && op.Action != "receive":
			return fmt.Errorf("operation %s: action %q is neither send nor receive", name, op.Action)
		case op.Service == "":
			return fmt.Errorf("operation %s: says no x-service", name)
		case op.Acks && op.Action == "send":
			return fmt.Errorf("operation %s: x-acks is for what is received", name)
		}
		for _, m := range op.Messages {
			message, ok := strings.CutPrefix(m.Ref, "#/channels/"+channel+"/messages/")
			if _, known := raw.Messages[message]; !ok || !known {
				return fmt.Errorf("operation %s: channel %s has no message %q", name, channel, m.Ref)
			}
		}
	}
	return nil
}

func add(list []string, s string) []string {
	if !slices.Contains(list, s) {
		list = append(list, s)
		slices.Sort(list)
	}
	return list
}
