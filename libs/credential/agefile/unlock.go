package agefile

import (
	"errors"
	"fmt"
	"strings"

	"filippo.io/age"

	"github.com/netrust/netrust/libs/credential"
)

// The ways to open a file, as [Unlock] is written: identity:PATH, passphrase-file:PATH, passphrase-env:VARIABLE,
// keyring:NAME.
const (
	ByIdentity       = "identity"
	ByPassphraseFile = "passphrase-file"
	ByPassphraseEnv  = "passphrase-env"
	ByKeyring        = "keyring"
	// ByPrompt asks a person: only for commands.
	ByPrompt = "prompt"
)

// KeyringService is the service under which entries of the operating system's keyring are looked up.
const KeyringService = "netrust"

// Unlock says what opens a file.
type Unlock struct {
	By   string
	Name string // path, variable or entry; empty for ByPrompt
}

// String is the form that [ParseUnlock] reads.
func (u Unlock) String() string {
	if u.By == ByPrompt {
		return u.By
	}
	return u.By + ":" + u.Name
}

// ParseUnlock reads a setting. The error does not repeat the text, which may be a passphrase in the wrong place.
func ParseUnlock(text string) (Unlock, error) {
	by, name, _ := strings.Cut(text, ":")
	switch by {
	case ByPrompt:
		if name == "" {
			return Unlock{By: by}, nil
		}
	case ByIdentity, ByPassphraseFile, ByPassphraseEnv, ByKeyring:
		if name == "" {
			return Unlock{}, fmt.Errorf("%s: names nothing", by)
		}
		return Unlock{By: by, Name: name}, nil
	}
	return Unlock{}, errors.New("is none of " + strings.Join(Forms(), ", "))
}

// Forms lists how an unlock without a person is written.
func Forms() []string {
	return []string{ByIdentity + ":PATH", ByPassphraseFile + ":PATH", ByPassphraseEnv + ":VARIABLE", ByKeyring + ":NAME"}
}

// Keyring is the operating system's, as package oskeyring has it.
type Keyring interface {
	// Get returns the secret of an entry, or [ErrNoEntry].
	Get(service, name string) (string, error)
	// Set writes an entry.
	Set(service, name, secret string) error
}

// ErrNoEntry says that a keyring works and has no such entry.
var ErrNoEntry = errors.New("the keyring has no such entry")

// Opener is an Unlock with what it needs of the process.
type Opener struct {
	Unlock    Unlock
	LookupEnv func(string) (string, bool)               // for ByPassphraseEnv
	Keyring   Keyring                                   // for ByKeyring
	Prompt    func(new bool) (credential.Secret, error) // for ByPrompt; new: a file is being made, so ask twice
	// WorkFactor is the logarithm of scrypt's cost for files written with a passphrase; 0: age's default, about a second.
	WorkFactor int
}

// lock is what opens a file and what closes it.
type lock struct {
	identities []age.Identity
	recipients []age.Recipient
	passphrase bool
}

// missingError says that what opens the file does not exist yet, so that it can be made together with the file.
type missingError struct{ err error }

func (e *missingError) Error() string { return e.err.Error() }
func (e *missingError) Unwrap() error { return e.err }

// open reads what opens the file. create says that the file is about to be made.
func (o *Opener) open(create bool) (*lock, error) {
	u := o.Unlock
	switch u.By {
	case ByIdentity:
		text, _, err := credential.ReadPrivate(u.Name)
		if err != nil {
			return nil, missing(err)
		}
		return identityLock(u, string(text))
	case ByPassphraseFile:
		text, _, err := credential.ReadPrivate(u.Name)
		if err != nil {
			return nil, err
		}
		first, _, _ := strings.Cut(string(text), "\n")
		return o.passphraseLock(strings.TrimSuffix(first, "\r"))
	case ByPassphraseEnv:
		text := ""
		if o.LookupEnv != nil {
			text, _ = o.LookupEnv(u.Name)
		}
		return o.passphraseLock(text)
	case ByKeyring:
		return o.fromKeyring()
	case ByPrompt:
		if o.Prompt == nil {
			return nil, fault(u, "needs a person to ask", "use "+strings.Join(Forms(), ", "))
		}
		secret, err := o.Prompt(create)
		if err != nil {
			return nil, err
		}
		return o.passphraseLock(secret.Reveal())
	}
	return nil, fault(u, "is not set", "use one of "+strings.Join(Forms(), ", "))
}

func (o *Opener) fromKeyring() (*lock, error) {
	u := o.Unlock
	if o.Keyring == nil {
		return nil, fault(u, "needs a keyring, and this program uses none", "use "+ByIdentity+":PATH")
	}
	text, err := o.Keyring.Get(KeyringService, u.Name)
	switch {
	case errors.Is(err, ErrNoEntry):
		return nil, &missingError{fault(u, "is no entry of the keyring (service "+KeyringService+")",
			"run `netrust credential set` as the same user, which makes it together with the file, or put the identity or passphrase there")}
	case err != nil:
		return nil, fault(u, "cannot be asked: "+err.Error(), "start a keyring service for this user (on servers there is mostly none), or use "+ByIdentity+":PATH")
	case strings.HasPrefix(strings.TrimSpace(text), "AGE-SECRET-KEY-"):
		return identityLock(u, text)
	}
	return o.passphraseLock(text)
}

func (o *Opener) passphraseLock(passphrase string) (*lock, error) {
	if passphrase == "" {
		return nil, fault(o.Unlock, "holds no passphrase", "put it there: the first line counts")
	}
	identity, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, fault(o.Unlock, "holds no passphrase that can be used", "choose another one")
	}
	recipient, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, fault(o.Unlock, "holds no passphrase that can be used", "choose another one")
	}
	if o.WorkFactor > 0 {
		recipient.SetWorkFactor(o.WorkFactor)
	}
	return &lock{identities: []age.Identity{identity}, recipients: []age.Recipient{recipient}, passphrase: true}, nil
}

// identityLock reads age's own form. age's errors are not wrapped: they may quote some of a key.
func identityLock(u Unlock, text string) (*lock, error) {
	if strings.HasPrefix(text, "age-encryption.org/") || strings.Contains(text, "BEGIN AGE ENCRYPTED FILE") {
		return nil, fault(u, "is itself encrypted, which is not supported", "decrypt it with age -d into a file of mode 0600, or use "+ByPassphraseFile+":PATH")
	}
	identities, err := age.ParseIdentities(strings.NewReader(text))
	if err != nil {
		return nil, fault(u, "holds no age identity", "give the file that age-keygen wrote: a line that begins with AGE-SECRET-KEY-1")
	}
	l := &lock{identities: identities}
	for _, i := range identities {
		switch i := i.(type) {
		case *age.X25519Identity:
			l.recipients = append(l.recipients, i.Recipient())
		case *age.HybridIdentity:
			l.recipients = append(l.recipients, i.Recipient())
		}
	}
	return l, nil
}

// fault is a fault of what opens the file.
func fault(u Unlock, message, remedy string) error {
	return &credential.FileError{Path: u.String(), Message: message, Remedy: remedy}
}
