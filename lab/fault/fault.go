// Package fault says how a simulated device misbehaves.
//
// A [Set] is a value: what one device does wrong from the next moment on. Its zero value is a healthy device. Faults
// combine freely; where two exclude each other (refusing the connection and breaking the session), the one that
// strikes first wins. The lab reads a device's set anew for every connection and every command, so a change takes effect
// at once, also in sessions that are open.
package fault

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// How a busy device turns a client away.
const (
	// BusyConnection closes the TCP connection before the SSH handshake (IOS with all lines taken; sshd's
	// MaxStartups, which says so in clear text first).
	BusyConnection = "connection"
	// BusySession lets the client log in and then refuses to open a session (sshd's MaxSessions).
	BusySession = "session"
)

// Set is the faults of one device. The JSON form is what the lab's HTTP control takes.
type Set struct {
	// Refuse makes the device refuse TCP connections.
	Refuse bool `json:"refuse,omitempty"`
	// SilentAfterAccept accepts TCP connections and never says a word.
	SilentAfterAccept bool `json:"silent_after_accept,omitempty"`
	// SilentAfterLogin lets a client log in and open a session, in which nothing is ever printed.
	SilentAfterLogin bool `json:"silent_after_login,omitempty"`
	// WrongPassword refuses every login, whatever the credential.
	WrongPassword bool `json:"wrong_password,omitempty"`
	// KeyboardInteractiveOnly takes passwords by the method keyboard-interactive alone, as many devices are set up.
	KeyboardInteractiveOnly bool `json:"keyboard_interactive_only,omitempty"`
	// ChangedHostKey makes the device show another host key than before.
	ChangedHostKey bool `json:"changed_host_key,omitempty"`
	// CloseOnLogin closes the connection as soon as a session is opened.
	CloseOnLogin bool `json:"close_on_login,omitempty"`
	// Busy is how the device turns clients away: [BusyConnection], [BusySession] or "" for not at all.
	Busy string `json:"busy,omitempty"`

	// CommandDelayMS is how long each command takes before it prints anything.
	CommandDelayMS int `json:"command_delay_ms,omitempty"`
	// DripBytes and DripIntervalMS make output slow: so many bytes, then a pause, and so on.
	DripBytes      int `json:"drip_bytes,omitempty"`
	DripIntervalMS int `json:"drip_interval_ms,omitempty"`

	// Drop cuts the connection in the middle of the output of a command.
	Drop *Drop `json:"drop,omitempty"`
	// Hang lists commands that never end.
	Hang []string `json:"hang,omitempty"`
	// Invalid lists commands that the device claims not to know.
	Invalid []string `json:"invalid,omitempty"`
	// Huge lists commands that print this many bytes instead of what they should.
	Huge map[string]int `json:"huge,omitempty"`

	// ForcePaging pages output even after `terminal length 0` or its like.
	ForcePaging bool `json:"force_paging,omitempty"`
	// BannerBytes prints a login banner of this size before the first prompt.
	BannerBytes int `json:"banner_bytes,omitempty"`
	// Prompt replaces the prompt. "{hostname}" in it stands for the device's name.
	Prompt string `json:"prompt,omitempty"`
}

// Drop says when the connection is cut.
type Drop struct {
	// Command is the command in whose output it happens; "" is any command.
	Command string `json:"command,omitempty"`
	// AfterBytes is how much of the output still gets out.
	AfterBytes int `json:"after_bytes"`
}

// limits keep a request to the HTTP control from making the lab itself misbehave.
const (
	maxBytes = 256 << 20
	maxMS    = 60 * 60 * 1000
)

// Validate reports every field that makes no sense, with what to do about it.
func (s *Set) Validate() error {
	var faults []error
	inRange := func(field string, value, limit int) {
		if value < 0 || value > limit {
			faults = append(faults, fmt.Errorf("%s (%d) must be between 0 and %d", field, value, limit))
		}
	}
	if s.Busy != "" && s.Busy != BusyConnection && s.Busy != BusySession {
		faults = append(faults, fmt.Errorf("busy (%q) must be %q, %q or empty", s.Busy, BusyConnection, BusySession))
	}
	inRange("command_delay_ms", s.CommandDelayMS, maxMS)
	inRange("drip_bytes", s.DripBytes, maxBytes)
	inRange("drip_interval_ms", s.DripIntervalMS, maxMS)
	if (s.DripBytes > 0) != (s.DripIntervalMS > 0) {
		faults = append(faults, errors.New("drip_bytes and drip_interval_ms work together: set both or none"))
	}
	inRange("banner_bytes", s.BannerBytes, maxBytes)
	if s.Drop != nil {
		inRange("drop.after_bytes", s.Drop.AfterBytes, maxBytes)
	}
	for command, size := range s.Huge {
		inRange("huge["+command+"]", size, maxBytes)
	}
	return errors.Join(faults...)
}

// Hangs reports whether the command never ends. It may be called on a nil set, as may the others below.
func (s *Set) Hangs(command string) bool { return s != nil && listed(s.Hang, command) }

// Refuses reports whether the device claims not to know the command.
func (s *Set) Refuses(command string) bool { return s != nil && listed(s.Invalid, command) }

// HugeOutput returns how many bytes the command prints instead of its output, and whether it does.
func (s *Set) HugeOutput(command string) (int, bool) {
	if s == nil {
		return 0, false
	}
	for name, size := range s.Huge {
		if same(name, command) {
			return size, true
		}
	}
	return 0, false
}

// DropsIn returns how much of the command's output gets out before the connection is cut, and whether it is.
func (s *Set) DropsIn(command string) (int, bool) {
	if s == nil || s.Drop == nil || s.Drop.Command != "" && !same(s.Drop.Command, command) {
		return 0, false
	}
	return s.Drop.AfterBytes, true
}

func listed(commands []string, command string) bool {
	return slices.ContainsFunc(commands, func(name string) bool { return same(name, command) })
}

// same compares commands as typed, but for the space around and between their words.
func same(a, b string) bool {
	return a == b || strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(b), " ")
}
