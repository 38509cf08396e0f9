package audit_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/netrust/netrust/libs/audit"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/schemas"
	"github.com/netrust/netrust/schemas/validate"
)

func TestTheHashIsThatOfALeafInRFC6962(t *testing.T) {
	t.Parallel()
	// The hash of an empty leaf is among the test vectors of Certificate Transparency.
	if got := audit.Hash(nil); got != "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d" {
		t.Errorf("the hash of nothing is %s", got)
	}
	sum := sha256.Sum256([]byte("\x00{}"))
	if got := audit.Hash([]byte("{}")); got != hex.EncodeToString(sum[:]) {
		t.Errorf("the hash of {} is %s", got)
	}
}

func TestTraceID(t *testing.T) {
	t.Parallel()
	const id = "0af7651916cd43dd8448eb211c80319c"
	for in, want := range map[string]string{
		"00-" + id + "-b7ad6b7169203331-01": id,
		"":                                  "",
		"00-" + strings.ToUpper(id) + "-b7ad6b7169203331-01":    "",
		"00-" + strings.Repeat("0", 32) + "-b7ad6b7169203331-1": "",
		"00-" + id:     "",
		"00-1234-12-1": "",
	} {
		if got := audit.TraceID(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestAnEventIsCleanedOfSecretsAndExcess(t *testing.T) {
	t.Parallel()
	many := map[string]string{}
	list := make([]string, 500)
	for i := range list {
		list[i] = "show version"
		many[strings.Repeat("k", i+1)] = strings.Repeat("ü", 10_000)
	}
	list[0] = "username bob password hunter2secret"
	e := audit.Clean(contract.AuditEvent{
		Kind: "job.submitted", At: time.Now().UTC(), Outcome: contract.AuditRequested, Actor: contract.AuditActor{Service: "gateway", Principal: strings.Repeat("p", 999)},
		Object: strings.Repeat("o", 5000), Reason: "enable secret hunter2secret\x00\xff" + strings.Repeat("é", 9000), Commands: list, Labels: many,
		Parameters: map[string]string{"line": "snmp-server community hunter2secret RO"},
	})
	data, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), "hunter2secret") {
		t.Errorf("a secret is left: %.300s", data)
	}
	if len(data) > 100<<10 || len(e.Commands) > 100 || len(e.Labels) > 32 || !utf8.Valid(data) {
		t.Errorf("%d bytes, %d commands, %d labels", len(data), len(e.Commands), len(e.Labels))
	}
	v, err := validate.New()
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Check("audit_event.v1", data); err != nil {
		t.Error(err)
	}
	if len(list) != 500 || len(many) != 500 {
		t.Error("the caller's own were changed")
	}
}

func TestACleanEventStaysAsItIs(t *testing.T) {
	t.Parallel()
	samples, err := schemas.Samples("audit_event.v1")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range samples {
		var e contract.AuditEvent
		if err := json.Unmarshal(s.JSON, &e); err != nil {
			t.Fatal(err)
		}
		before, _ := json.Marshal(e)
		after, _ := json.Marshal(audit.Clean(e))
		if string(before) != string(after) {
			t.Errorf("%s\nbecomes\n%s", before, after)
		}
	}
}
