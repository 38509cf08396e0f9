package lab_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/netrust/netrust/lab"
)

// run runs a command by an exec request.
func run(t *testing.T, client *ssh.Client, command string) (stdout, stderr string, err error) {
	t.Helper()
	session, err := client.NewSession()
	if err != nil {
		return "", "", err
	}
	defer session.Close()
	var out, errs bytes.Buffer
	session.Stdout, session.Stderr = &out, &errs
	err = session.Run(command)
	return out.String(), errs.String(), err
}

func TestExec(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, platform, command  string
		begins, contains, stderr string
		status                   int // -1: none is sent
	}{
		{"IOS prints an empty line first and sends no status", "cisco_ios", "show version", "\r\nCisco IOS Software", "ios-0001 uptime", "", -1},
		{"IOS takes an unknown command for an autocommand", "cisco_ios", "show nonsense", "\r\nLine has invalid autocommand \"show nonsense\"\r\n", "", "", -1},
		{"IOS knows what a user of level 1 may not see", "cisco_ios", "show running-config", "\r\nLine has invalid autocommand", "", "", -1},
		{"NX-OS ends lines with LF", "cisco_nxos", "show version", "Cisco Nexus Operating System (NX-OS) Software\n", "Device name: nxos-0001\n", "", 0},
		{"NX-OS runs several commands", "cisco_nxos", "show hostname ; show hostname", "nxos-0001 \nnxos-0001 \n", "", "", 0},
		{"NX-OS fails with a status", "cisco_nxos", "show nonsense", "     ^\n% Invalid command at '^' marker.\n", "", "", 1},
		{"EOS filters", "arista_eos", "show version | include Architecture", "Architecture:           i386\n", "", "", 0},
		{"EOS wants privileged mode for the config", "arista_eos", "show running-config", "% Invalid input (privileged mode required)\n", "", "", 1},
		{"Junos prints without paging", "juniper_junos", "show version", "fpc0:\n", "QFabric System ID", "", 0},
		{"Junos says what is wrong", "juniper_junos", "show nonsense", "error: syntax error: nonsense\n", "", "", 1},
		{"a shell has standard error and status", "generic_ssh", "nonsense", "", "", "bash: line 1: nonsense: command not found\n", 127},
		{"a shell runs programs", "generic_ssh", "cat /etc/hostname", "host-0001\n", "", "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l, d := one(t, c.platform)
			stdout, stderr, err := run(t, mustDial(t, l, d), c.command)
			if !strings.HasPrefix(stdout, c.begins) || !strings.Contains(stdout, c.contains) || stderr != c.stderr {
				t.Errorf("stdout %q, stderr %q", stdout, stderr)
			}
			if got := statusOf(err); got != c.status {
				t.Errorf("status %d (%v), want %d", got, err, c.status)
			}
		})
	}
}

func statusOf(err error) int {
	exit := new(ssh.ExitError)
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitStatus()
	default:
		return -1
	}
}

func TestIOSClosesTheConnectionAfterOneExec(t *testing.T) {
	t.Parallel()
	l, d := one(t, "cisco_ios")
	client := mustDial(t, l, d)
	if _, _, err := run(t, client, "show clock"); !errors.As(err, new(*ssh.ExitMissingError)) {
		t.Fatalf("the first exec ends with %v, want no exit status", err)
	}
	if err := client.Wait(); err == nil {
		t.Error("the connection ended with a good-bye; IOS just closes it")
	}
}

func TestOthersTakeManyExecsOnOneConnection(t *testing.T) {
	t.Parallel()
	for _, platform := range []string{"cisco_nxos", "arista_eos", "juniper_junos", "generic_ssh"} {
		t.Run(platform, func(t *testing.T) {
			t.Parallel()
			l, d := one(t, platform)
			client := mustDial(t, l, d)
			for range 3 {
				if stdout, _, err := run(t, client, "show version"); err != nil || len(stdout) < 100 {
					t.Fatalf("exec: %v, %q", err, stdout)
				}
			}
			if got := d.Counts(); got.Commands != 3 || got.LoginsOK != 1 {
				t.Errorf("counts %+v, want 3 commands in one login", got)
			}
		})
	}
}

func TestFRRStartsItsCLIWhateverTheExecRequestSays(t *testing.T) {
	t.Parallel()
	l, d := one(t, "frr")
	session, err := mustDial(t, l, d).NewSession()
	if err != nil {
		t.Fatal(err)
	}
	session.Stdin = strings.NewReader("show daemons\n")
	out, err := session.Output("show version")
	want := "\nHello, this is FRRouting (version 8.4.4).\nCopyright 1996-2005 Kunihiro Ishiguro, et al.\n\n" +
		"frr-0001# show daemons\n zebra ospfd bgpd staticd\nfrr-0001# \n"
	if err != nil || string(out) != want {
		t.Errorf("got %q (%v)\nwant %q", out, err, want)
	}
}

func TestPrivilegedUsersNeedNotEnable(t *testing.T) {
	t.Parallel()
	l := start(t, lab.Config{Platforms: []string{"cisco_ios", "arista_eos"}, Privileged: true})
	for _, d := range l.Devices() {
		stdout, _, _ := run(t, mustDial(t, l, d), "show running-config")
		if !strings.Contains(stdout, "hostname "+d.Name) {
			t.Errorf("%s: %q", d.Platform, stdout)
		}
	}
}
