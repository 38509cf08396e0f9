package credentialcmd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/netrust/netrust/cli"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/credential"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/driver/hostkey"
	"github.com/netrust/netrust/libs/driver/platform"
	"github.com/netrust/netrust/services/executor"
)

// where is what a credential is tried on.
type where struct {
	device            string
	address, platform string
	port              int
	hostKeys          []string
}

func (g *group) test() *cobra.Command {
	var at where
	cmd := &cobra.Command{
		Use: "test NAME", Short: "Log in to a device once with a credential, and out again",
		Long: `Logs in to one device with the credential NAME (or with env:NAME or file:NAME), once, and out again, and says by which method.
The device is one of the inventory (--device asks the gateway for its address, options and jump hosts), or any address.

The device's host key must be in the executor's known_hosts file, or be accepted for this one login: you are asked, or give
--host-key. Exit code 0: the login worked; 1: it did not; 2: it could not be tried.`,
		Example: `  netrust credential test core-routers --device edge-1
  netrust credential test core-routers --address 192.0.2.1 --platform cisco_ios
  netrust credential test env:LAB --address 127.18.0.1 --port 2222 --platform cisco_ios --host-key SHA256:…`,
		Args: cli.Arguments(1, 1, "one name"),
		RunE: func(cmd *cobra.Command, args []string) error { return g.try(cmd, args[0], at) },
	}
	f := cmd.Flags()
	f.StringVar(&at.device, "device", "", "a device of the inventory")
	f.StringVar(&at.address, "address", "", "an IP address or host name")
	f.StringVar(&at.platform, "platform", "", "the platform at --address: "+strings.Join(platform.Names(), ", "))
	f.IntVar(&at.port, "port", 0, "TCP port at --address (default: the platform's)")
	f.StringArrayVar(&at.hostKeys, "host-key", nil, "accept the host key with this SHA256 fingerprint; may be given for jump hosts, too")
	cmd.MarkFlagsMutuallyExclusive("device", "address")
	cmd.MarkFlagsOneRequired("device", "address")
	cmd.MarkFlagsRequiredTogether("address", "platform")
	return cmd
}

func (g *group) try(cmd *cobra.Command, name string, at where) error {
	ctx := cmd.Context()
	reference := name
	if !strings.Contains(name, ":") {
		reference = credential.SchemeAge + ":" + name
	}
	if _, err := credential.ParseReference(reference); err != nil {
		return explain(err)
	}
	d, err := g.target(cmd, at)
	if err != nil {
		return err
	}
	d.Credential = reference
	c, credentials, keys, err := g.means(ctx, at)
	if err != nil {
		return explain(err)
	}
	for _, used := range append([]string{reference}, jumps(d)...) {
		if _, err := credentials.Resolve(ctx, used); err != nil {
			return explain(err)
		}
	}
	trial, err := executor.TryLogin(ctx, c, credentials, d, keys)
	for err == nil && trial.HostKey != nil && g.Interactive {
		k := trial.HostKey
		question := fmt.Sprintf("%s (%s) shows the host key %s %s, which is not known. Is it right?", k.DeviceID, k.Address, k.Presented.Type, k.Presented.Fingerprint())
		if err := g.confirm(ctx, question, ""); err != nil {
			return err
		}
		keys.accepted = append(keys.accepted, k.Presented.Fingerprint())
		trial, err = executor.TryLogin(ctx, c, credentials, d, keys)
	}
	if err != nil {
		return err
	}
	return g.tell(cmd, d, trial)
}

func jumps(d *contract.Device) []string {
	var references []string
	for _, hop := range d.Options.Jump {
		references = append(references, hop.Credential)
	}
	return references
}

// means are the executor's settings, the credentials and the host keys that count on this host.
func (g *group) means(ctx context.Context, at where) (executor.Config, credential.Provider, *hostKeys, error) {
	c, err := g.settings()
	if err != nil {
		return c, nil, nil, err
	}
	file, err := g.fileOf(ctx, c)
	if err != nil {
		return c, nil, nil, err
	}
	byScheme := map[string]credential.Provider{credential.SchemeEnv: credential.Env(g.LookupEnv), credential.SchemeAge: file}
	if c.CredentialsFile != "" {
		byScheme[credential.SchemeFile] = credential.File(c.CredentialsFile)
	}
	keys := &hostKeys{accepted: at.hostKeys}
	if c.KnownHosts != "" {
		if keys.known, err = hostkey.NewKnownHosts(c.KnownHosts); err != nil {
			return c, nil, nil, misused("netrust credential test: known_hosts: %v", err)
		}
	}
	// A passphrase is asked for once, however often the file is read.
	return c, credential.NewCache(credential.NewRegistry(byScheme), time.Hour, nil, nil), keys, nil
}

