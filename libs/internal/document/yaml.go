package document

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// YAML reads one document of at most limit bytes. An empty one is a node of kind [Null]. The error is a [Fault].
func YAML(data []byte, limit int) (*Node, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if err := checkBytes(data, limit, 0); err != nil {
		return nil, err
	}
	return parseYAML(data, 0)
}

// checkBytes refuses what is too large and what is not text.
func checkBytes(data []byte, limit, linesBefore int) error {
	if len(data) > limit {
		return Fault{Message: fmt.Sprintf("is %d bytes long; at most %d are read", len(data), limit), Remedy: "split it"}
	}
	line := 1 + linesBefore
	for i := 0; i < len(data); {
		switch c := data[i]; {
		case c == '\n':
			line++
			i++
		case c < ' ' && c != '\t' && c != '\r' || c == 0x7f:
			return Fault{Line: line, Message: fmt.Sprintf("holds the control character 0x%02X", c), Remedy: "remove it, or write it as an escape in double quotes"}
		case c < utf8.RuneSelf:
			i++
		default:
			r, size := utf8.DecodeRune(data[i:])
			if r == utf8.RuneError && size == 1 {
				return Fault{Line: line, Message: "is not UTF-8 text", Remedy: "save the file as UTF-8"}
			}
			i += size
		}
	}
	return nil
}

// parseYAML reads a document, or a part of one that begins after linesBefore lines of the file.
func parseYAML(data []byte, linesBefore int) (root *Node, err error) {
	// A fault of the parser must not end a service over a file that somebody sent.
	defer func() {
		if r := recover(); r != nil {
			root, err = nil, Fault{Line: linesBefore + 1, Message: fmt.Sprintf("cannot be read: the YAML parser failed (%v)", r), Remedy: "write it in plain block style"}
		}
	}()
	tokens := lexer.Tokenize(string(data))
	if err := checkTokens(tokens, linesBefore); err != nil {
		return nil, err
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, syntaxFault(err, linesBefore)
	}
	c := converter{linesBefore: linesBefore}
	root = &Node{Kind: Null, Line: linesBefore + 1, Column: 1}
	for i, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if i > 0 && root.Kind != Null {
			return nil, At(c.node(doc.Body, 0), "", "is a second document", "keep one document in the file: remove the line ---")
		}
		root = c.node(doc.Body, 0)
	}
	if c.fault != nil {
		return nil, *c.fault
	}
	return root, nil
}

// syntaxFault takes message and place out of the parser's error, which would otherwise quote the source over many lines.
func syntaxFault(err error, linesBefore int) Fault {
	f := Fault{Message: "is not YAML: " + firstLine(err.Error()), Remedy: "correct the line, or the one before it"}
	var located yaml.Error
	if errors.As(err, &located) {
		f.Message = "is not YAML: " + firstLine(located.GetMessage())
		if t := located.GetToken(); t != nil && t.Position != nil {
			f.Line, f.Column = t.Position.Line+linesBefore, t.Position.Column
		}
	}
	return f
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// converter makes nodes of the parser's tree, and keeps the first thing that it cannot take.
type converter struct {
	linesBefore int
	fault       *Fault
}

func (c *converter) node(from ast.Node, depth int) *Node {
	n := &Node{Kind: Null}
	if from == nil {
		return n
	}
	c.place(n, from.GetToken())
	switch from := from.(type) {
	case *ast.NullNode, *ast.CommentGroupNode:
	case *ast.BoolNode:
		n.Kind, n.Text = Bool, from.Token.Value
	case *ast.IntegerNode:
		n.Kind, n.Text = Number, from.Token.Value
	case *ast.FloatNode:
		n.Kind, n.Text = Number, from.Token.Value
	case *ast.InfinityNode:
		n.Kind, n.Text = Number, from.Token.Value
	case *ast.NanNode:
		n.Kind, n.Text = Number, from.Token.Value
	case *ast.StringNode:
		n.Kind, n.Text = Text, from.Value
	case *ast.LiteralNode:
		n.Kind, n.Text = Text, from.Value.Value
	case *ast.SequenceNode:
		n.Kind, n.Items = List, make([]*Node, 0, len(from.Values))
		for _, value := range from.Values {
			n.Items = append(n.Items, c.child(value, depth))
		}
	case *ast.MappingNode:
		n.Kind, n.Fields = Map, make([]Field, 0, len(from.Values))
		for _, value := range from.Values {
			c.field(n, value, depth)
		}
		// A map in block style has no place of its own: it begins with its first field.
		if from.Start == nil || from.Start.Type != token.MappingStartType {
			n.begin()
		}
	case *ast.MappingValueNode:
		n.Kind = Map
		c.field(n, from, depth)
		n.begin()
	default:
		c.refuse(n, "uses a YAML feature that is not read here ("+from.Type().YAMLName()+")", "write plain values")
	}
	return n
}

func (c *converter) child(from ast.Node, depth int) *Node {
	if depth+1 >= MaxDepth {
		n := &Node{}
		c.place(n, from.GetToken())
		c.refuse(n, fmt.Sprintf("is nested more than %d deep", MaxDepth), "write it flatter")
		return n
	}
	return c.node(from, depth+1)
}

// begin places a map at its first field.
func (n *Node) begin() {
	if len(n.Fields) > 0 {
		n.Line, n.Column = n.Fields[0].Line, n.Fields[0].Column
	}
}

func (c *converter) field(to *Node, from *ast.MappingValueNode, depth int) {
	key := Node{}
	c.place(&key, from.Key.GetToken())
	scalar, ok := from.Key.(ast.ScalarNode)
	if !ok || from.Key.IsMergeKey() {
		c.refuse(&key, "has a field name that is not text", "write the name as text")
		return
	}
	f := Field{Name: scalar.GetToken().Value, Line: key.Line, Column: key.Column, Value: c.child(from.Value, depth)}
	if f.Value.Kind == Null {
		f.Value.Line, f.Value.Column = f.Line, f.Column
	}
	to.Fields = append(to.Fields, f)
}

func (c *converter) place(n *Node, t *token.Token) {
	n.Line, n.Column = c.linesBefore+1, 1
	if t != nil && t.Position != nil {
		n.Line, n.Column = t.Position.Line+c.linesBefore, t.Position.Column
	}
}

func (c *converter) refuse(n *Node, message, remedy string) {
	if c.fault == nil {
		f := At(n, "", message, remedy)
		c.fault = &f
	}
}
