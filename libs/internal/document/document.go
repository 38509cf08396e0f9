// Package document reads YAML and JSON that people write, strictly and within bounds, into a small tree which knows
// where in the file each value stands.
//
// It promises that every fault carries its line and column, that no more than the given number of bytes is handed to
// the YAML parser at once, and that nesting is bounded before anything recurses. Anchors, aliases, merge keys, tags,
// directives and a second document are refused: nothing in a file of ours needs them, and aliases can grow without
// limit. What the values mean is the caller's.
package document

import (
	"fmt"
	"strings"
)

// MaxDepth bounds how deep lists and maps may be nested.
const MaxDepth = 32

// Kind is what a node is.
type Kind uint8

// The kinds of nodes. A scalar keeps its text as it is written in the file.
const (
	Null Kind = iota
	Bool
	Number
	Text
	List
	Map
)

// String names the kind as an error message does.
func (k Kind) String() string {
	return [...]string{"nothing", "true or false", "a number", "text", "a list", "a map of fields"}[k]
}

// Node is one value of a document.
type Node struct {
	Kind   Kind
	Text   string // of a scalar
	Line   int    // from 1
	Column int    // from 1
	Items  []*Node
	Fields []Field
}

// Field is one entry of a map, in the order of the file.
type Field struct {
	Name   string
	Line   int
	Column int
	Value  *Node
}

// Find returns the value of the first field of that name, or nil.
func (n *Node) Find(name string) *Node {
	if n == nil {
		return nil
	}
	for i := range n.Fields {
		if n.Fields[i].Name == name {
			return n.Fields[i].Value
		}
	}
	return nil
}

// Fault is one thing wrong with a document.
type Fault struct {
	Line, Column int    // from 1; 0 when the fault has no place
	Path         string // devices[3].port; empty when the fault is not in a value
	Message      string
	Remedy       string
}

// Error implements error.
func (f Fault) Error() string {
	var b strings.Builder
	if f.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", f.Line)
	}
	if f.Path != "" {
		b.WriteString(f.Path + ": ")
	}
	b.WriteString(f.Message)
	if f.Remedy != "" {
		b.WriteString("; " + f.Remedy)
	}
	return b.String()
}

// At makes a fault at the node. A nil node makes a fault without a place.
func At(n *Node, path, message, remedy string) Fault {
	f := Fault{Path: path, Message: message, Remedy: remedy}
	if n != nil {
		f.Line, f.Column = n.Line, n.Column
	}
	return f
}
