package live

import (
	"sync"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/netconfig/redact"
)

// maxHead bounds what is kept of a command's output for a follower who comes later, in bytes. One who comes after more than
// that sees live lines from the next command on.
const maxHead = 64 << 10

// heads are buffers used again: most tasks are never followed.
var heads = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// Output is one attempt's output as it comes. It is used by one goroutine. The zero value, and nil, publish nothing.
type Output struct {
	hub   *Hub
	key   taskKey
	piece contract.LiveOutput // what all pieces of the command have in common

	text     string // of the command
	redactor *redact.Redactor
	head     *[]byte
	long     bool // more came than head holds
	stream   *redact.Stream
	ready    []byte // redacted, to be sent
	gap      bool
}

// Output makes the output of an attempt; nil of a nil hub.
func (h *Hub) Output(t *contract.Task, attempt int) *Output {
	if h == nil {
		return nil
	}
	return &Output{hub: h, key: taskKey{t.JobID, t.DeviceID}, piece: contract.LiveOutput{JobID: t.JobID, DeviceID: t.DeviceID, Attempt: max(attempt, 1)}}
}

// Begin says that a command begins: its place, its text, and how its output is redacted.
func (o *Output) Begin(index int, text string, r *redact.Redactor) {
	if o == nil {
		return
	}
	o.piece.Index, o.piece.Command, o.text, o.redactor = index, "", text, r
	o.stream, o.long = nil, false
	if o.head == nil {
		o.head = heads.Get().(*[]byte)
	}
	*o.head = (*o.head)[:0]
	if o.hub.follows(o.key) {
		o.start()
		o.send(false)
	}
}

// Lines takes whole lines that the device printed. It never waits.
func (o *Output) Lines(lines []byte) {
	if o.stream == nil && !o.hub.follows(o.key) {
		o.keep(lines)
		return
	}
	if o.stream == nil {
		o.start()
	}
	if o.long {
		return // without its beginning nobody can tell what is secret in the rest
	}
	_, _ = o.stream.Write(lines) // never fails
	if len(o.ready) > 0 {
		o.send(false)
	}
}

func (o *Output) keep(lines []byte) {
	if o.long = o.long || len(*o.head)+len(lines) > maxHead; !o.long {
		*o.head = append(*o.head, lines...)
	}
}

// start begins to publish: first what came before.
func (o *Output) start() {
	o.piece.Command = o.redactor.Command(o.text)
	o.ready = o.ready[:0]
	o.stream = o.redactor.Stream(func(b []byte) { o.ready = append(o.ready, b...) })
	if o.long {
		o.gap = true
		o.send(false)
		return
	}
	_, _ = o.stream.Write(*o.head) // never fails
}

// Again says that the lines of the command are void: it is run in another way, and prints anew.
func (o *Output) Again() {
	if o.stream == nil {
		*o.head, o.long = (*o.head)[:0], false
		return
	}
	o.long = false
	*o.head = (*o.head)[:0]
	o.ready = append(o.ready[:0], "(the command is run again)\n"...)
	o.send(false)
	o.start()
}

// End says that the command has ended.
func (o *Output) End() {
	if o == nil || o.redactor == nil {
		return
	}
	if o.stream == nil && o.hub.follows(o.key) {
		o.start()
	}
	if o.stream != nil {
		if !o.long {
			o.stream.Close()
		}
		o.send(true)
	}
	o.redactor = nil
}

// Close gives back what is used again.
func (o *Output) Close() {
	if o != nil && o.head != nil {
		clear((*o.head)[:cap(*o.head)]) // it may hold secrets
		heads.Put(o.head)
		o.head = nil
	}
}

func (o *Output) send(ended bool) {
	p := o.piece
	p.Text, p.Gap, p.Ended = string(o.ready), o.gap, ended
	o.ready = o.ready[:0]
	o.gap = !o.hub.send(p) && (p.Text != "" || o.gap)
}
