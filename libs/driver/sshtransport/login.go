package sshtransport

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"syscall"

	"golang.org/x/crypto/ssh"

	"github.com/netrust/netrust/libs/driver"
)

// lost reports whether the error is that the peer went away.
func lost(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE) || errors.Is(err, net.ErrClosed)
}

func (a *attempt) config() (*ssh.ClientConfig, error) {
	t := a.target
	if t.HostKeys == nil {
		return nil, errors.New("no host key store was given; host keys are never accepted unseen")
	}
	choose, err := a.chooser()
	if err != nil {
		return nil, err
	}
	return &ssh.ClientConfig{
		Config:            algorithms(t.LegacyAlgorithms),
		User:              t.Username,
		AuthCallback:      choose,
		HostKeyCallback:   a.checkHostKey,
		HostKeyAlgorithms: hostKeyAlgorithms(t.HostKeys.Algorithms(t.DeviceID, a.at), t.LegacyAlgorithms),
		BannerCallback:    func(string) error { return nil },
		ClientVersion:     "SSH-2.0-netrust",
	}, nil
}

func (a *attempt) checkHostKey(_ string, _ net.Addr, key ssh.PublicKey) error {
	t := a.target
	got := driver.HostKey{Type: key.Type(), Blob: key.Marshal()}
	if err := t.HostKeys.Check(a.ctx, t.DeviceID, a.at, got); err != nil {
		var known *driver.HostKeyError
		if !errors.As(err, &known) {
			known = &driver.HostKeyError{DeviceID: t.DeviceID, Address: t.Address, Reason: driver.HostKeyUnavailable, Presented: got, Err: err}
		}
		a.hostKey = known
		return known
	}
	a.reach(driver.StageAuthentication)
	return nil
}

// chooser gives the one method that is offered.
func (a *attempt) chooser() (ssh.ClientAuthCallback, error) {
	t := a.target
	signer, err := signerOf(t)
	if err != nil {
		return nil, err
	}
	return func(c *ssh.ClientAuthContext) (ssh.AuthMethod, error) {
		if a.offered.Load() {
			if len(c.PartialSuccessMethods) > 0 {
				return nil, errors.New("the server wants a second factor after the first, which is not supported")
			}
			return nil, fmt.Errorf("it was refused by method %s", last(c.TriedMethods))
		}
		offers := func(method string) bool { return slices.Contains(c.AllowedMethods, method) }
		a.offered.Store(true)
		switch {
		case signer != nil && offers("publickey"):
			return ssh.PublicKeys(signer), nil
		case !t.Password.Empty() && offers("password"):
			return ssh.Password(t.Password.Reveal()), nil
		case !t.Password.Empty() && offers("keyboard-interactive"):
			return ssh.KeyboardInteractive(answerOnce(t.Password)), nil
		}
		return nil, fmt.Errorf("the server offers %v, for none of which the credential has anything", c.AllowedMethods)
	}, nil
}

func last(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return list[len(list)-1]
}

func signerOf(t driver.Target) (ssh.Signer, error) {
	switch {
	case t.PrivateKey.Empty():
		return nil, nil
	case t.Passphrase.Empty():
		signer, err := ssh.ParsePrivateKey([]byte(t.PrivateKey.Reveal()))
		return signer, wrap("reading the private key", err)
	default:
		signer, err := ssh.ParsePrivateKeyWithPassphrase([]byte(t.PrivateKey.Reveal()), []byte(t.Passphrase.Reveal()))
		return signer, wrap("reading the private key with its passphrase", err)
	}
}

func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// answerOnce gives the password to the first hidden question. A second one ("new password:") is not for us.
func answerOnce(password driver.Secret) ssh.KeyboardInteractiveChallenge {
	answered := false
	return func(_, _ string, questions []string, echos []bool) ([]string, error) {
		if len(questions) == 0 {
			return nil, nil
		}
		if answered || len(questions) != 1 || echos[0] {
			return nil, errors.New("the server asks for more than the password")
		}
		answered = true
		return []string{password.Reveal()}, nil
	}
}
