package driver

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"reflect"
)

// bounds are the fields of [Target] that bound a session, or judge it, and do not say whose it is.
var bounds = map[string]bool{"HostKeys": true, "ConnectTimeout": true, "MaxOutput": true}

// Identity is a digest of whom a session to the target is with, and as whom: two targets of the same identity may share one.
// A field that is added to Target is part of it. With a salt that nobody else knows it tells nothing of the secrets.
func (t Target) Identity(salt []byte) [sha256.Size]byte {
	h := sha256.New()
	h.Write(salt)
	t.identify(h)
	return [sha256.Size]byte(h.Sum(nil))
}

func (t Target) identify(h hash.Hash) {
	v := reflect.ValueOf(t)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if bounds[name] {
			continue
		}
		note(h, name)
		switch f := v.Field(i).Interface().(type) {
		case string:
			note(h, f)
		case Secret:
			note(h, f.Reveal())
		case []Target:
			for _, hop := range f {
				hop.identify(h)
			}
			note(h, "")
		default:
			note(h, fmt.Sprintf("%#v", f))
		}
	}
}

// note writes a text in such a way that what follows cannot be taken for a part of it.
func note(h hash.Hash, text string) {
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(text))))
	h.Write([]byte(text))
}
