package cli_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/netrust/netrust/lab/fault"
	"github.com/netrust/netrust/lab/internal/cli"
	"github.com/netrust/netrust/lab/internal/recorded"
	"github.com/netrust/netrust/lab/internal/tty"
)

// quiet is a host that counts nothing and has no faults.
type quiet struct{ marks int }

func (q *quiet) Faults() *fault.Set { return nil }
func (q *quiet) Received(string)    {}
func (q *quiet) Mark(string) int    { q.marks++; return q.marks }
func (q *quiet) Reload()            {}

// load reads the recordings once for all runs.
var load = sync.OnceValues(recorded.Load)

func newDevice(t testing.TB, platform string) *cli.Device {
	t.Helper()
	library, err := load()
	if err != nil {
		t.Fatal(err)
	}
	d := &cli.Device{
		Facts: cli.Facts{
			ID: "lab-0001", Name: "fuzzed", Serial: "LAB1", Number: 1, Address: netip.MustParseAddr("127.18.0.1"),
			Username: "lab", Password: "pw", Enable: "en", Privileged: true,
			Secret: func(use string, size int) string { return strings.Repeat("s", size) },
		},
		Platform: cli.Platforms(library)[platform], Library: library, Host: &quiet{},
	}
	d.Boot(time.Now())
	return d
}

// FuzzShell types anything at every platform: the session has to end with the input, and must not panic.
func FuzzShell(f *testing.F) {
	for _, typed := range []string{
		"show version\r", "sh ru\tn\r", "show ?\x15conf t\rint lo5\rdescr x\rno descr\rend\rshow run | inc a | count b\r",
		"banner motd #a\rb#\r", "terminal length 3\rshow version\r \rq", "configure\rset system host-name x\rdelete a \"b c\rcommit confirmed 1\rrollback 9\rexit\r",
		"\x1b[A\x1b[B\x1bOA\x7f\x08\x17\x03\x1a\x04", "sudo su\rpw\rcat /etc/hostname | grep x | head -n 2; false && echo", "reload\ry\r",
		"copy run start\r\rclear counters\rnenable\rdisable\ren\ren\r", "no LINE\rdo do do show clock\r", "show | compare\rshow ; show ; \r", "ping 1.1.1.1 | last 99999999999999999999\r",
	} {
		for platform := range cli.Names() {
			f.Add(platform, []byte(typed))
		}
	}
	f.Fuzz(func(t *testing.T, number int, typed []byte) {
		names := cli.Names()
		device := newDevice(t, names[max(number, -number, 0)%len(names)])
		defer device.Stop()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		term := tty.New(bytes.NewReader(typed), io.Discard, tty.PTY)
		term.Resize(80, 24)
		err := cli.NewShell(ctx, device, term, 0).Run()
		if !errors.Is(err, cli.ErrClosed) && !errors.Is(err, io.EOF) {
			t.Errorf("the session ends with %v", err)
		}
	})
}

// FuzzExec runs anything as the command of an exec request.
func FuzzExec(f *testing.F) {
	for _, command := range []string{"show version", "show clock | include a", "show a ; show b", "nonsense", "exit 3", "configure", "enable", "reload"} {
		for platform := range cli.Names() {
			f.Add(platform, command)
		}
	}
	f.Fuzz(func(t *testing.T, number int, command string) {
		names := cli.Names()
		device := newDevice(t, names[max(number, -number, 0)%len(names)])
		defer device.Stop()
		term := tty.New(strings.NewReader(""), io.Discard, device.Platform.NoPTY)
		if _, err := cli.NewShell(t.Context(), device, term, 0).Exec(command); err != nil && !errors.Is(err, io.EOF) {
			t.Errorf("exec ends with %v", err)
		}
	})
}
