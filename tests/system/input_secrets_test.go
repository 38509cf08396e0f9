package system

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/lab"
	"github.com/netrust/netrust/libs/audit"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
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
	byPlatform := map[string][]string{}
	for _, d := range twin.Devices() {
		secrets = append(secrets, d.Secrets()...)
		byPlatform[d.Platform] = append(byPlatform[d.Platform], strings.Replace(d.ID, "lab-", "config-", 1))
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
		spec.Name, spec.Repeatable = platform, true
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
