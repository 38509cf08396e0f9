package executor

import (
	"fmt"

	"github.com/netrust/netrust/libs/credential"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/driver/sshdriver"
)

// Drivers is a registry of every driver. It is the one list of them.
func Drivers() (*driver.Registry, error) {
	ssh, err := sshdriver.All()
	if err != nil {
		return nil, fmt.Errorf("making the SSH drivers: %w", err)
	}
	return driver.NewRegistry(ssh...)
}

// Credentials is the one list of providers: it resolves env: references by lookup, and file: references in the file, where one is named.
func Credentials(lookup func(string) (string, bool), file string) credential.Provider {
	byScheme := map[string]credential.Provider{credential.SchemeEnv: credential.Env(lookup)}
	if file != "" {
		byScheme[credential.SchemeFile] = credential.File(file)
	}
	return credential.NewRegistry(byScheme)
}
