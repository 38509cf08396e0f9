package driver

import (
	"fmt"
	"io"
)

// redacted is what a secret prints as.
const redacted = "[redacted]"

// Secret holds a password or key that never shows itself: it prints as [redacted] by every verb of fmt, in JSON, in text
// and in zerolog, also inside other values. The zero value is the empty secret.
//
// It holds a pointer, so that even fmt's look at an unexported field shows an address and not the text.
type Secret struct {
	text *string
}

// NewSecret hides the text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: &text}
}

// Reveal returns the text, for the one place that must send it.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Empty reports whether there is no secret.
func (s Secret) Empty() bool { return s.text == nil }

// String prints [redacted], or nothing for the empty secret.
func (s Secret) String() string {
	if s.Empty() {
		return ""
	}
	return redacted
}

// Format prints as String does, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText makes JSON, YAML and zerolog print as String does.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
