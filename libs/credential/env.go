package credential

import "context"

// envPrefix begins the names of all variables that are read.
const envPrefix = "NETRUST_CREDENTIAL_"

// EnvProvider resolves env:NAME from the variables NETRUST_CREDENTIAL_<NAME>_USERNAME, _PASSWORD, _ENABLE,
// _PRIVATE_KEY_FILE, _PASSPHRASE, _AGENT (true), _AGENT_KEY and _TOKEN.
type EnvProvider struct {
	getenv func(string) (string, bool)
}

// Env makes a provider over the environment, which the program gives it: os.LookupEnv.
func Env(getenv func(string) (string, bool)) *EnvProvider { return &EnvProvider{getenv: getenv} }

// Resolve reads the variables of the reference. User name and one of password, private key file and agent must be set, or
// a token.
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
		Token:        NewSecret(get("_TOKEN")),
		AgentKey:     get("_AGENT_KEY"),
	}
	switch agent := get("_AGENT"); agent {
	case "true", "1":
		c.Agent = true
	case "", "false", "0":
	default:
		return Credential{}, &MissingError{Reference: ref, Missing: []string{prefix + "_AGENT"}, Remedy: "set it to true or false"}
	}
	keyFile := get("_PRIVATE_KEY_FILE")
	var missing []string
	if c.Token.Empty() {
		if c.Username == "" {
			missing = append(missing, prefix+"_USERNAME")
		}
		if c.Password.Empty() && keyFile == "" && !c.Agent {
			missing = append(missing, prefix+"_PASSWORD (or "+prefix+"_PRIVATE_KEY_FILE)")
		}
	}
	if missing != nil {
		return Credential{}, &MissingError{Reference: ref, Missing: missing,
			Remedy: "set it in the environment of the executor and start it again"}
	}
	if keyFile != "" {
		if c.PrivateKey, err = ReadKey(keyFile); err != nil {
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
