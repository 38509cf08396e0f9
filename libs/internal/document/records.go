package document

import (
	"bytes"
	"fmt"
	"iter"
)

// Sizes of what is handed to the YAML parser at once: its tree takes some seventy times the text.
const (
	chunkSize = 128 << 10
	maxPart   = 1 << 20 // one record, everything outside the list, or a document that cannot be cut
)

// Records is a document that is a map with one long list in it, read piece by piece so that memory does not grow with
// the whole.
type Records struct {
	// Top is the document without the list's items.
	Top *Node
	// Items yields the list's items, in order, or the [Fault] after which there are no more.
	Items iter.Seq2[*Node, error]
}

// ReadRecords opens a YAML or JSON document of at most limit bytes. Lists in block style and JSON are read piece by piece;
// a list in YAML's flow style is read at once, which a lower limit bounds. The error is a [Fault].
func ReadRecords(data []byte, list string, limit int) (*Records, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if err := checkBytes(data, limit, 0); err != nil {
		return nil, err
	}
	if isObject(data) {
		return jsonRecords(data, list)
	}
	if parts, ok := cut(data, list); ok {
		return parts.records(list)
	}
	return wholeRecords(data, list)
}

// wholeRecords parses the document at once.
func wholeRecords(data []byte, list string) (*Records, error) {
	if len(data) > maxPart {
		return nil, Fault{Message: fmt.Sprintf("is larger than %d bytes and has no list %s: in block style", maxPart, list),
			Remedy: "write one item per line, each beginning with -, or use JSON"}
	}
	root, err := parseYAML(data, 0)
	if err != nil {
		return nil, err
	}
	var items []*Node
	if found := root.Find(list); found != nil && found.Kind == List {
		items, found.Items = found.Items, nil
	}
	return &Records{Top: root, Items: func(yield func(*Node, error) bool) {
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}}, nil
}

// parts are a YAML document, cut before and after the items of its list.
type parts struct {
	head, items, tail            []byte
	linesInHead, linesBeforeTail int
}

// cut finds the list by its key at the beginning of a line and its items by the indentation of the first one. YAML allows
// no line with so little indentation inside a value of an item, so that a document that can be cut is cut rightly; one
// that cannot (another style, another order of lines) is left to the parser as a whole.
func cut(data []byte, list string) (parts, bool) {
	p := parts{}
	state, indent, line := beforeList, 0, 0
	headEnd, itemsEnd := 0, 0
	for at := 0; at < len(data); {
		end := at + 1 + bytes.IndexByte(data[at:], '\n')
		if end == at {
			end = len(data)
		}
		text := bytes.TrimRight(data[at:end], " \r\n")
		content := bytes.TrimLeft(text, " ")
		spaces := len(text) - len(content)
		line++
		empty := len(content) == 0 || content[0] == '#'
		switch {
		case !empty && spaces == 0 && isKey(content, list):
			if state != beforeList {
				return parts{}, false
			}
			state, headEnd, itemsEnd, p.linesInHead = beforeItems, end, end, line
		case empty || state == beforeList || state == afterItems:
		case isItem(content) && (state == beforeItems || spaces == indent):
			state, indent = inItems, spaces
		case state == inItems && spaces > indent:
		case spaces == 0:
			state, itemsEnd, p.linesBeforeTail = afterItems, at, line-1
		default:
			return parts{}, false
		}
		at = end
	}
	switch state {
	case beforeList, beforeItems:
		return parts{}, false
	case inItems:
		itemsEnd, p.linesBeforeTail = len(data), line
	}
	p.head, p.items, p.tail = data[:headEnd], data[headEnd:itemsEnd], data[itemsEnd:]
	return p, true
}

const (
	beforeList = iota
	beforeItems
	inItems
	afterItems
)

// isKey reports whether the line is the list's key, alone or with a comment.
func isKey(content []byte, list string) bool {
	rest, ok := bytes.CutPrefix(content, []byte(list+":"))
	rest = bytes.TrimLeft(rest, " \t")
	return ok && (len(rest) == 0 || rest[0] == '#')
}

func isItem(content []byte) bool {
	return content[0] == '-' && (len(content) == 1 || content[1] == ' ')
}

// records parses head and tail, and leaves the items to the iterator.
func (p parts) records(list string) (*Records, error) {
	if len(p.head)+len(p.tail) > maxPart {
		return nil, tooMuchOutside(list)
	}
	top, err := parseYAML(p.head, 0)
	if err != nil {
		return nil, err
	}
	tail, err := parseYAML(p.tail, p.linesBeforeTail)
	if err != nil {
		return nil, err
	}
	if tail.Kind != Null && tail.Kind != Map || top.Kind != Map {
		return nil, At(tail, "", "must be a map of fields", "begin each line with the name of a field")
	}
	top.Fields = append(top.Fields, tail.Fields...)
	if found := top.Find(list); found != nil {
		found.Kind = List // its items were cut out
	}
	return &Records{Top: top, Items: p.each}, nil
}

func tooMuchOutside(list string) Fault {
	return Fault{Message: fmt.Sprintf("holds more than %d bytes outside of %s", maxPart, list), Remedy: "remove what does not belong there"}
}

// each parses the items chunk by chunk.
func (p parts) each(yield func(*Node, error) bool) {
	line := p.linesInHead
	for rest := p.items; len(rest) > 0; {
		chunk := firstChunk(rest)
		if len(chunk) > maxPart {
			yield(nil, Fault{Line: line + 1, Message: fmt.Sprintf("is an item of more than %d bytes", maxPart), Remedy: "shorten it"})
			return
		}
		n, err := parseYAML(chunk, line)
		if err == nil && n.Kind != List && n.Kind != Null {
			err = At(n, "", "is not an item of the list", "begin each item with -, all at one indentation")
		}
		if err != nil {
			yield(nil, err)
			return
		}
		for _, item := range n.Items {
			if !yield(item, nil) {
				return
			}
		}
		line += bytes.Count(chunk, []byte("\n"))
		rest = rest[len(chunk):]
	}
}

// firstChunk returns the items of the first chunkSize bytes, and at least one.
func firstChunk(items []byte) []byte {
	indent, first := -1, true
	for at := 0; at < len(items); {
		end := at + 1 + bytes.IndexByte(items[at:], '\n')
		if end == at {
			return items
		}
		text := bytes.TrimRight(items[at:end], " \r\n")
		content := bytes.TrimLeft(text, " ")
		if len(content) > 0 && isItem(content) && (indent < 0 || len(text)-len(content) == indent) {
			indent = len(text) - len(content)
			if !first && at >= chunkSize {
				return items[:at]
			}
			first = false
		}
		at = end
	}
	return items
}
