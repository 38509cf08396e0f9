package driver

import "github.com/netrust/netrust/libs/credential"

// Secret is a password or key that never shows itself in fmt, JSON or a log.
type Secret = credential.Secret

// NewSecret hides the text.
func NewSecret(text string) Secret { return credential.NewSecret(text) }
