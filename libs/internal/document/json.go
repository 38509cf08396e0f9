package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
)

// JSON reads one value of at most limit bytes. The error is a [Fault].
func JSON(data []byte, limit int) (*Node, error) {
	if len(data) > limit {
		return nil, Fault{Message: fmt.Sprintf("is %d bytes long; at most %d are read", len(data), limit), Remedy: "split it"}
	}
	r := newJSONReader(data)
	n, err := r.value(0)
	if err != nil {
		return nil, err
	}
	return n, r.end()
}

// jsonReader walks the tokens of the standard decoder and adds places, a bound on depth, and the refusal of more values.
type jsonReader struct {
	dec   *json.Decoder
	data  []byte
	lines []int // offset of each line's first byte
	base  int   // offset of the first byte that the decoder reads
}

// offset is that of the next byte that the decoder reads.
func (r *jsonReader) offset() int { return r.base + int(r.dec.InputOffset()) }

// part reads the value between two offsets, with its places in the whole.
func (r *jsonReader) part(from, to, depth int) (*Node, error) {
	p := &jsonReader{dec: json.NewDecoder(bytes.NewReader(r.data[from:to])), data: r.data, lines: r.lines, base: from}
	p.dec.UseNumber()
	return p.value(depth)
}

func newJSONReader(data []byte) *jsonReader {
	r := &jsonReader{dec: json.NewDecoder(bytes.NewReader(data)), data: data, lines: []int{0}}
	r.dec.UseNumber()
	for i, c := range data {
		if c == '\n' {
			r.lines = append(r.lines, i+1)
		}
	}
	return r
}

// next returns the offset of the next token.
func (r *jsonReader) next() int {
	at := r.offset()
	for at < len(r.data)-1 && bytes.IndexByte([]byte(" \t\r\n,:"), r.data[at]) >= 0 {
		at++
	}
	return at
}

// place returns line and column of the next token.
func (r *jsonReader) place() (line, column int) { return r.placeOf(r.next()) }

func (r *jsonReader) placeOf(at int) (line, column int) {
	i := sort.SearchInts(r.lines, at+1) - 1
	return i + 1, at - r.lines[i] + 1
}

func (r *jsonReader) value(depth int) (*Node, error) {
	n := &Node{}
	n.Line, n.Column = r.place()
	if depth >= MaxDepth {
		return nil, At(n, "", fmt.Sprintf("is nested more than %d deep", MaxDepth), "write it flatter")
	}
	t, err := r.dec.Token()
	if err != nil {
		return nil, r.fault(err)
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '[' {
			n.Kind = List
			return n, r.items(n, depth)
		}
		n.Kind = Map
		return n, r.fields(n, depth)
	case bool:
		n.Kind, n.Text = Bool, fmt.Sprint(t)
	case json.Number:
		n.Kind, n.Text = Number, t.String()
	case string:
		n.Kind, n.Text = Text, t
	}
	return n, nil
}

func (r *jsonReader) items(n *Node, depth int) error {
	n.Items = []*Node{}
	for r.dec.More() {
		item, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		n.Items = append(n.Items, item)
	}
	return r.close()
}

func (r *jsonReader) fields(n *Node, depth int) error {
	for r.dec.More() {
		f := Field{}
		f.Line, f.Column = r.place()
		t, err := r.dec.Token()
		if err != nil {
			return r.fault(err)
		}
		f.Name, _ = t.(string)
		if f.Value, err = r.value(depth + 1); err != nil {
			return err
		}
		n.Fields = append(n.Fields, f)
	}
	return r.close()
}

// close takes the bracket that ends a list or a map.
func (r *jsonReader) close() error {
	if _, err := r.dec.Token(); err != nil {
		return r.fault(err)
	}
	return nil
}

// end refuses what follows the value.
func (r *jsonReader) end() error {
	line, column := r.place()
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return Fault{Line: line, Column: column, Message: "has something after the end of the JSON value", Remedy: "send exactly one value"}
	}
	return nil
}

func (r *jsonReader) fault(err error) Fault {
	f := Fault{Remedy: "send one JSON value"}
	f.Line, f.Column = r.placeOf(max(0, min(r.offset(), len(r.data)-1)))
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		f.Line, f.Column = r.placeOf(max(0, min(r.base+int(syntax.Offset)-1, len(r.data)-1)))
		f.Message, f.Remedy = "is not JSON: "+syntax.Error(), "correct the syntax"
	case errors.Is(err, io.EOF) && len(bytes.TrimSpace(r.data)) == 0:
		f.Message = "is empty"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		f.Message, f.Remedy = "is not JSON: it ends too early", "send all of it"
	default:
		f.Message = "is not JSON: " + err.Error()
	}
	return f
}
