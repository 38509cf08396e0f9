package peers_test

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/credential"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/driver/hostkey"
	"github.com/netrust/netrust/libs/inventory"
	"github.com/netrust/netrust/services/executor"
	"github.com/netrust/netrust/tests/peers"
)

// asked is a host key store that notes for whom it was asked.
type asked struct {
	hostkey.Memory
	ids []string
}

func (a *asked) Check(ctx context.Context, id, address string, key driver.HostKey) error {
	a.ids = append(a.ids, id)
	return a.Memory.Check(ctx, id, address, key)
}

// From the inventory file to the device: each hop logs in as its credential says, one of them by an agent's key.
func TestAnExecutorGoesTheWayThatTheInventoryNames(t *testing.T) {
	first, second, device := peers.StartOpenSSH(t, nil), peers.StartOpenSSH(t, nil), peers.StartOpenSSH(t, nil)
	key := peers.NewKey(t, "ed25519", "", "netrust")
	second.Authorize(t, key+".pub")
	devices, err := inventory.Parse([]byte(strings.NewReplacer("FIRST", port(first), "SECOND", port(second), "DEVICE", port(device)).Replace(`
jump_hosts:
  one: {address: 127.0.0.1, port: FIRST, credential: env:ONE}
  two: {address: 127.0.0.1, port: SECOND, credential: env:TWO}
devices:
  - {id: host, platform: generic_ssh, address: 127.0.0.1, port: DEVICE, credential: env:DEV, options: {jump: [one, two]}}
`)))
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{
		"ONE_USERNAME": first.Username, "ONE_PASSWORD": first.Password, "TWO_USERNAME": second.Username, "TWO_AGENT": "true",
		"DEV_USERNAME": device.Username, "DEV_PASSWORD": device.Password,
	}
	credentials := credential.Env(func(name string) (string, bool) {
		value, ok := env[strings.TrimPrefix(name, "NETRUST_CREDENTIAL_")]
		return value, ok
	})
	cfg := executor.Default()
	cfg.SSHAgent = peers.StartAgent(t, key)
	store := &asked{}
	try := func() executor.Trial {
		t.Helper()
		trial, err := executor.TryLogin(t.Context(), cfg, credentials, &devices[0], store)
		if err != nil {
			t.Fatal(err)
		}
		return trial
	}
	if trial := try(); trial.Error != nil || trial.Login != (contract.Login{Method: "password", Attempts: 1}) {
		t.Fatalf("%+v: %v", trial, trial.Error)
	}
	want := "jump:127.0.0.1:" + port(first) + " jump:127.0.0.1:" + port(second) + " host"
	if got := strings.Join(store.ids, " "); got != want {
		t.Errorf("host keys were asked for of %s, want %s", got, want)
	}
	if !strings.Contains(second.Log(), "Accepted publickey") {
		t.Errorf("the second hop says %s", second.Log())
	}
	env["ONE_PASSWORD"] = "hunter2-is-wrong"
	trial := try()
	if trial.Error == nil || trial.Error.Kind != contract.KindAuthentication || trial.Login.Attempts != 0 ||
		!strings.Contains(trial.Error.Message, "on the way to host: jump host one") || strings.Contains(trial.Error.Message, "hunter2") {
		t.Errorf("a wrong password of the first hop: %+v", trial.Error)
	}
}

func port(s *peers.OpenSSH) string { return strconv.Itoa(s.Port) }
