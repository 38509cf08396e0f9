package driver

import (
	"context"
	"fmt"
	"sync"

	"github.com/netrust/netrust/libs/contract"
)

// Methods of a login, as [Logins] tells them. Agent is a public key whose private half an SSH agent keeps.
const (
	MethodPassword    = "password"
	MethodInteractive = "keyboard-interactive"
	MethodPublicKey   = "publickey"
	MethodAgent       = "agent"
)

// Logins counts the logins that were offered to a device itself, not to the jump hosts before it: each may count towards
// a lockout of the account if it fails. The zero value counts from nothing. It is safe for concurrent use.
type Logins struct {
	// In, if set, is called when a login has succeeded, before the session is ready. It must not block.
	In func()

	mu       sync.Mutex
	attempts int
	method   string
}

// Note counts one login. Drivers call it when they offer something to the device, whatever comes of it. A nil Logins counts
// nothing.
func (l *Logins) Note(method string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.attempts++
	l.method = method
}

// Succeeded says that the device let the login in. Drivers call it as soon as they know.
func (l *Logins) Succeeded() {
	if l != nil && l.In != nil {
		l.In()
	}
}

// Attempts is how many logins were offered.
func (l *Logins) Attempts() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.attempts
}

// Method is the one of the last login; empty when there was none.
func (l *Logins) Method() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.method
}

type loginsKey struct{}

// RecordLogins makes what is opened or run under the context count its logins: a session that was opened for another
// task may have to log in again for this one.
func RecordLogins(ctx context.Context, l *Logins) context.Context {
	return context.WithValue(ctx, loginsKey{}, l)
}

// LoginsOf returns what [RecordLogins] put there, or nil, which counts nothing.
func LoginsOf(ctx context.Context) *Logins {
	l, _ := ctx.Value(loginsKey{}).(*Logins)
	return l
}

// CredentialError: what the credential has cannot be used for the login, which was not tried.
type CredentialError struct {
	DeviceID string
	Field    string // of the credential: private_key, passphrase, agent, agent_key
	Message  string // never a secret
	Remedy   string
}

// Error names the field and the remedy.
func (e *CredentialError) Error() string {
	return fmt.Sprintf("nothing was sent to %s: the credential's %s %s; %s", e.DeviceID, e.Field, e.Message, e.Remedy)
}

// Kind is credential.
func (e *CredentialError) Kind() Kind { return contract.KindCredential }

// Effect is none.
func (e *CredentialError) Effect() Effect { return contract.EffectNone }
