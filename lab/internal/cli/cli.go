// Package cli is the command line of simulated devices: prompts, modes, paging, errors and running config of six
// platforms, over any byte stream.
//
// It promises what a client can observe of a real device: the echo, the wording of errors with the caret in its place,
// what each mode is called and which commands it knows, which dialogues ask for what, and that what is configured stands
// in the running config. Commands outside the grammars in this package are refused as a device refuses what it does not
// know. It leaves SSH, logins, the counting and the choice of faults to the caller ([Host]).
package cli

import (
	"errors"

	"github.com/netrust/netrust/lab/fault"
	"github.com/netrust/netrust/lab/internal/tty"
)

// Platform is one kind of device.
type Platform struct {
	Name   string // as inventories call it
	Vendor string
	Prefix string // of the names of devices: "ios" in ios-0001

	// ServerVersion is what the device's SSH server calls itself.
	ServerVersion string
	// Password and KeyboardInteractive are the login methods offered, besides public keys.
	Password, KeyboardInteractive bool
	// Question is what keyboard-interactive login asks.
	Question string
	// MaxTries is how many logins may fail on one connection.
	MaxTries int
	// OneExec closes the whole connection after one exec request, without an exit status.
	OneExec bool
	// ExecStartsShell ignores the command of an exec request and starts the CLI (a ForceCommand).
	ExecStartsShell bool
	// NoPTY is how a session without a PTY behaves.
	NoPTY tty.Mode
	// BusyText is sent in clear before a busy device closes the connection; "" sends nothing.
	BusyText string

	// unnamed is the hostname of a device from which the name was taken.
	unnamed string
	// factory writes the running config that a device is delivered with.
	factory func(*Device) string
	// start begins a session.
	start func(*Shell) personality
}

// Host is what a device's CLI needs of the device.
type Host interface {
	// Faults returns what the device does wrong at this moment; nil is nothing.
	Faults() *fault.Set
	// Received notes a command as typed.
	Received(command string)
	// Mark counts the execution of a marked command and returns how often this token has been seen.
	Mark(token string) int
	// Reload restarts the device: all its sessions end.
	Reload()
}

// Errors that end a session.
var (
	// ErrDropped says that the connection has to be cut at once (a fault asks for it).
	ErrDropped = errors.New("connection dropped by a fault")
	// ErrClosed says that the client ended the session (exit).
	ErrClosed = errors.New("session closed")
)

// personality is how one platform reads lines.
type personality interface {
	// greet prints what comes between login and the first prompt.
	greet(s *Shell)
	prompt(s *Shell) string
	// run executes a line. Its output is collected by s.
	run(s *Shell, line string) error
	// help answers "?" after line.
	help(s *Shell, line string)
	// complete answers the tab key: what the line becomes.
	complete(s *Shell, line string) string
	// key answers ^C and ^Z: they may change the mode.
	key(s *Shell, interrupt bool)
	// echo is what ^C and ^Z show.
	echo(interrupt bool) string
	// entered is what the Enter key adds to a line on the screen before the line ends.
	entered(line string) string
	// pager says how long output is paged.
	pager() *pager
	// reject prints what an unknown command gets (asked for by a fault).
	reject(s *Shell, line string)
}
