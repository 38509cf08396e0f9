package lab_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/lab"
)

// The peers of these tests are clients that nobody on this project wrote: OpenSSH's ssh and Netmiko.

// peerPatience bounds one run of a peer; Netmiko sleeps a good deal.
const peerPatience = 2 * time.Minute

// needPeers fails the test when the peers are not installed.
func needPeers(t *testing.T) {
	t.Helper()
	const remedy = "install it: apt-get install openssh-client python3-netmiko"
	if _, err := exec.LookPath("ssh"); err != nil {
		t.Fatalf("OpenSSH's client is missing (%v); %s", err, remedy)
	}
	if out, err := exec.CommandContext(t.Context(), "/usr/bin/python3", "-W", "ignore", "-c", "import netmiko").CombinedOutput(); err != nil {
		t.Fatalf("Netmiko is missing (%v: %s); %s", err, out, remedy)
	}
}

// openSSH runs ssh against a device: strict host keys, the password from an askpass program.
func openSSH(t *testing.T, l *lab.Lab, d *lab.Device, stdin string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{
		"askpass":     "#!/bin/sh\necho \"$LAB_PASSWORD\"\n",
		"known_hosts": string(l.KnownHosts()),
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), peerPatience)
	defer cancel()
	options := []string{"-F", "none", "-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile=" + filepath.Join(dir, "known_hosts"),
		"-o", "PubkeyAuthentication=no", "-p", portOf(l), "-l", "lab"}
	command := exec.CommandContext(ctx, "ssh", append(append(options, args[0], d.Address.String()), args[1:]...)...)
	command.Env = append(os.Environ(), "SSH_ASKPASS="+filepath.Join(dir, "askpass"), "SSH_ASKPASS_REQUIRE=force", "DISPLAY=none",
		"LAB_PASSWORD="+l.CredentialEnv()["NETRUST_CREDENTIAL_LAB_PASSWORD"])
	var out, errs bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(stdin), &out, &errs
	err = command.Run()
	return out.String(), errs.String(), err
}

func TestOpenSSHRunsACommandOnEveryPlatform(t *testing.T) {
	t.Parallel()
	needPeers(t)
	l := start(t, lab.Config{})
	for _, d := range l.Devices() {
		t.Run(d.Platform, func(t *testing.T) {
			t.Parallel()
			stdin := ""
			if d.Platform == "frr" {
				stdin = "show version\n" // its CLI starts whatever the command says
			}
			stdout, stderr, err := openSSH(t, l, d, stdin, "-T", "show version")
			if !strings.Contains(stdout, distinctive[d.Platform]) {
				t.Errorf("stdout %q, stderr %q", stdout, stderr)
			}
			switch d.Platform {
			case "cisco_ios":
				if exit := new(exec.ExitError); !errors.As(err, &exit) || exit.ExitCode() != 255 {
					t.Errorf("IOS closes the connection and sends no status; ssh ends with %v", err)
				}
			default:
				if err != nil {
					t.Errorf("ssh ends with %v: %s", err, stderr)
				}
			}
		})
	}
}

// distinctive is what the version of a platform's first device says.
var distinctive = map[string]string{
	"cisco_ios":     "Cisco IOS Software",
	"cisco_nxos":    "Cisco Nexus Operating System",
	"arista_eos":    "Arista",
	"juniper_junos": "JUNOS Base OS",
	"frr":           "FRRouting 8.4.4 (frr-",
	"generic_ssh":   "Debian 12",
}

func TestOpenSSHHoldsADialogue(t *testing.T) {
	t.Parallel()
	needPeers(t)
	l, d := one(t, "cisco_ios")
	enable := l.CredentialEnv()["NETRUST_CREDENTIAL_LAB_ENABLE"]
	stdout, stderr, _ := openSSH(t, l, d, "terminal length 0\renable\r"+enable+"\rconf t\rhostname typed\rend\rshow running-config\rexit\r", "-tt")
	for _, text := range []string{"\r\nios-0001>terminal length 0\r\n", "Password: \r\nios-0001#conf t\r\n", "typed(config)#end\r\n", "\r\nhostname typed\r\n"} {
		if !strings.Contains(stdout, text) {
			t.Errorf("no %q in %q (%s)", text, stdout, stderr)
		}
	}
	if strings.Contains(strings.ReplaceAll(stdout, "enable secret", ""), enable) {
		t.Error("the secret was echoed")
	}
}

