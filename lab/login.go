package lab

import (
	"crypto/subtle"
	"errors"
	"slices"

	"golang.org/x/crypto/ssh"

	"github.com/netrust/netrust/lab/fault"
)

// errDenied is all that a client learns of a failed login.
var errDenied = errors.New("permission denied")

// algorithms is what devices offer: curve25519 where they are of the last years, and the older ones that clients of
// network devices must still know. The post-quantum exchanges of today's servers are left out; devices have none, and
// they would cost both sides a fifth of a millisecond per login.
var algorithms = ssh.Config{
	KeyExchanges: []string{
		ssh.KeyExchangeCurve25519, "curve25519-sha256@libssh.org", ssh.KeyExchangeECDHP256, ssh.KeyExchangeECDHP384,
		ssh.KeyExchangeDH14SHA256, ssh.InsecureKeyExchangeDH14SHA1,
	},
	Ciphers: []string{ssh.CipherAES128GCM, ssh.CipherAES256GCM, ssh.CipherAES128CTR, ssh.CipherAES192CTR, ssh.CipherAES256CTR},
	MACs:    []string{ssh.HMACSHA256ETM, ssh.HMACSHA512ETM, ssh.HMACSHA256, ssh.HMACSHA512, ssh.HMACSHA1},
}

// serverConfig is the SSH server that the device is for one connection.
func (d *Device) serverConfig(faults *fault.Set) *ssh.ServerConfig {
	config := &ssh.ServerConfig{
		Config:            algorithms,
		ServerVersion:     d.platform.ServerVersion,
		MaxAuthTries:      d.platform.MaxTries,
		PublicKeyCallback: d.checkKey,
	}
	onlyAsk := faults != nil && faults.KeyboardInteractiveOnly
	if d.platform.Password && !onlyAsk {
		config.PasswordCallback = func(meta ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			return d.checkPassword(meta.User(), string(password))
		}
	}
	if d.platform.KeyboardInteractive || onlyAsk {
		config.KeyboardInteractiveCallback = func(meta ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			answers, err := ask("", "", []string{d.platform.Question}, []bool{false})
			if err != nil || len(answers) != 1 {
				return nil, errDenied
			}
			return d.checkPassword(meta.User(), answers[0])
		}
	}
	config.AddHostKey(d.signer(faults != nil && faults.ChangedHostKey))
	return config
}

// checkPassword lets the lab's user in, unless a fault keeps everybody out. Refusals are counted.
func (d *Device) checkPassword(user, password string) (*ssh.Permissions, error) {
	faults := d.Faults()
	config := &d.lab.config
	right := subtle.ConstantTimeCompare([]byte(password), []byte(config.Password)) == 1 && user == config.Username
	switch {
	case faults != nil && faults.WrongPassword: // the device's own doing: it asks nobody
	case d.lab.accounts.login(user, right):
		return nil, nil
	}
	d.count(func(c *Counts) { c.LoginsFailed++ })
	return nil, errDenied
}

// checkKey lets the lab's user in by one of the authorized keys. Clients try keys that are not meant for the device, so a
// refusal is no failed login.
func (d *Device) checkKey(meta ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
	faults := d.Faults()
	offered := string(key.Marshal())
	known := slices.ContainsFunc(d.lab.config.AuthorizedKeys, func(k ssh.PublicKey) bool { return string(k.Marshal()) == offered })
	if known && meta.User() == d.lab.config.Username && (faults == nil || !faults.WrongPassword) {
		return nil, nil
	}
	return nil, errDenied
}
