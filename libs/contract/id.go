package contract

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"strings"
)

// DeriveJobID makes a job's id of who asks and the idempotency key, so that every gateway gives the same request the same id.
func DeriveJobID(principal, idempotencyKey string) string {
	sum := sha256.Sum256([]byte(principal + "\x00" + idempotencyKey))
	return encodeID(sum[:])
}

// NewJobID makes an id for a submission without an idempotency key.
func NewJobID() string {
	b := make([]byte, 16)
	rand.Read(b) //nolint:errcheck // crypto/rand.Read never fails (it aborts the process)
	return encodeID(b)
}

// Digest is the SHA-256 of b in lower-case hexadecimal.
func Digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// encodeID keeps 80 bits: at 2^30 jobs the chance that any two ids meet is one in two million.
func encodeID(b []byte) string {
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:10]))
}
