package executor

import (
	"errors"
	"fmt"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/credential"
	"github.com/netrust/netrust/libs/credential/agefile"
	"github.com/netrust/netrust/libs/credential/oskeyring"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/driver/sshdriver"
	"github.com/netrust/netrust/libs/servicekit"
)

// Drivers is a registry of every driver. It is the one list of them.
func Drivers() (*driver.Registry, error) {
	ssh, err := sshdriver.All()
	if err != nil {
		return nil, fmt.Errorf("making the SSH drivers: %w", err)
	}
	return driver.NewRegistry(ssh...)
}

// WithEnvironment completes the settings with what programs of a user's session share by environment variables: the SSH
// agent.
func (c Config) WithEnvironment(lookup func(string) (string, bool)) Config {
	if c.SSHAgent == "" {
		c.SSHAgent, _ = lookup("SSH_AUTH_SOCK")
	}
	return c
}

// Credentials is the one list of providers, behind a cache: env: references are resolved by lookup, file: and age:
// references in the files that the settings name. The age file is opened, where there is one, so that a wrong passphrase is
// found now and not by a device's task. Each access is told to the log, at level debug.
func Credentials(c Config, lookup func(string) (string, bool), log zerolog.Logger) (*credential.Cache, error) {
	byScheme := map[string]credential.Provider{credential.SchemeEnv: credential.Env(lookup)}
	if c.CredentialsFile != "" {
		byScheme[credential.SchemeFile] = credential.File(c.CredentialsFile)
	}
	if c.CredentialsAgeFile != "" {
		file, err := AgeFile(c, lookup)
		if err == nil {
			err = ageFault(c, file.Check())
		}
		if err != nil {
			return nil, err
		}
		byScheme[credential.SchemeAge] = file
	}
	observe := func(a credential.Access) {
		log.Debug().Str("credential", a.Reference).Bool("cached", a.Cached).Bool("refreshed", a.Refreshed).Bool("changed", a.Changed).
			AnErr("reason", a.Err).Msg("credential accessed")
	}
	return credential.NewCache(credential.NewRegistry(byScheme), c.CredentialTTL, observe, nil), nil
}

// AgeFile is the encrypted file of credentials that the settings name.
func AgeFile(c Config, lookup func(string) (string, bool)) (*agefile.File, error) {
	unlock, err := agefile.ParseUnlock(c.CredentialsUnlock)
	if err != nil {
		return nil, servicekit.Fault("credentials_unlock", "write it as identity:PATH, or in another of its forms", "%v", err)
	}
	return agefile.New(c.CredentialsAgeFile, agefile.Opener{Unlock: unlock, LookupEnv: lookup, Keyring: oskeyring.Keyring{}}), nil
}

// ageFault says which setting an error of the age file is about.
func ageFault(c Config, err error) error {
	var fault *credential.FileError
	if !errors.As(err, &fault) {
		return err
	}
	setting := "credentials_unlock"
	if fault.Path == c.CredentialsAgeFile && !errors.Is(err, agefile.ErrWrongKey) {
		setting = "credentials_age_file"
	}
	return servicekit.Fault(setting, fault.Remedy, "%s: %s", fault.Path, fault.Message)
}
