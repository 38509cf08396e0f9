// Package devicelogin is what an executor of this binary logs in to devices with: all drivers, and the providers of
// credentials. It is the one list of both; a new driver or provider is added here.
package devicelogin

import (
	"fmt"

	"github.com/netrust/netrust/libs/credential"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/driver/sshdriver"
)

// Drivers is a registry of every driver.
func Drivers() (*driver.Registry, error) {
	ssh, err := sshdriver.All()
	if err != nil {
		return nil, fmt.Errorf("making the SSH drivers: %w", err)
	}
	return driver.NewRegistry(ssh...)
}

// Credentials resolves env: references by lookup, and file: references in the file, where one is named.
func Credentials(lookup func(string) (string, bool), file string) credential.Provider {
	byScheme := map[string]credential.Provider{credential.SchemeEnv: credential.Env(lookup)}
	if file != "" {
		byScheme[credential.SchemeFile] = credential.File(file)
	}
	return credential.NewRegistry(byScheme)
}
