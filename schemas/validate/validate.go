// Package validate checks messages against the schemas, formats included. It is for tests: of the samples, of the Go types
// in libs/contract, and of what a service publishes. Services themselves decode into Go types and do not validate.
package validate

import (
	"bytes"
	"fmt"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/netrust/netrust/schemas"
)

// Validator holds the compiled schemas. It is safe for concurrent use.
type Validator struct {
	compiled map[string]*jsonschema.Schema
}

// New compiles every schema of package schemas.
func New() (*Validator, error) {
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	compiler.AssertContent()
	for _, name := range append(schemas.Messages(), schemas.Definitions) {
		data, err := schemas.Schema(name)
		if err != nil {
			return nil, err
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			return nil, fmt.Errorf("schema %s: %w", name, err)
		}
		if err := compiler.AddResource(url(name), doc); err != nil {
			return nil, fmt.Errorf("schema %s: %w", name, err)
		}
	}
	v := &Validator{compiled: map[string]*jsonschema.Schema{}}
	for _, name := range schemas.Messages() {
		s, err := compiler.Compile(url(name))
		if err != nil {
			return nil, fmt.Errorf("schema %s: %w", name, err)
		}
		v.compiled[name] = s
	}
	return v, nil
}

// Check returns what the message's schema, such as that of "task.v1", has against the data; nil if nothing.
func (v *Validator) Check(name string, data []byte) error {
	s, ok := v.compiled[name]
	if !ok {
		return fmt.Errorf("no schema %q", name)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("message %s: %w", name, err)
	}
	if err := s.Validate(value); err != nil {
		return fmt.Errorf("message %s: %w", name, err)
	}
	return nil
}

func url(name string) string { return schemas.Base + name + ".json" }
