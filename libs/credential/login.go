package credential

import "strings"

// Credential is what a device asks for at login. Which of password, key, agent and token it has, its kind of account
// decides.
type Credential struct {
	Username string
	Password Secret
	// EnableSecret raises the privilege level where the platform has one.
	EnableSecret Secret
	// PrivateKey is an SSH private key in PEM form, Passphrase what opens it.
	PrivateKey Secret
	Passphrase Secret
	// Agent says that an SSH agent on the executor's host keeps the private key; AgentKey chooses among its keys, by
	// SHA256 fingerprint or comment. Empty: the one key that it has.
	Agent    bool
	AgentKey string
	// Token is what HTTP APIs ask for.
	Token Secret
}

// Secrets returns the secrets that are set, for redaction of what a device may repeat.
func (c Credential) Secrets() []Secret {
	var set []Secret
	for _, s := range []Secret{c.Password, c.EnableSecret, c.PrivateKey, c.Passphrase, c.Token} {
		if !s.Empty() {
			set = append(set, s)
		}
	}
	return set
}

// Equal reports whether both log in in the same way.
func (c Credential) Equal(d Credential) bool {
	return c.Username == d.Username && c.Agent == d.Agent && c.AgentKey == d.AgentKey && c.Password.Equal(d.Password) &&
		c.EnableSecret.Equal(d.EnableSecret) && c.PrivateKey.Equal(d.PrivateKey) && c.Passphrase.Equal(d.Passphrase) && c.Token.Equal(d.Token)
}

// Kind says in words what it consists of: "password", "key", "key with passphrase", "agent", "token", and combinations.
func (c Credential) Kind() string {
	var parts []string
	add := func(has bool, part string) {
		if has {
			parts = append(parts, part)
		}
	}
	add(!c.PrivateKey.Empty() && c.Passphrase.Empty(), "key")
	add(!c.PrivateKey.Empty() && !c.Passphrase.Empty(), "key with passphrase")
	add(c.Agent, "agent")
	add(!c.Password.Empty(), "password")
	add(!c.Token.Empty(), "token")
	add(!c.EnableSecret.Empty(), "enable secret")
	return strings.Join(parts, ", ")
}
