// Package replay is a small scripted SSH server that replays what devices printed, for the tests of drivers: real SSH over
// loopback, a terminal with echo and paging, exec, and faults on request.
//
// It imitates the wire, not a device: it has no configuration and no state but paging and the enable level. The lab is for
// the rest. Every server ends with its test.
package replay

import (
	"io"
	"strings"
)

// Device is the script of one device. It must not be changed while a server replays it.
type Device struct {
	Username, Password string
	Interactive        bool   // logins by keyboard-interactive only
	Legacy             bool   // knows only SHA-1 key exchange, CBC and ssh-rsa
	AuthorizedKey      []byte // a public key, as on the wire, that may log in
	EnableSecret       string // non-empty: logins land below, at UserPrompt

	Banner     string // printed before the first prompt
	Prompt     string // r1#
	UserPrompt string // r1>
	Lead       string // a line before each prompt: {master:0}
	PagingOff  string // the command that stops paging; empty: there is no paging
	Page       int    // lines to a page; 0: 24
	Pager      string // --More--
	Erase      string // what the device writes over the pager
	NoExec     bool   // refuses exec requests
	HangsUp    bool   // hangs up after exec without ending the channel
	OneExec    bool   // hangs up after one exec, as IOS does
	NoEcho     bool   // does not echo

	Answers map[string]Answer
	Unknown func(command string) string // what it says to a command without an answer
}

// Answer is what a device does for one command.
type Answer struct {
	Text  string          // printed; lines end in \n
	Write func(io.Writer) // prints more than one wants to keep in memory, after Text
	Ask   string          // printed without a line end; then a line or Ctrl-C is awaited
	Hang  bool            // nothing comes any more, no prompt either
	Drop  bool            // the connection is cut
	Mode  string          // the prompt from now on
	Noise string          // printed before the echo, as a log line on the terminal is
	Leave bool            // ends the session, as exit does
}

// Presets of how platforms look. Answers, Username and Password are for the test to fill in.
var presets = map[string]Device{
	"cisco_ios": {Prompt: "r1#", UserPrompt: "r1>", Banner: "\nAuthorized use only #\n\n", PagingOff: "terminal length 0", Pager: " --More-- ",
		Erase: strings.Repeat("\b", 9) + strings.Repeat(" ", 9) + strings.Repeat("\b", 9), OneExec: true,
		Unknown: func(c string) string {
			return strings.Repeat(" ", 3) + "^\n% Invalid input detected at '^' marker.\n\n"
		}},
	"cisco_nxos": {Prompt: "spine1# ", UserPrompt: "spine1> ", PagingOff: "terminal length 0", Pager: "--More--", Erase: "\r        \r",
		Unknown: func(string) string { return "                ^\n% Invalid command at '^' marker.\n" }},
	"arista_eos": {Prompt: "leaf1#", UserPrompt: "leaf1>", PagingOff: "terminal length 0", Pager: "\x1b[7m --More-- \x1b[27m", Erase: "\x1b[8D\x1b[2K\r",
		Unknown: func(c string) string { return "% Invalid input (at token 1: '" + c + "')\n" }},
	"juniper_junos": {Prompt: "admin@mx1> ", Lead: "{master:0}", Banner: "--- JUNOS 18.4R1 built\n", PagingOff: "set cli screen-length 0",
		Pager: "---(more 45%)---", Erase: "\r                                        \r",
		Unknown: func(string) string { return "                    ^\nunknown command.\n\n" }},
	"frr": {Prompt: "r1# ", Banner: "\nHello, this is FRRouting (version 8.4.4).\nCopyright 1996-2005 Kunihiro Ishiguro, et al.\n\n", NoExec: true,
		Pager: "\x1b[7m--More--\x1b[27m", Erase: "\r        \r",
		Unknown: func(c string) string { return "% Unknown command: " + c + "\n" }},
	"generic_ssh": {Prompt: "netops@host:~$ ", Banner: "Welcome to this host: be nice\n", NoExec: true,
		Pager: "--More--(12%)", Erase: "\r\x1b[K",
		Unknown: func(c string) string { return "sh: 1: " + c + ": not found\n" }},
}

// Preset gives a device that looks like the platform's, with a login and no answers yet.
func Preset(platform string) Device {
	d, ok := presets[platform]
	if !ok {
		panic("replay: there is no preset for " + platform)
	}
	d.Username, d.Password = "netops", "replayed-password"
	d.Answers = map[string]Answer{}
	return d
}
