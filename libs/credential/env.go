package credential

import "context"

// envPrefix begins the names of all variables that are read.
const envPrefix = "NETRUST_CREDENTIAL_"

// EnvProvider resolves env:NAME from the variables NETRUST_CREDENTIAL_<NAME>_USERNAME, _PASSWORD, _ENABLE,
// _PRIVATE_KEY_FILE and _PASSPHRASE.
type EnvProvider struct {
	getenv func(string) (string, bool)
}

// Env makes a provider over the environment, which the program gives it: os.LookupEnv.
func Env(getenv func(string) (string, bool)) *EnvProvider { return &EnvProvider{getenv: getenv} }

// Resolve reads the variables of the reference. User name and one of password and private key file must be set.
func (p *EnvProvider) Resolve(ctx context.Context, reference string) (Credential, error) {
	ref, err := referenceOf(ctx, reference, SchemeEnv)
	if err != nil {
		return Credential{}, err
	}
	prefix := envPrefix + ref.Name
	get := func(part string) string {
		value, _ := p.getenv(prefix + part)
		return value
	}
	c := Credential{
		Username:     get("_USERNAME"),
		Password:     NewSecret(get("_PASSWORD")),
		EnableSecret: NewSecret(get("_ENABLE")),
		Passphrase:   NewSecret(get("_PASSPHRASE")),
	}
	keyFile := get("_PRIVATE_KEY_FILE")
	var missing []string
	if c.Username == "" {
		missing = append(missing, prefix+"_USERNAME")
	}
	if c.Password.Empty() && keyFile == "" {
		missing = append(missing, prefix+"_PASSWORD (or "+prefix+"_PRIVATE_KEY_FILE)")
	}
	if missing != nil {
		return Credential{}, &MissingError{Reference: ref, Missing: missing,
			Remedy: "set it in the environment of the executor and start it again"}
	}
	if keyFile != "" {
		if c.PrivateKey, err = readKey(keyFile); err != nil {
			return Credential{}, err
		}
	}
	return c, nil
}

// referenceOf parses a reference that must be of the scheme.
func referenceOf(ctx context.Context, reference, scheme string) (Reference, error) {
	if err := ctx.Err(); err != nil {
		return Reference{}, err
	}
	ref, err := ParseReference(reference)
	if err != nil {
		return Reference{}, err
	}
	if ref.Scheme != scheme {
		return Reference{}, &UnknownSchemeError{Scheme: ref.Scheme, Known: []string{scheme}}
	}
	return ref, nil
}
