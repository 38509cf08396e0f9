package conformance_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/netrust/netrust/lab"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/driver/hostkey"
	"github.com/netrust/netrust/libs/driver/platform"
	"github.com/netrust/netrust/libs/driver/sshdriver"
)

// Platforms with levels: the enable secret raises a login, a wrong one is a refusal of its own, and no secret leaves the login
// where it landed.
func TestTheEnableSecretRaisesALoginOrIsRefused(t *testing.T) {
	l := start(t, lab.Config{AddressBase: "127.77.2.1", Platforms: []string{platform.CiscoIOS, platform.AristaEOS}})
	env := l.CredentialEnv()
	for _, device := range l.Devices() {
		d, err := sshdriver.New(device.Platform)
		if err != nil {
			t.Fatal(err)
		}
		target := driver.Target{DeviceID: device.ID, Address: device.Address.String(), Port: device.Port(), HostKeys: &hostkey.Memory{},
			Username: env["NETRUST_CREDENTIAL_LAB_USERNAME"], Password: driver.NewSecret(env["NETRUST_CREDENTIAL_LAB_PASSWORD"])}
		for _, c := range []struct{ secret, prompt string }{{env["NETRUST_CREDENTIAL_LAB_ENABLE"], "#"}, {"", ">"}, {"hunter2-is-wrong", ""}} {
			target.EnableSecret = driver.NewSecret(c.secret)
			logins := &driver.Logins{}
			s, err := d.Open(driver.RecordLogins(t.Context(), logins), target, driver.OpenOptions{Terminal: true})
			if logins.Attempts() != 1 || logins.Method() != driver.MethodPassword {
				t.Errorf("%s: %d logins by %q", device.Platform, logins.Attempts(), logins.Method())
			}
			if err == nil {
				if !strings.HasSuffix(s.Prompt(), c.prompt) || c.prompt == "" {
					t.Errorf("%s: the prompt is %q, want %q", device.Platform, s.Prompt(), c.prompt)
				}
				_ = s.Close()
				continue
			}
			var refused *driver.AuthenticationError
			if c.prompt != "" || !errors.As(err, &refused) || refused.Stage != driver.StageEnable || driver.KindOf(err) != contract.KindAuthentication ||
				driver.EffectOf(err) != contract.EffectNone || !strings.Contains(err.Error(), "refused the enable secret") || strings.Contains(err.Error(), c.secret) {
				t.Errorf("%s: with %d bytes of secret: %v", device.Platform, len(c.secret), err)
			}
		}
	}
}