// order is what Netmiko shall do.
type order struct {
	Device   map[string]any `json:"device"`
	Enable   bool           `json:"enable"`
	Commands []string       `json:"commands"`
	Config   []string       `json:"config"`
	Commit   bool           `json:"commit"`
	Check    string         `json:"check"`
	Save     bool           `json:"save"`
}

// report is what Netmiko found.
type report struct {
	Prompt  string
	Enabled bool
	Outputs map[string]string
	Config  string
	After   string
	Saved   string
}

func netmiko(t *testing.T, l *lab.Lab, d *lab.Device, deviceType string, o order) report {
	t.Helper()
	env := l.CredentialEnv()
	o.Device = map[string]any{
		"device_type": deviceType, "host": d.Address.String(), "port": d.Port(),
		"username": env["NETRUST_CREDENTIAL_LAB_USERNAME"], "password": env["NETRUST_CREDENTIAL_LAB_PASSWORD"],
		"secret": env["NETRUST_CREDENTIAL_LAB_ENABLE"],
	}
	body, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), peerPatience)
	defer cancel()
	command := exec.CommandContext(ctx, "/usr/bin/python3", "-W", "ignore", "testdata/netmiko_peer.py")
	command.Stdin = bytes.NewReader(body)
	var errs bytes.Buffer
	command.Stderr = &errs
	out, err := command.Output()
	if err != nil {
		t.Fatalf("netmiko: %v: %s", err, errs.String())
	}
	var r report
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("netmiko printed %q: %v", out, err)
	}
	return r
}

func TestNetmikoDrivesEveryPlatform(t *testing.T) {
	t.Parallel()
	needPeers(t)
	l := start(t, lab.Config{})
	for platform, c := range map[string]struct {
		deviceType, prompt string
		order              order
		after              string
	}{
		"cisco_ios": {"cisco_ios", "ios-0001>", order{Enable: true, Save: true,
			Config: []string{"interface Loopback7", "description by netmiko", "ip address 10.7.7.7 255.255.255.255"},
			Check:  "show running-config interface Loopback7"}, " description by netmiko\n ip address 10.7.7.7 255.255.255.255\n"},
		"cisco_nxos": {"cisco_nxos", "nxos-0002#", order{Config: []string{"interface loopback7", "description by netmiko"},
			Check: "show running-config interface loopback7"}, "interface loopback7\n  description by netmiko\n"},
		"arista_eos": {"arista_eos", "eos-0003>", order{Enable: true, Config: []string{"interface Loopback7", "description by netmiko"},
			Check: "show running-config interfaces Loopback7"}, "interface Loopback7\n   description by netmiko"},
		"juniper_junos": {"juniper_junos", "lab@junos-0004>", order{Config: []string{"set interfaces lo0 description netmiko"}, Commit: true,
			Check: "show configuration interfaces lo0"}, "description netmiko;"},
		"frr": {"cisco_ios", "frr-0005#", order{Config: []string{"interface eth1", "description by netmiko"},
			Check: "show running-config"}, "interface eth1\n description by netmiko\n"},
		"generic_ssh": {"linux", "lab@host-0006:~$", order{}, ""},
	} {
		t.Run(platform, func(t *testing.T) {
			t.Parallel()
			var d *lab.Device
			for _, candidate := range l.Devices() {
				if candidate.Platform == platform {
					d = candidate
				}
			}
			c.order.Commands = []string{"show version"}
			r := netmiko(t, l, d, c.deviceType, c.order)
			if r.Prompt != c.prompt {
				t.Errorf("prompt %q, want %q", r.Prompt, c.prompt)
			}
			if version := r.Outputs["show version"]; !strings.Contains(version, distinctive[platform]) || strings.Contains(version, "--More--") {
				t.Errorf("show version: %q", version)
			}
			if c.order.Enable && !r.Enabled {
				t.Error("netmiko is not in enable mode")
			}
			if !strings.Contains(r.After, c.after) {
				t.Errorf("after the change: %q, want %q; the dialogue was %q", r.After, c.after, r.Config)
			}
			if c.order.Save && !strings.Contains(r.Saved, "[OK]") {
				t.Errorf("saving: %q", r.Saved)
			}
		})
	}
}
