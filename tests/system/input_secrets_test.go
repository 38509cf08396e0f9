package system

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/lab"
	"github.com/netrust/netrust/libs/audit"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
	"github.com/netrust/netrust/libs/netconfig/redact"
	"github.com/netrust/netrust/libs/sealed"
)

// secrets has devices of all platforms print their configs, and looks for each secret of the lab in all that NATS stores,
// all that the API answers and all that the processes wrote.
func (n *network) secrets(t *testing.T) {
	const seed, count = 301, 12 // the seed of the network's lab: the credential is the same
	l := StartLab(t, "--devices", "12", "--seed", "301", "--address-base", "127.19.0.1")
	n.API.Import(t, []byte(strings.ReplaceAll(string(l.Inventory), "- id: lab-", "- id: config-")))
	twin, err := lab.New(lab.Config{Devices: count, Seed: seed, AddressBase: "127.19.0.1"}) // it says what the process keeps to itself
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{"not-the-password", l.Credential("PASSWORD"), l.Credential("ENABLE")}
	byPlatform, secretsOf := map[string][]string{}, map[string][]string{}
	for _, d := range twin.Devices() {
		secrets = append(secrets, d.Secrets()...)
		id := strings.Replace(d.ID, "lab-", "config-", 1)
		byPlatform[d.Platform], secretsOf[id] = append(byPlatform[d.Platform], id), d.Secrets()
	}
	slices.Sort(secrets)
	if secrets = slices.Compact(secrets); len(secrets) < 2*count {
		t.Fatalf("the lab has %d secrets only", len(secrets))
	}
	commands := map[string]string{"juniper_junos": "show configuration", "generic_ssh": "cat /etc/snmp/snmpd.conf"}
	var answers []any
	for platform, ids := range byPlatform {
		command := commands[platform]
		if command == "" {
			command = "show running-config"
		}
		spec := quick(ids, command)
		spec.Name, spec.Repeatable, spec.KeepRaw = platform, true, true
		spec.Limits.CommandTimeoutMS, spec.Limits.DeviceTimeoutMS = 10_000, 20_000
		job, results := n.run(t, spec)
		if job.State != contract.JobSucceeded {
			t.Errorf("%s: the job is %s: %+v", platform, job.State, results[ids[0]].Error)
		}
		for _, id := range ids {
			if out := results[id].Outputs; len(out) != 1 || len(out[0].Output) < 20 {
				t.Errorf("%s printed no config: %+v", id, out)
			}
		}
		answers = append(answers, results)
		for _, id := range ids {
			raw := n.raw(t, job.ID, id)
			shown := func(s string) bool { return strings.Contains(raw[0].Output, s) }
			if len(raw) != 1 || raw[0].Command != command || strings.Contains(results[id].Outputs[0].Output, "redacted") != slices.ContainsFunc(secretsOf[id], shown) {
				t.Errorf("the raw output of %s holds none of its secrets: it is not what the device printed: %+v", id, raw)
			} else if redacted := redact.New(platform, secrets...).Text(raw[0].Output); redacted != results[id].Outputs[0].Output {
				t.Errorf("the raw output of %s is another than the redacted one:\n%s\n%s", id, redacted, results[id].Outputs[0].Output)
			}
		}
	}

	find := func(where, text string) {
		t.Helper()
		for _, s := range secrets {
			if at := strings.Index(text, s); at >= 0 {
				t.Errorf("%s holds the secret %q: …%s…", where, s, text[max(0, at-80):min(len(text), at+len(s)+20)])
			}
		}
	}
	conn := n.Connect(t)
	Eventually(t, 30*time.Second, "the audit has recorded all", func() error {
		ledgerAt, err := audit.Position(t.Context(), conn, ledger.Stream)
		if err != nil {
			return err
		}
		last, err := conn.LastFor(t.Context(), ledger.Stream, ledger.Subject(contract.TaskRecords))
		if err == nil && ledgerAt < last.Seq {
			err = fmt.Errorf("it is at %d of %d in the ledger", ledgerAt, last.Seq)
		}
		return err
	})
	for _, stream := range n.Streams(t) {
		for _, m := range stream.messages {
			find("stream "+stream.name+", "+m.Subject, string(m.Data))
		}
	}
	for _, p := range n.All() {
		find("the log of "+p.Name, p.Log())
	}
	answer, err := json.Marshal(answers)
	if err != nil {
		t.Fatal(err)
	}
	find("the answer of the API", string(answer))
	if !strings.Contains(string(answer), "redacted") {
		t.Error("nothing is redacted: no config with secrets was printed")
	}
}

// raw is a device's raw output as an operator with the key reads it. One with another key cannot, nor one without the role.
func (n *network) raw(t *testing.T, job, device string) []contract.CommandOutput {
	t.Helper()
	read := func(token, identity string) (string, string, error) {
		cmd := exec.CommandContext(t.Context(), Binary(t), "job", "raw", job, "--device", device, "--identity", identity, "--output", "json", "--server", n.API.URL)
		cmd.Env = append(os.Environ(), "NETRUST_TOKEN="+token, "HOME="+t.TempDir())
		var out, complaint bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &complaint
		err := cmd.Run()
		return out.String(), complaint.String(), err
	}
	text, complaint, err := read(n.API.Token, n.RawIdentity)
	if err != nil {
		t.Errorf("reading the raw output of %s: %v: %s", device, err, complaint)
		return nil
	}
	var outputs []contract.CommandOutput
	if err := json.Unmarshal([]byte(text), &outputs); err != nil {
		t.Errorf("the raw output of %s: %v: %s", device, err, text)
	}
	other := filepath.Join(t.TempDir(), "other.identity")
	if err := sealed.EnsureIdentity(other); err != nil {
		t.Fatal(err)
	}
	if text, complaint, err = read(n.API.Token, other); err == nil || text != "" || !strings.Contains(complaint, "not encrypted to this key") {
		t.Errorf("with another key: %v, %q, %s", err, text, complaint)
	}
	return outputs
}
