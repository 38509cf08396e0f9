package driver

import (
	"crypto/sha256"
	"encoding/base64"
)

// HostKey is a server's public key.
type HostKey struct {
	Type string `json:"type"` // ssh-ed25519, ecdsa-sha2-nistp256, ssh-rsa, …
	Blob []byte `json:"blob"` // as on the wire (RFC 4253)
}

// Fingerprint is the key's SHA-256 as OpenSSH prints it.
func (k HostKey) Fingerprint() string {
	sum := sha256.Sum256(k.Blob)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}
