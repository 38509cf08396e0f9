package lab

import (
	"bytes"
	"fmt"
	"strconv"

	"golang.org/x/crypto/ssh"
)

// InventoryYAML is the lab's devices as an inventory that netrust imports. Call it when the lab is ready: it holds the port.
func (l *Lab) InventoryYAML() []byte {
	var b bytes.Buffer
	b.WriteString("devices:\n")
	for _, d := range l.devices {
		fmt.Fprintf(&b, "  - id: %s\n    name: %s\n    platform: %s\n    address: %s\n    port: %d\n    site: %s\n",
			d.ID, d.Name, d.Platform, d.Address, d.Port(), d.Site)
		fmt.Fprintf(&b, "    tags: [role:%s]\n    labels: {role: %s, vendor: %s}\n    credential: env:LAB\n", d.Role, d.Role, d.Vendor)
	}
	return b.Bytes()
}

// CredentialEnv is the environment in which the inventory's credential reference resolves.
func (l *Lab) CredentialEnv() map[string]string {
	return map[string]string{
		"NETRUST_CREDENTIAL_LAB_USERNAME": l.config.Username,
		"NETRUST_CREDENTIAL_LAB_PASSWORD": l.config.Password,
		"NETRUST_CREDENTIAL_LAB_ENABLE":   l.config.EnableSecret,
	}
}

// KnownHosts is the devices' host keys in OpenSSH's format. Call it when the lab is ready: it holds the port.
func (l *Lab) KnownHosts() []byte {
	var b bytes.Buffer
	for _, d := range l.devices {
		host := d.Address.String()
		if d.Port() != 22 {
			host = "[" + host + "]:" + strconv.Itoa(d.Port())
		}
		b.WriteString(host + " ")
		b.Write(ssh.MarshalAuthorizedKey(d.HostKey()))
	}
	return b.Bytes()
}

// authorized is a key as OpenSSH writes it, without a line end.
func authorized(key ssh.PublicKey) string {
	return string(bytes.TrimSpace(ssh.MarshalAuthorizedKey(key)))
}