// target is the device as the inventory has it, or as the flags say.
func (g *group) target(cmd *cobra.Command, at where) (*contract.Device, error) {
	if at.address != "" {
		p, err := platform.Lookup(at.platform)
		if err != nil {
			return nil, misused("netrust credential test: --platform: %v", err)
		}
		if at.port == 0 {
			at.port = p.Port
		}
		if at.port < 1 || at.port > 65535 {
			return nil, misused("netrust credential test: --port %d is no port: use a number from 1 to 65535", at.port)
		}
		return &contract.Device{ID: at.address, Address: at.address, Port: at.port, Platform: p.Name}, nil
	}
	if at.port != 0 || at.platform != "" {
		return nil, misused("netrust credential test: --device has its port and platform from the inventory: leave them out")
	}
	deps := g.Deps
	var shown bytes.Buffer
	deps.Stdout = &shown
	args := []string{"device", "show", "--output", "json"}
	for _, name := range []string{"server", "token-file", "context"} { // the root's, where it has them
		if f := cmd.Flag(name); f != nil && f.Changed {
			args = append(args, "--"+name, f.Value.String())
		}
	}
	if code := cli.Execute(cmd.Context(), cli.Command(deps), deps, append(args, "--", at.device)); code != cli.ExitDone {
		return nil, &cli.ExitError{Code: cli.ExitMisuse, Text: fmt.Sprintf("netrust credential test: --device %s: the gateway did not say how it is reached; give --address and --platform instead", at.device)}
	}
	d := new(contract.Device)
	if err := json.Unmarshal(shown.Bytes(), d); err != nil || d.Address == "" {
		return nil, fmt.Errorf("reading the device that the gateway answered: %w", err)
	}
	return d, nil
}

// result is what a trial gave.
type result struct {
	Reference  string              `json:"reference" yaml:"reference"`
	DeviceID   string              `json:"device_id" yaml:"device_id"`
	Address    string              `json:"address" yaml:"address"`
	OK         bool                `json:"ok" yaml:"ok"`
	Method     string              `json:"method,omitempty" yaml:"method,omitempty"`
	Attempts   int                 `json:"attempts" yaml:"attempts"`
	DurationMS int64               `json:"duration_ms" yaml:"duration_ms"`
	Prompt     string              `json:"prompt,omitempty" yaml:"prompt,omitempty"`
	Error      *contract.TaskError `json:"error,omitempty" yaml:"error,omitempty"`
}

// tell says how the login went, and makes the exit code of it.
func (g *group) tell(cmd *cobra.Command, d *contract.Device, t executor.Trial) error {
	r := result{Reference: d.Credential, DeviceID: d.ID, Address: d.Address, OK: t.Error == nil, Method: t.Login.Method,
		Attempts: t.Login.Attempts, DurationMS: t.Duration.Milliseconds(), Prompt: t.Prompt, Error: t.Error}
	err := write(g.Stdout, cmd, r, func(w io.Writer) {
		if r.OK {
			fmt.Fprintf(w, "ok: %s logged in to %s (%s port %d) by %s in %s; its prompt is %q\n", r.Reference, r.DeviceID, r.Address, d.Port, r.Method,
				t.Duration.Round(time.Millisecond), r.Prompt)
		}
	})
	switch {
	case err != nil || r.OK:
		return err
	case t.HostKey != nil:
		return &cli.ExitError{Code: cli.ExitFailed, Text: fmt.Sprintf("no login was made: %s (%s) shows the host key %s %s, which is not known. Compare it on the device's console, then add it to the executor's known_hosts file, or give --host-key %[4]s",
			t.HostKey.DeviceID, t.HostKey.Address, t.HostKey.Presented.Type, t.HostKey.Presented.Fingerprint())}
	case t.Error.Kind == contract.KindCredential:
		return misused("netrust credential test: %s", t.Error.Message)
	}
	logins := "no login was offered"
	if r.Attempts > 0 {
		logins = fmt.Sprintf("one login was offered, by %s", r.Method)
	}
	return &cli.ExitError{Code: cli.ExitFailed, Text: fmt.Sprintf("%s: %s (%s); %s", t.Error.Kind, t.Error.Message, logins, strings.TrimSuffix(t.Error.Remedy, ", then retry the job"))}
}

// hostKeys are those of a known_hosts file, and those that a person accepted.
type hostKeys struct {
	known    *hostkey.KnownHosts // nil without a file
	accepted []string            // fingerprints
}

// Algorithms implements [driver.HostKeys].
func (k *hostKeys) Algorithms(device, address string) []string {
	if k.known == nil {
		return nil
	}
	return k.known.Algorithms(device, address)
}

// Check implements [driver.HostKeys].
func (k *hostKeys) Check(ctx context.Context, device, address string, key driver.HostKey) error {
	if k.known != nil && len(k.known.Algorithms(device, address)) > 0 {
		return k.known.Check(ctx, device, address, key)
	}
	if slices.Contains(k.accepted, key.Fingerprint()) {
		return nil
	}
	return &driver.HostKeyError{DeviceID: device, Address: address, Reason: driver.HostKeyUnknown, Presented: key}
}
