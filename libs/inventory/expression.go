package inventory

import (
	"fmt"
	"slices"

	"github.com/netrust/netrust/libs/contract"
)

// builtIn are the keys that every device has, besides its labels.
var builtIn = []string{"address", "id", "name", "platform", "site", "status"}

// BuiltInKeys lists the keys of expressions that are not labels.
func BuiltInKeys() []string { return slices.Clone(builtIn) }

// Expression is a compiled label expression. It is immutable and safe for concurrent use.
//
//	expression = and {("or" | "||") and}
//	and        = unary {("," | "and" | "&&") unary}
//	unary      = ("!" | "not") unary | "(" expression ")" | test
//	test       = key | key ("=" | "==" | "!=") value | key ("in" | "notin" | "not in") "(" value {"," value} ")"
//
// Keys and values are words of letters, digits and _ - . / : @ * + or texts in single or double quotes. A key alone asks
// whether the device has the label. As in Kubernetes, != and notin also hold for a device without the label. The
// built-in keys of [BuiltInKeys] come before a label of the same name.
type Expression struct {
	source string
	match  matcher
}

// String is the expression as it was written.
func (e *Expression) String() string { return e.source }

// Match reports whether the expression holds for the device.
func (e *Expression) Match(device *contract.Device) bool { return e.match(device) }

// ExpressionError says what is wrong with a label expression, and where.
type ExpressionError struct {
	Column  int // in characters, from 1
	Message string
	Remedy  string
}

// Error implements error.
func (e *ExpressionError) Error() string {
	text := fmt.Sprintf("column %d: %s", e.Column, e.Message)
	if e.Remedy != "" {
		text += "; " + e.Remedy
	}
	return text
}

type matcher func(*contract.Device) bool

// Value returns what the device has under a key of expressions: a built-in one or a label. The second result says whether it
// has any.
func Value(device *contract.Device, key string) (string, bool) { return value(device, key) }

// value returns what the device has under the key.
func value(device *contract.Device, key string) (string, bool) {
	switch key {
	case "id":
		return device.ID, true
	case "name":
		return device.Name, true
	case "platform":
		return device.Platform, true
	case "site":
		return device.Site, true
	case "status":
		return string(statusOf(device)), true
	case "address":
		return device.Address, true
	}
	v, ok := device.Labels[key]
	return v, ok
}

// statusOf takes a device without a status for an active one.
func statusOf(device *contract.Device) contract.DeviceStatus {
	if device.Status == "" {
		return contract.DeviceActive
	}
	return device.Status
}

func has(key string) matcher {
	return func(d *contract.Device) bool { _, ok := value(d, key); return ok }
}

func equals(key, want string) matcher {
	return func(d *contract.Device) bool { v, ok := value(d, key); return ok && v == want }
}

func oneOf(key string, wanted []string) matcher {
	if len(wanted) == 1 {
		return equals(key, wanted[0])
	}
	set := make(map[string]struct{}, len(wanted))
	for _, w := range wanted {
		set[w] = struct{}{}
	}
	return func(d *contract.Device) bool {
		v, ok := value(d, key)
		if ok {
			_, ok = set[v]
		}
		return ok
	}
}

func not(m matcher) matcher {
	return func(d *contract.Device) bool { return !m(d) }
}

func allOf(ms []matcher) matcher {
	if len(ms) == 1 {
		return ms[0]
	}
	return func(d *contract.Device) bool {
		for _, m := range ms {
			if !m(d) {
				return false
			}
		}
		return true
	}
}

func anyOf(ms []matcher) matcher {
	if len(ms) == 1 {
		return ms[0]
	}
	return func(d *contract.Device) bool {
		for _, m := range ms {
			if m(d) {
				return true
			}
		}
		return false
	}
}
