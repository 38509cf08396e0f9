package rest

import (
	"encoding/base64"

	"github.com/netrust/netrust/services/gateway/internal/problem"
)

func encodeDeviceCursor(id string) string { return base64.RawURLEncoding.EncodeToString([]byte(id)) }

func decodeDeviceCursor(cursor string) (string, error) {
	id, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return "", problem.Field("cursor", "is not a cursor of this list", "take next of the page before, or none")
	}
	return string(id), nil
}
