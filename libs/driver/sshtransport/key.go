package sshtransport

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/netrust/netrust/libs/driver"
)

// signer gives the key to log in with, from the target or from the agent that it names, and the method's name; nil when it
// has neither. Its errors are *[driver.CredentialError].
func (a *attempt) signer() (ssh.Signer, string, error) {
	t := a.target
	switch {
	case !t.PrivateKey.Empty():
		signer, err := parseKey(t)
		return signer, driver.MethodPublicKey, err
	case t.AgentSocket != "":
		signer, err := a.agentKey()
		return signer, driver.MethodAgent, err
	}
	return nil, "", nil
}

func parseKey(t driver.Target) (ssh.Signer, error) {
	signer, fault := readKey(t.PrivateKey, t.Passphrase)
	if fault != nil {
		fault.DeviceID = t.DeviceID
		return nil, fault
	}
	return signer, nil
}

// CheckKey says what is wrong with a private key and its passphrase, or nil. Field is passphrase when the key itself is one,
// and locked.
func CheckKey(key, passphrase driver.Secret) *driver.CredentialError {
	_, fault := readKey(key, passphrase)
	return fault
}

// readKey makes a signer of a private key. A key that is not locked needs no passphrase. Errors of the parsers are not
// wrapped: they may repeat some of the key.
func readKey(key, passphrase driver.Secret) (ssh.Signer, *driver.CredentialError) {
	fault := func(field, message, remedy string) (ssh.Signer, *driver.CredentialError) {
		return nil, &driver.CredentialError{Field: field, Message: message, Remedy: remedy}
	}
	text := []byte(key.Reveal())
	signer, err := ssh.ParsePrivateKey(text)
	if err == nil {
		return signer, nil
	}
	if !errors.As(err, new(*ssh.PassphraseMissingError)) {
		return fault("private_key", "cannot be read as an SSH private key", "set it again from the file that ssh-keygen wrote (ssh-keygen -p -f FILE converts others)")
	}
	if passphrase.Empty() {
		return fault("passphrase", "is missing, and the private key is locked with one", "set it with the key")
	}
	signer, err = ssh.ParsePrivateKeyWithPassphrase(text, []byte(passphrase.Reveal()))
	switch {
	case errors.Is(err, x509.IncorrectPasswordError):
		return fault("passphrase", "does not open the private key", "set the right one")
	case err != nil:
		return fault("private_key", "cannot be read with its passphrase", "set it again from the file that ssh-keygen wrote")
	}
	return signer, nil
}

// agentKey asks the agent for the key. The connection stays open for the login, which the agent has to sign.
func (a *attempt) agentKey() (ssh.Signer, error) {
	t := a.target
	fault := func(field, message, remedy string) (ssh.Signer, error) {
		return nil, &driver.CredentialError{DeviceID: t.DeviceID, Field: field, Message: message, Remedy: remedy}
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(a.ctx, "unix", t.AgentSocket)
	if err != nil {
		return fault("agent", fmt.Sprintf("cannot be asked: no SSH agent answers at %s", t.AgentSocket),
			"start one for the executor's user, and give its socket in the setting ssh_agent or in SSH_AUTH_SOCK")
	}
	if end, ok := a.ctx.Deadline(); ok {
		_ = conn.SetDeadline(end) // a stuck agent must not outlast the login
	}
	a.agent = conn
	signers, err := agent.NewClient(conn).Signers()
	if err != nil {
		return fault("agent", fmt.Sprintf("does not list its keys: %v", err), "look at it with ssh-add -l")
	}
	var have []string
	var found ssh.Signer
	for _, s := range signers {
		fingerprint, comment := ssh.FingerprintSHA256(s.PublicKey()), commentOf(s.PublicKey())
		have = append(have, strings.TrimSpace(fingerprint+" "+comment))
		if len(signers) == 1 && t.AgentKey == "" || t.AgentKey != "" && (t.AgentKey == fingerprint || t.AgentKey == comment) {
			if found != nil {
				return fault("agent_key", fmt.Sprintf("%q is the comment of several keys of the agent", t.AgentKey), "give the fingerprint: one of "+strings.Join(have, ", "))
			}
			found = s
		}
	}
	switch {
	case found != nil:
		return found, nil
	case len(signers) == 0:
		return fault("agent", "has no key", "add one with ssh-add, or unlock the agent")
	case t.AgentKey == "":
		return fault("agent_key", fmt.Sprintf("is missing, and the agent has %d keys, of which a login offers one", len(signers)),
			"set it to the fingerprint or comment of one: "+strings.Join(have, ", "))
	default:
		return fault("agent_key", fmt.Sprintf("%q is no key of the agent", t.AgentKey), "add it with ssh-add, or use one of "+strings.Join(have, ", "))
	}
}

// commentOf gives the comment that the agent keeps with a key.
func commentOf(key ssh.PublicKey) string {
	if k, ok := key.(*agent.Key); ok {
		return k.Comment
	}
	return ""
}

// releaseAgent ends the connection to the agent when the login needs it no more.
func (a *attempt) releaseAgent() {
	if a.agent != nil {
		_ = a.agent.Close()
		a.agent = nil
	}
}
