package document

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// isObject reports whether the document is a JSON object. What only looks like one is left to the YAML parser.
func isObject(data []byte) bool {
	trimmed := bytes.TrimLeft(data, " \t\r\n")
	return len(trimmed) > 0 && trimmed[0] == '{' && json.Valid(data)
}

// jsonRecords reads a valid object: first where its fields stand, then those that are not the list.
func jsonRecords(data []byte, list string) (*Records, error) {
	r := newJSONReader(data)
	top := &Node{Kind: Map}
	top.Line, top.Column = r.place()
	r.open()
	var itemsAt []int // where each list begins; there should be one
	outside := 0
	for r.dec.More() {
		f := Field{}
		f.Line, f.Column = r.place()
		name, err := r.dec.Token()
		if err != nil {
			return nil, r.fault(err)
		}
		f.Name, _ = name.(string)
		from, to, err := r.skip()
		if err != nil {
			return nil, err
		}
		if f.Name == list && data[from] == '[' {
			f.Value = &Node{Kind: List}
			f.Value.Line, f.Value.Column = r.placeOf(from)
			itemsAt = append(itemsAt, from, to)
		} else if outside += to - from; outside > maxPart {
			return nil, tooMuchOutside(list)
		} else if f.Value, err = r.part(from, to, 1); err != nil {
			return nil, err
		}
		top.Fields = append(top.Fields, f)
	}
	return &Records{Top: top, Items: func(yield func(*Node, error) bool) {
		for i := 0; i < len(itemsAt); i += 2 {
			if !r.eachItem(itemsAt[i], itemsAt[i+1], yield) {
				return
			}
		}
	}}, nil
}

// eachItem yields the items of the list between the offsets. It reports whether to go on.
func (r *jsonReader) eachItem(from, to int, yield func(*Node, error) bool) bool {
	items := &jsonReader{dec: json.NewDecoder(bytes.NewReader(r.data[from:to])), data: r.data, lines: r.lines, base: from}
	items.open()
	for items.dec.More() {
		start, end, err := items.skip()
		var item *Node
		switch {
		case err != nil:
		case end-start > maxPart:
			line, column := r.placeOf(start)
			err = Fault{Line: line, Column: column, Message: fmt.Sprintf("is an item of more than %d bytes", maxPart), Remedy: "shorten it"}
		default:
			item, err = items.part(start, end, 2)
		}
		if !yield(item, err) || err != nil {
			return false
		}
	}
	return true
}

// open takes the bracket that begins a list or a map of a document that is known to be valid.
func (r *jsonReader) open() { _, _ = r.dec.Token() }
