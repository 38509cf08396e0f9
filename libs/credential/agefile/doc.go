// Package agefile keeps credentials in a file that is encrypted with age (https://age-encryption.org), and resolves age:NAME
// from it.
//
// What opens the file is said by an [Unlock]: an identity file, a passphrase, or an entry of the operating system's keyring
// that holds either. It promises that a file is replaced whole or not at all, by one writer at a time; that secrets and
// identities are in no error; and that an identity or passphrase file that others can read is refused.
//
// In the clear the file is what package credential reads as a credentials file, so that `age -d` shows it and `age -e`
// makes one of an existing file. Written anew, it is encrypted to the recipient of the identity (or to the passphrase)
// that opened it, and to no other.
package agefile
