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

// jsonRecords reads a valid object: the fields that are not the list now, the list's items when they are asked for.
func jsonRecords(data []byte, list string) (*Records, error) {
	r := newJSONReader(data)
	start := between(data, 0)
	top := &Node{Kind: Map}
	top.Line, top.Column = r.placeOf(start)
	var lists []int // where each list begins; there should be one
	outside := 0
	for at := between(data, start+1); data[at] != '}'; {
		f := Field{}
		f.Line, f.Column = r.placeOf(at)
		end := extent(data, at)
		if err := json.Unmarshal(data[at:end], &f.Name); err != nil {
			return nil, r.fault(err)
		}
		at = between(data, end)
		end = extent(data, at)
		if f.Name == list && data[at] == '[' {
			f.Value = &Node{Kind: List}
			f.Value.Line, f.Value.Column = r.placeOf(at)
			lists = append(lists, at)
		} else {
			if outside += end - at; outside > maxPart {
				return nil, tooMuchOutside(list)
			}
			var err error
			if f.Value, err = r.part(at, end, 1); err != nil {
				return nil, err
			}
		}
		top.Fields = append(top.Fields, f)
		at = between(data, end)
	}
	return &Records{Top: top, Items: func(yield func(*Node, error) bool) {
		for _, at := range lists {
			if !r.eachItem(at, yield) {
				return
			}
		}
	}}, nil
}

// eachItem yields the items of the list that begins at the offset. It reports whether to go on.
func (r *jsonReader) eachItem(start int, yield func(*Node, error) bool) bool {
	for at := between(r.data, start+1); r.data[at] != ']'; {
		end := extent(r.data, at)
		var item *Node
		var err error
		if end-at > maxPart {
			line, column := r.placeOf(at)
			err = Fault{Line: line, Column: column, Message: fmt.Sprintf("is an item of more than %d bytes", maxPart), Remedy: "shorten it"}
		} else {
			item, err = r.part(at, end, 2)
		}
		if !yield(item, err) || err != nil {
			return false
		}
		at = between(r.data, end)
	}
	return true
}

// between returns the offset of the next value or closing bracket of a valid document.
func between(data []byte, at int) int {
	for at < len(data)-1 && bytes.IndexByte([]byte(" \t\r\n,:"), data[at]) >= 0 {
		at++
	}
	return at
}

// extent returns the offset after the value that begins at the offset, in a valid document.
func extent(data []byte, at int) int {
	depth, quoted := 0, false
	for ; at < len(data); at++ {
		switch c := data[at]; {
		case quoted && c == '\\':
			at++
		case c == '"':
			if quoted = !quoted; !quoted && depth == 0 {
				return at + 1
			}
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth == 0 {
				return at // the end of a number or word before a closing bracket
			}
			if depth--; depth == 0 {
				return at + 1
			}
		case depth == 0 && (c <= ' ' || c == ','):
			return at
		}
	}
	return len(data)
}
