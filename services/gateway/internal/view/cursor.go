package view

import (
	"encoding/base64"
	"encoding/json"
)

// encodeCursor makes an opaque cursor of where a page ended. It is the same at every gateway.
func encodeCursor(parts ...any) string {
	b, err := json.Marshal(parts)
	if err != nil { // strings and numbers always marshal
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// decodeCursor reverses encodeCursor into as many parts, of the same types.
func decodeCursor(cursor string, parts ...any) error {
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return ErrCursor
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil || len(raw) != len(parts) {
		return ErrCursor
	}
	for i, p := range parts {
		if err := json.Unmarshal(raw[i], p); err != nil {
			return ErrCursor
		}
	}
	return nil
}
