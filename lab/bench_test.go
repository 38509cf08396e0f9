package lab_test

import (
	"testing"

	"github.com/netrust/netrust/lab"
)

// BenchmarkPTY is a login, a PTY shell with `terminal length 0` and `show version`, and the end, client included.
func BenchmarkPTY(b *testing.B) {
	l := start(b, lab.Config{Platforms: []string{"cisco_ios"}})
	d := l.Devices()[0]
	b.ReportAllocs()
	for b.Loop() {
		client := mustDial(b, l, d)
		term := shell(b, client, 24)
		term.expect(">")
		term.ask("terminal length 0", ">")
		term.ask("show version", ">")
		client.Close()
	}
}

// BenchmarkCommand is one `show version` in an open session.
func BenchmarkCommand(b *testing.B) {
	l := start(b, lab.Config{Platforms: []string{"cisco_ios"}})
	term := connect(b, l, l.Devices()[0], 24, ">")
	term.ask("terminal length 0", ">")
	b.ReportAllocs()
	for b.Loop() {
		term.ask("show version", ">")
	}
}
