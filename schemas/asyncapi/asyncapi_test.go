package asyncapi_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/netrust/netrust/schemas"
	"github.com/netrust/netrust/schemas/asyncapi"
)

func channels(t *testing.T) []asyncapi.Channel {
	t.Helper()
	list, err := asyncapi.Read()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestEveryMessageHasAChannelAndASchema(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range channels(t) {
		for _, m := range c.Messages {
			seen[m.Schema] = true
			if _, err := schemas.Schema(m.Schema); err != nil {
				t.Errorf("channel %s: %v", c.Name, err)
			}
		}
	}
	for _, name := range schemas.Messages() {
		if !seen[name] {
			t.Errorf("no channel carries %s", name)
		}
	}
}

func TestEveryMessageHasOnePublisherAndSomebodyWhoReadsIt(t *testing.T) {
	t.Parallel()
	for _, c := range channels(t) {
		if c.Title == "" {
			t.Errorf("channel %s has no title", c.Name)
		}
		for _, m := range c.Messages {
			// Whoever cannot read a message sets it aside, and everybody reports to the audit: these alone have several.
			if len(m.Publishers) != 1 && c.Name != "deadLetters" && c.Name != "auditIntake" {
				t.Errorf("channel %s, message %s: published by %v, want one service", c.Name, m.Schema, m.Publishers)
			}
			if (m.Type == "") != (len(m.Headers) == 0) {
				t.Errorf("channel %s, message %s: type %q with headers %v", c.Name, m.Schema, m.Type, m.Headers)
			}
			if len(m.Consumers) == 0 {
				t.Errorf("channel %s, message %s: nobody consumes it", c.Name, m.Schema)
			}
		}
	}
}

func TestAChannelMatchesItsOwnSubjectsOnly(t *testing.T) {
	t.Parallel()
	list := channels(t)
	for _, c := range list {
		var matching []string
		for _, other := range list {
			if other.Matches(strings.ReplaceAll(c.Subject(), ">", "C.part")) {
				matching = append(matching, other.Name)
			}
		}
		if !slices.Equal(matching, []string{c.Name}) {
			t.Errorf("subject %s of channel %s matches %v", c.Subject(), c.Name, matching)
		}
		for _, subject := range []string{"", "job", c.Subject() + ".", "x" + c.Subject()} {
			if !strings.HasSuffix(c.Address, ">") && c.Matches(subject) {
				t.Errorf("channel %s matches %q", c.Name, subject)
			}
		}
	}
}

const sound = `asyncapi: 3.0.0
channels:
  gates:
    address: $KV.exec.gate.{job}
    x-bucket: exec
    parameters: {job: {$ref: '#/components/parameters/job'}}
    messages: {gate: {$ref: '#/components/messages/gate'}}
operations:
  sends: {x-service: scheduler, action: send, channel: {$ref: '#/channels/gates'}}
components:
  parameters:
    job: {examples: [a]}
  messages:
    gate: {traits: [{$ref: '#/components/messageTraits/event'}], payload: {schemaFormat: application/schema+json;version=2020-12, schema: {$ref: messages/gate.v1.json}}}
  messageTraits:
    event: {headers: {type: object, properties: {ce-type: {type: string}}}}
`

func TestAFaultInTheDocumentIsAnErrorThatNamesIt(t *testing.T) {
	t.Parallel()
	if list, err := asyncapi.Parse([]byte(sound)); err != nil || len(list) != 1 || !slices.Equal(list[0].Publishers, []string{"scheduler"}) {
		t.Fatalf("the document without a fault: %+v, %v", list, err)
	}
	for name, c := range map[string]struct{ old, new, want string }{
		"a key that does not exist":           {"x-bucket: exec", "x-buckets: exec", "x-buckets"},
		"a channel without a home":            {"    x-bucket: exec\n", "", "channel gates"},
		"a parameter that is not defined":     {"parameters/job'", "parameters/jobs'", "parameter job"},
		"a parameter without an example":      {"{examples: [a]}", "{description: a}", "parameter job"},
		"a token that no parameter describes": {"gate.{job}", "gate.{job}.{device}", "{device}"},
		"a message that is not defined":       {"messages/gate'", "messages/gates'", "message gate"},
		"a payload that is no schema":         {"messages/gate.v1.json", "elsewhere.json", "message gate"},
		"a payload of another format":         {"version=2020-12", "version=draft-07", "message gate"},
		"a trait that is not defined":         {"messageTraits/event'", "messageTraits/events'", "message gate"},
		"an operation on no channel":          {"#/channels/gates'}}", "#/channels/gate'}}", "operation sends"},
		"an action that does not exist":       {"action: send", "action: publish", "operation sends"},
		"a sender that acknowledges":          {"action: send", "action: send, x-acks: true", "operation sends"},
		"an operation of nobody":              {"x-service: scheduler, ", "", "operation sends"},
		"an operation on another's message":   {"#/channels/gates'}}", "#/channels/gates'}, messages: [{$ref: '#/channels/gates/messages/task'}]}", "no message"},
		"no YAML":                             {"asyncapi: 3.0.0", "asyncapi: [", "asyncapi.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(sound, c.old, c.new, 1)
			if text == sound {
				t.Fatalf("the document has no %q", c.old)
			}
			if _, err := asyncapi.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that names %q", err, c.want)
			}
		})
	}
}
