// Package conformance puts every driver through the suite of libs/driver/drivertest against the lab's simulated devices.
// (Recorded sessions run in libs itself, FRRouting behind OpenSSH in tests/peers.)
package conformance_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/lab"
	"github.com/netrust/netrust/lab/fault"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/driver/drivertest"
	"github.com/netrust/netrust/libs/driver/hostkey"
	"github.com/netrust/netrust/libs/driver/platform"
	"github.com/netrust/netrust/libs/driver/sshdriver"
)

// expectation is what a platform of the lab prints.
type expectation struct {
	prompt   string // {hostname} stands for the device's
	readHas  string
	rejected string
	words    string
	question string
	asks     string
	drop     string
}

var expected = map[string]expectation{
	platform.CiscoIOS:     {"{hostname}#", "Cisco IOS", "show nonsense", "% Invalid input detected", "reload", "confirm", "show interfaces"},
	platform.CiscoNXOS:    {"{hostname}#", "Nexus", "shwo nonsense", "% Invalid command", "reload", "(y/n)", "show interface"},
	platform.AristaEOS:    {"{hostname}#", "Arista", "shwo nonsense", "% Invalid input", "reload", "[confirm]", "show interfaces"},
	platform.JuniperJunos: {"lab@{hostname}>", "Junos", "shwo nonsense", "unknown command", "request system reboot", "[yes,no]", "show interfaces"},
	platform.FRR:          {"{hostname}#", "FRRouting", "shwo nonsense", "% Unknown command", "", "", "show running-config"},
	platform.GenericSSH:   {"lab@{hostname}:~$", "Software Version", "", "", "", "", ""},
}

// The suite counts goroutines and descriptors: it must run alone.
func TestConformanceWithTheLab(t *testing.T) {
	l := start(t, lab.Config{AddressBase: "127.77.0.1"})
	env := l.CredentialEnv()
	for _, device := range l.Devices() {
		t.Run(device.Platform, func(t *testing.T) {
			want, ok := expected[device.Platform]
			if !ok {
				t.Fatalf("nobody says what to expect of %s", device.Platform)
			}
			d, err := sshdriver.New(device.Platform)
			if err != nil {
				t.Fatal(err)
			}
			faults := fault.Set{Hang: []string{"test hang"}}
			if want.drop != "" {
				faults.Drop = &fault.Drop{Command: want.drop, AfterBytes: 60}
			}
			set(t, device, faults)
			p, err := platform.Lookup(device.Platform)
			if err != nil {
				t.Fatal(err)
			}
			prompt := strings.ReplaceAll(want.prompt, "{hostname}", device.Hostname())
			drivertest.Run(t, drivertest.Device{
				Driver: d,
				Target: driver.Target{DeviceID: device.ID, Address: device.Address.String(), Port: device.Port(), Platform: device.Platform,
					Username:     env["NETRUST_CREDENTIAL_LAB_USERNAME"],
					Password:     driver.NewSecret(env["NETRUST_CREDENTIAL_LAB_PASSWORD"]),
					EnableSecret: enable(device.Platform, env)},
				Prompt: prompt,
				Read:   "show version", ReadHas: want.readHas,
				Rejected: want.rejected, Words: want.words,
				Endless:  "test hang",
				Drop:     want.drop,
				Question: want.question, QuestionHas: want.asks,
				Exec:         p.Exec != platform.ExecNever && enable(device.Platform, env).Empty(),
				FailedLogins: func() int64 { return int64(device.Counts().LoginsFailed) },
				ChangeHostKey: func() {
					faults := *device.Faults()
					faults.ChangedHostKey = !faults.ChangedHostKey
					set(t, device, faults)
				},
				Failures: 40,
			})
		})
	}
}

func TestReadsByExecGiveWhatATerminalGives(t *testing.T) {
	l := start(t, lab.Config{AddressBase: "127.77.1.1", Privileged: true})
	env := l.CredentialEnv()
	for _, device := range l.Devices() {
		p, err := platform.Lookup(device.Platform)
		if err != nil {
			t.Fatal(err)
		}
		if p.Exec == platform.ExecNever {
			continue
		}
		d, err := sshdriver.New(device.Platform)
		if err != nil {
			t.Fatal(err)
		}
		target := driver.Target{DeviceID: device.ID, Address: device.Address.String(), Port: device.Port(), HostKeys: &hostkey.Memory{},
			Username: env["NETRUST_CREDENTIAL_LAB_USERNAME"], Password: driver.NewSecret(env["NETRUST_CREDENTIAL_LAB_PASSWORD"])}
		for _, command := range []string{"show version", "show lldp neighbors", "show nonsense"} {
			terminal, terminalErr := once(t, d, target, command, driver.OpenOptions{Terminal: true})
			logins := device.Counts().LoginsOK
			byExec, execErr := once(t, d, target, command, driver.OpenOptions{Commands: []string{command}})
			if byExec != terminal || driver.KindOf(execErr) != driver.KindOf(terminalErr) {
				t.Errorf("%s: %q by exec\n%q, %v\nby terminal\n%q, %v", device.Platform, command, byExec, execErr, terminal, terminalErr)
			}
			if n := device.Counts().LoginsOK - logins; n != 1 && execErr == nil {
				t.Errorf("%s: %q by exec took %d logins", device.Platform, command, n)
			}
		}
	}
}

func once(t *testing.T, d driver.Driver, target driver.Target, command string, o driver.OpenOptions) (string, error) {
	t.Helper()
	s, err := d.Open(t.Context(), target, o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	out, err := s.Run(t.Context(), driver.Command{Text: command, Timeout: 20 * time.Second})
	return out.Text, err
}

// enable is the secret where logins land in user exec.
func enable(name string, env map[string]string) driver.Secret {
	if name == platform.CiscoIOS || name == platform.AristaEOS {
		return driver.NewSecret(env["NETRUST_CREDENTIAL_LAB_ENABLE"])
	}
	return driver.Secret{}
}

func set(t *testing.T, d *lab.Device, faults fault.Set) {
	t.Helper()
	if err := d.SetFaults(faults); err != nil {
		t.Fatal(err)
	}
}

// start runs a lab, which ends with the test.
func start(t *testing.T, config lab.Config) *lab.Lab {
	t.Helper()
	l, err := lab.New(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("the lab ended with: %v", err)
		}
	})
	select {
	case <-l.Ready():
	case err := <-done:
		t.Fatalf("the lab did not start: %v", err)
	case <-time.After(30 * time.Second):
		t.Fatal("the lab was not ready in time")
	}
	return l
}
