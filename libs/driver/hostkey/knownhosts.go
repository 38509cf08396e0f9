package hostkey

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/netrust/netrust/libs/driver"
)

// KnownHosts is a store over known_hosts files as OpenSSH writes them, hashed names included. It never learns a key. It is
// safe for concurrent use.
type KnownHosts struct {
	check ssh.HostKeyCallback
}

// NewKnownHosts reads the files once.
func NewKnownHosts(files ...string) (*KnownHosts, error) {
	check, err := knownhosts.New(files...)
	if err != nil {
		return nil, fmt.Errorf("reading known host keys: %w", err)
	}
	return &KnownHosts{check: check}, nil
}

// Algorithms implements [driver.HostKeys].
func (k *KnownHosts) Algorithms(_, address string) []string {
	stored, _ := k.stored(address, noKey{})
	return Types(stored)
}

// Check implements [driver.HostKeys].
func (k *KnownHosts) Check(_ context.Context, deviceID, address string, got driver.HostKey) error {
	key, err := ssh.ParsePublicKey(got.Blob)
	if err != nil {
		return &driver.HostKeyError{DeviceID: deviceID, Address: address, Reason: driver.HostKeyUnavailable, Presented: got, Err: err}
	}
	stored, err := k.stored(address, key)
	var known *knownhosts.KeyError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return Verify(deviceID, address, stored, got)
	default: // revoked, or an address that cannot be looked up
		return &driver.HostKeyError{DeviceID: deviceID, Address: address, Reason: driver.HostKeyUnavailable, Presented: got, Err: err}
	}
}

// stored asks the library whether the key is known; when it is not, its error lists the keys that are.
func (k *KnownHosts) stored(address string, key ssh.PublicKey) ([]driver.HostKey, error) {
	at := address
	if !strings.HasPrefix(at, "[") { // without a port
		at = net.JoinHostPort(address, "22")
	}
	err := k.check(at, nowhere{at}, key)
	var known *knownhosts.KeyError
	var keys []driver.HostKey
	if errors.As(err, &known) {
		for _, want := range known.Want {
			keys = append(keys, driver.HostKey{Type: want.Key.Type(), Blob: want.Key.Marshal()})
		}
	}
	return keys, err
}

// nowhere is an address that names only what was dialled, so that an entry for another device's IP address never counts.
type nowhere struct{ at string }

// Network implements net.Addr.
func (nowhere) Network() string { return "tcp" }

// String implements net.Addr.
func (n nowhere) String() string { return n.at }

// noKey is no key of any server: asking for it makes the library list the stored ones.
type noKey struct{}

// Type implements ssh.PublicKey.
func (noKey) Type() string { return "none" }

// Marshal implements ssh.PublicKey.
func (noKey) Marshal() []byte { return []byte("none") }

// Verify implements ssh.PublicKey.
func (noKey) Verify([]byte, *ssh.Signature) error { return errors.New("not a key") }
