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
	key, keyMethod, err := a.signer()
	if err != nil {
		return nil, err
	}
	answers := &answerer{username: t.Username, password: t.Password}
	return func(c *ssh.ClientAuthContext) (ssh.AuthMethod, error) {
		if a.offered.Load() {
			if answers.refusal != nil {
				return nil, answers.refusal
			}
			if len(c.PartialSuccessMethods) > 0 {
				return nil, errors.New("the server wants a second factor after the first, which is not supported")
			}
			return nil, fmt.Errorf("it was refused by method %s", last(c.TriedMethods))
		}
		offers := func(method string) bool { return slices.Contains(c.AllowedMethods, method) }
		offer := func(method string, m ssh.AuthMethod) (ssh.AuthMethod, error) {
			a.offered.Store(true)
			a.logins.Note(method)
			return m, nil
		}
		switch {
		case key != nil && offers("publickey"):
			return offer(keyMethod, ssh.PublicKeys(key))
		case !t.Password.Empty() && offers("password"):
			return offer(driver.MethodPassword, ssh.Password(t.Password.Reveal()))
		case !t.Password.Empty() && offers("keyboard-interactive"):
			return offer(driver.MethodInteractive, ssh.KeyboardInteractive(answers.answer))
		}
		a.nothing = fmt.Errorf("the server offers %v, for none of which the credential has anything", c.AllowedMethods)
		return nil, a.nothing
	}, nil
}

func last(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return list[len(list)-1]
}
