package platform

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxCommand is the longest command, in bytes, that is sent to a device.
const MaxCommand = 4096

// CommandError says why a text is not one command. It never repeats the text, which may hold a secret.
type CommandError struct {
	Reason string
}

// Error gives the reason and what to do.
func (e *CommandError) Error() string { return "this is not one command: " + e.Reason }

// CheckCommand refuses what a driver must never type at a device: an empty text, one that is too long, and one with a
// newline or another control character, which would be a second command, a completion or a signal. The error is a
// *[CommandError]. It says nothing about what the command does.
func CheckCommand(command string) error {
	if strings.TrimSpace(command) == "" {
		return &CommandError{Reason: "it is empty"}
	}
	if len(command) > MaxCommand {
		return &CommandError{Reason: fmt.Sprintf("it has %d bytes, and %d is the most", len(command), MaxCommand)}
	}
	if !utf8.ValidString(command) {
		return &CommandError{Reason: "it is not valid UTF-8"}
	}
	for at, r := range command {
		if r < 0x20 || (r >= 0x7f && r < 0xa0) || r == '\u2028' || r == '\u2029' {
			return &CommandError{Reason: fmt.Sprintf("it has the control character %U at byte %d; give each command by itself", r, at)}
		}
	}
	return nil
}
