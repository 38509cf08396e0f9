// Package oskeyring asks the operating system's keyring: the Secret Service on Linux (GNOME Keyring, KWallet), the Keychain
// on macOS, the Credential Manager on Windows. It is used only for what opens the file of package agefile.
//
// A keyring may ask its user to unlock it. Nobody waits for that longer than [Within]; a question that is then still open
// holds one goroutine until the keyring answers or the process ends, since the libraries below take no deadline.
package oskeyring

import (
	"errors"
	"fmt"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/netrust/netrust/libs/credential/agefile"
)

// Within is how long a keyring may take.
const Within = 30 * time.Second

// Keyring is the operating system's. Its zero value is ready for use, by several goroutines.
type Keyring struct{}

// Get implements [agefile.Keyring].
func (Keyring) Get(service, name string) (string, error) {
	secret, err := within(func() (string, error) { return keyring.Get(service, name) })
	if errors.Is(err, keyring.ErrNotFound) {
		return "", agefile.ErrNoEntry
	}
	return secret, explain(err)
}

// Set implements [agefile.Keyring].
func (Keyring) Set(service, name, secret string) error {
	_, err := within(func() (string, error) { return "", keyring.Set(service, name, secret) })
	return explain(err)
}

func explain(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("no keyring of the operating system answers (%w)", err)
}

func within(ask func() (string, error)) (string, error) {
	type answer struct {
		secret string
		err    error
	}
	got := make(chan answer, 1)
	go func() {
		secret, err := ask()
		got <- answer{secret, err}
	}()
	timer := time.NewTimer(Within)
	defer timer.Stop()
	select {
	case a := <-got:
		return a.secret, a.err
	case <-timer.C:
		return "", fmt.Errorf("no answer within %s", Within)
	}
}
