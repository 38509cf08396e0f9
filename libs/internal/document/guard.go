package document

import (
	"fmt"

	"github.com/goccy/go-yaml/token"
)

// checkTokens refuses, before anything recurses over the tokens, what nests too deep and the features that we do not
// read. The parser's work grows with the square of the depth: 65,536 open brackets keep it busy for 18 seconds.
func checkTokens(tokens token.Tokens, linesBefore int) error {
	d := depth{}
	for _, t := range tokens {
		message, remedy := refusal(t)
		if message == "" && d.next(t) > MaxDepth {
			message, remedy = fmt.Sprintf("is nested more than %d deep", MaxDepth), "write it flatter"
		}
		if message != "" {
			return Fault{Line: t.Position.Line + linesBefore, Column: t.Position.Column, Message: message, Remedy: remedy}
		}
	}
	return nil
}

func refusal(t *token.Token) (message, remedy string) {
	switch t.Type {
	case token.AnchorType, token.AliasType:
		return "uses a YAML anchor or alias, which is not read here", "write the value out, or use defaults; put text that begins with & or * in quotes"
	case token.MergeKeyType:
		return "uses a YAML merge key, which is not read here", "write the fields out, or use defaults"
	case token.TagType:
		return "uses a YAML tag, which is not read here", "remove it; put text that begins with ! in quotes"
	case token.DirectiveType:
		return "uses a YAML directive, which is not read here", "remove the line; put text that begins with % in quotes"
	case token.MappingKeyType:
		return "uses a YAML complex key, which is not read here", "write key: value; put text that begins with ? in quotes"
	}
	return "", ""
}

// depth follows how deep the tokens nest: brackets, and the columns where maps and lists of block style begin.
type depth struct {
	flow    int
	columns []int
}

func (d *depth) next(t *token.Token) int {
	switch t.Type {
	case token.SequenceStartType, token.MappingStartType:
		d.flow++
	case token.SequenceEndType, token.MappingEndType:
		d.flow = max(0, d.flow-1)
	case token.SequenceEntryType:
		d.block(t.Position.Column)
	case token.MappingValueType:
		if t.Prev != nil {
			d.block(t.Prev.Position.Column)
		}
	}
	return d.flow + len(d.columns)
}

func (d *depth) block(column int) {
	if d.flow > 0 {
		return
	}
	for len(d.columns) > 0 && d.columns[len(d.columns)-1] > column {
		d.columns = d.columns[:len(d.columns)-1]
	}
	// A list may stand at the column of the key that holds it: then the two share an entry, and the bound is a little laxer.
	if len(d.columns) == 0 || d.columns[len(d.columns)-1] < column {
		d.columns = append(d.columns, column)
	}
}
