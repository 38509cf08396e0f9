package cli

import (
	"fmt"
	"strconv"
)

// loopback is the address of the device's first loopback interface, by its number.
func (d *Device) loopback() string {
	return fmt.Sprintf("10.255.%d.%d", d.Number/250, d.Number%250+1)
}

// octet is a number as one part of an address.
func octet(number int) string { return strconv.Itoa(number % 256) }

// Secrets returns every password, key, hash and community that the config as delivered holds, so that a test can look
// for them where they must not be.
func (d *Device) Secrets() []string {
	secrets := []string{d.Password, d.Enable}
	recorder := &Device{Facts: d.Facts, Platform: d.Platform}
	recorder.Secret = func(use string, size int) string {
		value := d.Secret(use, size)
		secrets = append(secrets, value)
		return value
	}
	d.Platform.factory(recorder)
	return secrets
}
